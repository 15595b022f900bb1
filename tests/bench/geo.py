"""What is near, among a million places: Redis beside us, and how the cost of a
search grows with the number of places.

Redis gets what is fastest for it: a unix socket, a pipeline of as many
commands as the other has datagrams out, nothing to write, and it is told how
far to look (places.py); its answers are names only, or names and positions, as
ours are.
"""
import contextlib
import math
import os
import socket
import subprocess
import time

import places
import zone
from servers import KEY, SECRET, Problem, Server, fields, output

SEARCHES = tuple(places.QUESTIONS)
OURS = ("places", "moving")  # workloads
PAYLOAD = 1232
# workload: what Redis is asked instead
REDIS = {"near10": ("-m", 10), "near5": ("-k", 5),
         "disc100": ("-m", 100, "-k", 20)}
SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
SPACING = 20  # metres, from place to place in process
ASKED = 20000
MOVES, QUESTIONS = 1000, 5000  # a second


class Redis(Server):
    name, title = "redis", "Redis"
    updates, answers, searches = False, False, True
    more = ()  # options of its client

    def load(self, home, zonefile):
        members = os.path.join(os.path.dirname(zonefile), "members")
        self.configure(home, zonefile, False)
        with self.running(home, 0):
            self.run(os.path.join(self.build, "bench", "geo"), "-u",
                     f"{home}/socket", "-a", members)

    def configure(self, home, zonefile, updates):
        with open(f"{home}/redis.conf", "w", encoding="utf-8") as file:
            file.write(f"port 0\nunixsocket {home}/socket\ndir {home}\n"
                       "save \"\"\nappendonly no\nio-threads 1\n"
                       "daemonize no\nloglevel warning\n")

    def command(self, home):
        return [self.path("redis-server"), f"{home}/redis.conf"]

    def answers_now(self, home):
        with socket.socket(socket.AF_UNIX) as probe, \
                contextlib.suppress(OSError):
            probe.connect(f"{home}/socket")
            probe.sendall(b"PING\r\n")
            return probe.recv(100).startswith(b"+PONG")
        return False

    @contextlib.contextmanager
    def running(self, home, cpu):
        """Its session, when all is loaded."""
        with open(f"{home}/log", "w", encoding="utf-8") as log, \
                subprocess.Popen(
                    ["taskset", "-c", str(cpu), *self.command(home)],
                    stdout=log, stderr=log, env=self.environment,
                    start_new_session=True) as process:
            try:
                weigh(process.pid)
                end = time.monotonic() + 120
                while not self.answers_now(home):
                    if process.poll() is not None or time.monotonic() > end:
                        raise Problem(f"redis: not started, see {home}/log")
                    time.sleep(0.05)
                yield process.pid
            finally:
                process.kill()


class RedisPositions(Redis):
    """Our answers bring the hits' positions; now its answers do, too."""
    name, title = "redisxy", "Redis, with positions"
    more = ("-x", 1)


def weigh(pid):
    """A session is scheduled as a group: as heavy as we are."""
    with contextlib.suppress(OSError), \
            open(f"/proc/{pid}/autogroup", "w", encoding="ascii") as file:
        file.write(str(os.nice(0)))


class Geo:
    """Workloads of Bench."""

    def search(self, server, what):
        if isinstance(server, Redis):
            home = self.home(server, places.SIZE, False)
            with server.running(home, self.server_cpu) as session:
                return self.measure(self.client(
                    "geo", "-u", f"{home}/socket", "-f",
                    os.path.join(self.zone(places.SIZE), "spots"),
                    *REDIS[what], *server.more, "-l", self.secs, "-w", 1,
                    "-s", session, "-c", self.server_cpu))
        with self.started(server, places.SIZE) as (session, _):
            return self.measure(self.ask(
                places.SIZE, what, "-l", self.secs, "-w", 1, "-e", PAYLOAD,
                "-s", session, "-c", self.server_cpu))

    def near10(self, server):
        return self.search(server, "near10")

    def near5(self, server):
        return self.search(server, "near5")

    def disc100(self, server):
        return self.search(server, "disc100")

    def moving(self, server):
        """Questions before and while things move."""
        ask = self.ask(places.SIZE, "near5", "-r", QUESTIONS, "-q", 256, "-w",
                       0.5, "-e", PAYLOAD)
        move = self.client("move", "-p", self.port, "-z", zone.NAME, "-k",
                           f"{KEY}:{SECRET}", "-r", MOVES, "-l",
                           self.secs + 1.5)
        with self.started(server, places.SIZE, updates=True) as (session, _):
            alone = self.measure([*ask, "-l", str(self.secs), "-s",
                                  str(session), "-c", str(self.server_cpu)])
            self.quiet()
            with subprocess.Popen(move, stdout=subprocess.PIPE,
                                  text=True) as process:
                time.sleep(0.2)
                during = fields(output([*ask, "-l", str(self.secs)]))
                moved = fields(process.stdout.readline())
        return {**moved, "p99_idle_us": alone["p99_us"],
                "p50_busy_us": during["p50_us"],
                "p99_busy_us": during["p99_us"],
                "foreign": alone["foreign"], "steal": alone["steal"],
                "lost": moved["lost"] + during["lost"]}

    def places(self, server):
        """Without wire or server: what a search costs the processor."""
        program = os.path.join(self.build, "bench_space")
        if not os.path.exists(program):
            raise Problem(f"{server.name}: first make bench_space")
        told = {}
        for count in SIZES:
            folder = os.path.join(self.work, f"space-{count}")
            for kind in ("10m", "k5"):
                self.quiet()
                told[f"{kind}_{count}"] = self.in_process(
                    program, str(count), str(SPACING * math.isqrt(count)),
                    str(ASKED), folder, kind)
        return told

    def in_process(self, *command):
        told = output(["taskset", "-c", str(self.server_cpu), *command])
        words = dict(word.split("=") for word in told.splitlines()[-1].split())
        return float(words["us"])
