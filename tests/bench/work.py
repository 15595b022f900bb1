"""The workloads: each measures one server once and gives back figures."""
import contextlib
import os
import shutil
import subprocess
import sys
import time

import places
import zone
from geo import Geo
from servers import KEY, SECRET, Problem, fields, output, write

SERVER_CPU, CLIENT_CPU = 0, 1
QUIET = 0.08  # CPUs that others may use while something is measured
QUERY_RATE, BUSY_QUERY_RATE, UPDATE_RATE = 10000, 5000, 2000
COUNTED = 10000  # queries under callgrind
COLD_OUT = 32  # questions that wait for the upstream at once


def busy_ticks():
    with open("/proc/stat", encoding="ascii") as file:
        ticks = [int(word) for word in file.readline().split()[1:9]]
    return sum(ticks) - ticks[3] - ticks[4]


class Bench(Geo):
    """Where things are, and how long to measure."""
    server_cpu = SERVER_CPU

    def __init__(self, options):
        self.secs, self.port = options.secs, options.port
        self.upstream = options.port + 1
        self.tries, self.patience = options.tries, options.wait
        self.build = os.path.abspath(options.build)
        self.work = os.path.join(self.build, "bench")

    # --- what is measured ------------------------------------------------

    def zone(self, size):
        folder = os.path.join(self.work, f"zone-{size}")
        if not os.path.exists(f"{folder}/zone"):
            if size == places.SIZE:
                places.write(folder)
            else:
                zone.write(folder, size)
        return folder

    def home(self, server, size, updates):
        """A folder with a loaded store: the kept one, or for updates a copy,
        so that every repeat starts from the same."""
        zonefile = os.path.join(self.zone(size), "zone")
        kept = os.path.join(self.work, f"{server.name}-{size}")
        loaded = os.path.join(kept, "loaded")
        program = os.path.getmtime(server.command(kept)[0])
        if not os.path.exists(loaded) or os.path.getmtime(loaded) < program:
            shutil.rmtree(kept, ignore_errors=True)
            os.makedirs(kept)
            server.load(kept, zonefile)
            write(loaded, "")
        home = kept
        if updates:
            home = os.path.join(self.work, f"{server.name}-updated")
            shutil.rmtree(home, ignore_errors=True)
            shutil.copytree(kept, home, ignore=shutil.ignore_patterns(
                "pid", "control", "*.sock", "*.controlsocket"))
        server.configure(home, zonefile, updates)
        return home

    @contextlib.contextmanager
    def started(self, server, size, updates=False, wrap=(), every=0):
        """(session, milliseconds to the first answer); stops it at the end."""
        home = self.home(server, size, updates)
        with self.launched(server, home, wrap, every) as told:
            yield told

    @contextlib.contextmanager
    def launched(self, server, home, wrap=(), every=0):
        log = os.path.join(home, "log")
        with subprocess.Popen(
                self.client("first", "-p", self.port, "-n", zone.FIRST,
                            "-c", SERVER_CPU, "-o", log, "-t", 300,
                            "-e", every, "--", *wrap, *server.command(home)),
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                env=server.environment) as first:
            line = first.stdout.readline()
            if not line:
                raise Problem(f"{server.name}: not started, see {log}")
            told = fields(line)
            try:
                yield int(told["pid"]), told["ms"]
            finally:
                first.stdin.close()
                first.wait()

    @contextlib.contextmanager
    def recursing(self, server):
        """A recursive server without a past, and whom it asks."""
        home = os.path.join(self.work, f"{server.name}-recursive")
        shutil.rmtree(home, ignore_errors=True)
        os.makedirs(home)
        server.recurse(home, self.upstream)
        with subprocess.Popen(self.client("upstream", self.upstream)) as up:
            try:
                with self.launched(server, home) as (session, _):
                    yield session
            finally:
                up.terminate()

    # --- the clients -----------------------------------------------------

    def client(self, program, *arguments):
        return ["taskset", "-c", str(CLIENT_CPU),
                os.path.join(self.work, program), *map(str, arguments)]

    def ask(self, size, questions, *more):
        return self.client("load", "-p", self.port, "-f",
                           os.path.join(self.zone(size), questions), *more)

    def update(self, session, clients, *more):
        return self.client("upd", "-p", self.port, "-z", zone.NAME, "-k",
                           f"{KEY}:{SECRET}", "-n", clients, "-s", session,
                           "-c", SERVER_CPU, *more)

    def quiet(self):
        """Waits until nobody else works on this machine, or patience ends."""
        tick = 1 / os.sysconf("SC_CLK_TCK")
        end = time.monotonic() + self.patience
        while time.monotonic() < end:
            before = busy_ticks()
            time.sleep(0.5)
            if (busy_ticks() - before) * tick / 0.5 < QUIET:
                return

    def measure(self, command):
        """The cleanest of a few tries: one is enough if nobody disturbed."""
        best = None
        for _ in range(self.tries):
            self.quiet()
            told = fields(output(command))
            if best is None or told["foreign"] < best["foreign"]:
                best = told
            if best["foreign"] < QUIET:
                break
        return best

    # --- the workloads ---------------------------------------------------

    def closed(self, server, size, questions):
        with self.started(server, size) as (session, _):
            return self.measure(self.ask(
                size, questions, "-l", self.secs, "-w", 1, "-s", session,
                "-c", SERVER_CPU))

    def pos(self, server):
        return self.closed(server, "60k", "positive")

    def nx(self, server):
        return self.closed(server, "60k", "half")

    def pos1m(self, server):
        return self.closed(server, "1m", "positive")

    def lat(self, server):
        with self.started(server, "60k") as (session, _):
            return self.measure(self.ask(
                "60k", "positive", "-r", QUERY_RATE, "-q", 256, "-l",
                self.secs, "-w", 0.5, "-s", session, "-c", SERVER_CPU))

    def floor(self, server):
        """What the disk takes for one update, and LMDB: no server at all."""
        home = self.home(server, "60k", True)
        self.quiet()
        told = fields(output(["taskset", "-c", str(SERVER_CPU),
                              *server.commits(home, self.secs)]))
        return {**told, "p50_ms": told["p50_us"] / 1e3}

    def updates(self, server, clients):
        with self.started(server, "60k", updates=True) as (session, _):
            told = self.measure(self.update(session, clients, "-l",
                                            self.secs))
        told["p50_ms"] = told["p50_us"] / 1e3
        if told["refused"] > 0:
            raise Problem(f"{server.name}: {told['refused']:.0f} refused")
        return told

    def upd1(self, server):
        if server.name == "floor":
            return self.floor(server)
        return self.updates(server, 1)

    def upd32(self, server):
        return self.updates(server, 32)

    def upd64(self, server):
        return self.updates(server, 64)

    def busy(self, server):
        ask = self.ask("60k", "positive", "-r", BUSY_QUERY_RATE, "-q", 256,
                       "-w", 0.5)
        with self.started(server, "60k", updates=True) as (session, _):
            alone = self.measure([*ask, "-l", str(self.secs), "-s",
                                  str(session), "-c", str(SERVER_CPU)])
            self.quiet()
            update = self.update(session, 32, "-r", UPDATE_RATE, "-l",
                                 self.secs + 1.5)
            with subprocess.Popen(update, stdout=subprocess.PIPE,
                                  text=True) as process:
                time.sleep(0.2)
                during = fields(output([*ask, "-l", str(self.secs)]))
                updated = fields(process.stdout.readline())
        return {"p99_idle_us": alone["p99_us"], "p99_busy_us":
                during["p99_us"], "p50_busy_us": during["p50_us"],
                "times": during["p99_us"] / alone["p99_us"],
                "ups": updated["ups"], "lost": during["lost"],
                "foreign": alone["foreign"], "steal": alone["steal"]}

    def start(self, server, size):
        with self.started(server, size):
            pass  # the kept store is loaded, the page cache warm
        self.quiet()
        with self.started(server, size) as (_, ms):
            return {"ms": ms}

    def start60k(self, server):
        return self.start(server, "60k")

    def start1m(self, server):
        return self.start(server, "1m")

    def hot(self, server):
        """All is in the cache, and has been asked for once more."""
        every = os.path.join(self.zone("60k"), "every")
        count = 3 * zone.DEVICES * zone.ROOMS["60k"]
        with self.recursing(server) as session:
            for _ in range(3):
                output(self.ask("60k", every, "-n", count, "-l", 60, "-q", 32,
                                "-b", 1))
            return self.measure(self.ask(
                "60k", "positive", "-l", self.secs, "-w", 1, "-s", session,
                "-c", SERVER_CPU))

    def cold(self, server):
        """Nothing is asked twice; the upstream shares the client's CPU."""
        once = zone.once(self.zone("60k"))
        self.quiet()
        with self.recursing(server) as session:
            return fields(output(self.ask(
                "60k", once, "-n", 3 * zone.DEVICES * zone.ONCE_ROOMS, "-l",
                60, "-q", COLD_OUT, "-b", 1, "-s", session, "-c",
                SERVER_CPU)))

    def counted(self, server, *asked):
        """Instructions of a whole life in which so many are asked of each
        file."""
        counts = os.path.join(self.work, "callgrind")
        shutil.rmtree(counts, ignore_errors=True)
        os.makedirs(counts)
        # Callgrind counts every octet of rep movsb; glibc is kept off it.
        big = 1000000000
        wrap = ["env", "GLIBC_TUNABLES=glibc.cpu.x86_rep_movsb_threshold="
                f"{big}:glibc.cpu.x86_rep_stosb_threshold={big}",
                "valgrind", "-q", "--tool=callgrind",
                f"--callgrind-out-file={counts}/%p"]
        with self.started(server, "60k", wrap=wrap, every=500):
            for questions, count in asked:
                output(self.ask("60k", questions, "-n", count, "-q", 16,
                                "-l", 300))
        total = 0
        for name in os.listdir(counts):
            with open(f"{counts}/{name}", encoding="utf-8") as file:
                total += sum(int(line.split()[1]) for line in file
                             if line.startswith("totals:"))
        return total

    def instr(self, server):
        """By differences, as callgrind_control does not reach forked
        children."""
        every = 3 * zone.DEVICES * zone.ROOMS["60k"]
        few = self.counted(server, ("every", COUNTED))
        once = self.counted(server, ("every", every))
        again = self.counted(server, ("every", every), ("positive", COUNTED))
        return {"first": (once - few) / (every - COUNTED),
                "again": (again - once) / COUNTED}


