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
    "instr": ("instructions for a positive answer (callgrind)",
              (("first", "asked once", 0), ("again", "again", 0)), None),
}
# In these: what LMDB alone takes.
WITH_FLOOR = ("pos", "pos1m", "upd1")
WITHOUT_ECHO = ("start60k", "start1m", "instr")


def spread(values, digits):
    middle = statistics.median(values)
    if len(values) == 1:
        return f"{middle:.{digits}f}"
    return (f"{middle:.{digits}f} ({min(values):.{digits}f}.."
            f"{max(values):.{digits}f})")


def ratios(results, key, server):
    """To echo's in the same repeat."""
    echo = {row["repeat"]: row[key] for row in results
            if row["server"] == "echo"}
    return [row[key] / echo[row["repeat"]] for row in results
            if row["server"] == server and echo.get(row["repeat"])]


def table(workload, results, titles):
    """The lines of one workload's table."""
    title, columns, compared = LAYOUT[workload]
    rows = [["", *(heading for _, heading, _ in columns)]]
    if compared:
        rows[0].append("of echo")
    for server in dict.fromkeys(row["server"] for row in results):
        own = [row for row in results if row["server"] == server]
        cells = [spread([row[key] for row in own], digits)
                 for key, _, digits in columns]
        if compared:
            of_echo = ratios(results, compared, server)
            cells.append(spread(of_echo, 2) if of_echo else "-")
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
