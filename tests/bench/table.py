"""Figures into tables: medians with least and most, and ratios to the echo
limit of the same repeat, since the machine's speed drifts."""
import statistics

# workload: title, (key, heading, digits) ..., the key to compare with echo's
LAYOUT = {
    "pos": ("answers a second, one core, 60 k records",
            (("qps", "a second", 0), ("user_us", "user us", 2),
             ("p50_us", "p50 us", 0), ("p99_us", "p99 us", 0)), "qps"),
    "nx": ("the same, half of them NXDOMAIN",
           (("qps", "a second", 0), ("user_us", "user us", 2),
            ("p50_us", "p50 us", 0), ("p99_us", "p99 us", 0)), "qps"),
    "pos1m": ("the same as the first, 1 M records, and private memory",
              (("qps", "a second", 0), ("user_us", "user us", 2),
               ("p99_us", "p99 us", 0), ("private_mb", "private MB", 1)),
              "qps"),
    "lat": ("latency at 10 000 questions a second",
            (("p50_us", "p50 us", 1), ("p99_us", "p99 us", 1)), "p50_us"),
    "upd1": ("durable signed updates a second, 1 client",
             (("ups", "a second", 0), ("p50_ms", "p50 ms", 3)), None),
    "upd32": ("the same, 32 clients",
              (("ups", "a second", 0), ("p50_ms", "p50 ms", 3)), None),
    "upd64": ("the same, 64 clients",
              (("ups", "a second", 0), ("p50_ms", "p50 ms", 3)), None),
    "busy": ("5 000 questions a second, idle and while 2 000 updates/s run",
             (("p99_idle_us", "p99 us idle", 0), ("p99_busy_us", "busy", 0),
              ("times", "busy of idle", 2), ("ups", "updates/s", 0)), None),
    "start60k": ("restart to first answer, 60 k records",
                 (("ms", "ms", 1),), None),
    "start1m": ("restart to first answer, 1 M records",
                (("ms", "ms", 1),), None),
    "hot": ("recursive answers from the cache a second, one core",
            (("qps", "a second", 0), ("user_us", "user us", 2),
             ("system_us", "system us", 2), ("p99_us", "p99 us", 0)), "qps"),
    "cold": ("recursive answers by forwarding a second, one core",
             (("qps", "a second", 0), ("user_us", "user us", 2),
              ("system_us", "system us", 2), ("p99_us", "p99 us", 0)), "qps"),
    "near10": ("answers a second, one core: within 10 m, of 1 M places",
               (("qps", "a second", 0), ("hits", "hits", 2),
                ("user_us", "user us", 2), ("system_us", "system us", 2),
                ("p99_us", "p99 us", 0), ("private_mb", "private MB", 1),
                ("resident_mb", "resident MB", 0)),
               "qps"),
    "near5": ("the same: the 5 nearest",
              (("qps", "a second", 0), ("hits", "hits", 2),
               ("user_us", "user us", 2), ("system_us", "system us", 2),
               ("p99_us", "p99 us", 0), ("private_mb", "private MB", 1),
               ("resident_mb", "resident MB", 0)),
              "qps"),
    "disc100": ("the same: the 20 nearest within 100 m",
                (("qps", "a second", 0), ("hits", "hits", 2),
                 ("user_us", "user us", 2), ("system_us", "system us", 2),
                 ("p99_us", "p99 us", 0), ("private_mb", "private MB", 1),
                 ("resident_mb", "resident MB", 0)),
                "qps"),
    "places": ("us of one search in process, by number of places",
               (("10m_10000", "10 m: 10 k", 2), ("10m_100000", "100 k", 2),
                ("10m_1000000", "1 M", 2), ("10m_10000000", "10 M", 2),
                ("k5_10000", "5 nearest: 10 k", 2),
                ("k5_100000", "100 k", 2), ("k5_1000000", "1 M", 2),
                ("k5_10000000", "10 M", 2)), None),
    "moving": ("things moved a second while 5 nearest are asked for",
               (("ups", "a second", 0), ("update_p50_us", "p50 us", 0),
                ("update_p99_us", "p99 us", 0),
                ("missing", "not at the new spot", 0),
                ("stale", "at the old one", 0),
                ("p99_idle_us", "questions: p99 us idle", 0),
                ("p50_busy_us", "busy p50", 0), ("p99_busy_us", "p99", 0)),
               None),
    "instr": ("instructions for a positive answer (callgrind)",
              (("first", "asked once", 0), ("again", "again", 0)), None),
}
# In these: what LMDB alone takes.
WITH_FLOOR = ("pos", "pos1m", "upd1")
WITHOUT_ECHO = ("start60k", "start1m", "near10", "near5", "disc100", "places",
                "moving", "instr")
# In these the ratio is to another than echo.
RIVAL = {"near10": "redis", "near5": "redis", "disc100": "redis"}


def spread(values, digits):
    middle = statistics.median(values)
    if len(values) == 1:
        return f"{middle:.{digits}f}"
    return (f"{middle:.{digits}f} ({min(values):.{digits}f}.."
            f"{max(values):.{digits}f})")


def ratios(results, key, server, rival):
    """To the rival's in the same repeat."""
    base = {row["repeat"]: row[key] for row in results
            if row["server"] == rival}
    return [row[key] / base[row["repeat"]] for row in results
            if row["server"] == server and base.get(row["repeat"])]


def table(workload, results, titles):
    """The lines of one workload's table."""
    title, columns, compared = LAYOUT[workload]
    rival = RIVAL.get(workload, "echo")
    rows = [["", *(heading for _, heading, _ in columns)]]
    if compared:
        rows[0].append(f"of {rival}")
    for server in dict.fromkeys(row["server"] for row in results):
        own = [row for row in results if row["server"] == server]
        cells = [spread([row[key] for row in own], digits)
                 for key, _, digits in columns]
        if compared:
            ratio = ratios(results, compared, server, rival)
            cells.append(spread(ratio, 2) if ratio else "-")
        rows.append([titles[server], *cells])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [f"{title}  [{workload}]"]
    for row in rows:
        lines.append("  " + "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths))).rstrip())
    return lines


def doubts(results, quiet):
    """What was not clean, a line each."""
    checks = (
        ("foreign", lambda v: v > quiet, max,
         "others used up to {:.2f} CPU"),
        ("steal", lambda v: v > 0.01, max, "the host took up to {:.2f} CPU"),
        ("idle", lambda v: v < 0.05, min,
         "the client was the limit, idle {:.2f}"),
        ("truncated", lambda v: v > 0, max,
         "a share of up to {:.4f} truncated"),
        ("missing", lambda v: v > 0, max,
         "up to {:.0f} things not where they had been moved to"),
        ("stale", lambda v: v > 0, max,
         "up to {:.0f} things still where they had been"),
        ("refused", lambda v: v > 0, max, "up to {:.0f} refused"),
        ("lost", lambda v: v > 0, max, "up to {:.0f} went unanswered"),
        ("failed", lambda v: v > 0, max,
         "a share of up to {:.4f} neither NOERROR nor NXDOMAIN"),
    )
    groups = {}
    for row in results:
        groups.setdefault((row["workload"], row["server"]), []).append(row)
    lines = []
    for (workload, server), rows in groups.items():
        for key, bad, worst, text in checks:
            found = [row[key] for row in rows if key in row and bad(row[key])]
            if found:
                lines.append(f"{workload} {server}: "
                             + text.format(worst(found))
                             + f" in {len(found)} of {len(rows)}")
    return lines