def build_clients(source, folder):
    """The clients and limits, if their sources are newer."""
    os.makedirs(folder, exist_ok=True)
    libraries = {"upd": ["-lcrypto"], "move": ["-lcrypto"],
                 "floor": ["-llmdb"]}
    parts = {"load": ["load.c", "bench.c", "meter.c"],
             "upd": ["upd.c", "sign.c", "bench.c", "meter.c"],
             "move": ["move.c", "sign.c", "bench.c"],
             "echo": ["echo.c", "bench.c"],
             "floor": ["floor.c", "bench.c"],
             "upstream": ["upstream.c", "bench.c"],
             "geo": ["geo.c", "geo_redis.c", "geo_postgis.c", "geo_dns.c",
                     "bench.c", "meter.c"],
             "first": ["first.c", "bench.c"]}
    newest = max(os.path.getmtime(f"{source}/{name}")
                 for name in os.listdir(source) if name[-2:] in (".c", ".h"))
    for name, files in parts.items():
        to = os.path.join(folder, name)
        if os.path.exists(to) and os.path.getmtime(to) > newest:
            continue
        done = subprocess.run(
            [os.environ.get("CC", "cc"), "-std=gnu17", "-D_GNU_SOURCE",
             "-O2", "-g", "-Wall", "-Wextra", "-o", to,
             *(f"{source}/{file}" for file in files),
             *libraries.get(name, [])], check=False)
        if done.returncode != 0:
            sys.exit(f"bench: could not build {name}")
