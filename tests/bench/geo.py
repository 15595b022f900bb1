"""What is near, among a million places: Redis and PostGIS beside us, and how the
cost of a search grows with the number of places.

Redis gets what is fastest for it: a unix socket, a pipeline of as many
commands as the other has datagrams out, nothing to write, and it is told how
far to look (places.py); its answers are names only, or names and positions, as
ours are. A pipeline is one client that knows all its questions beforehand; ours
for that is DNS over TCP. Beside it, the same questions come from 64 clients,
one each, as datagrams do.

PostGIS, too: a unix socket, a pipeline, a statement that is prepared, a table
of geography in the order of space and its index, all of it in its memory, one
process that answers; and it is told how far to look, as Redis is: that makes
the 5 nearest twice as fast.
"""
import contextlib
import math
import os
import pwd
import signal
import socket
import subprocess
import textwrap
import time

import places
import zone
from servers import KEY, SECRET, Placed, Problem, Server, fields, output

SEARCHES = tuple(places.QUESTIONS)
OURS = ("places", "moving")  # workloads
PAYLOAD = 1232
# workload: what geo asks for the same
SEARCH = {"near10": ("-m", 10), "near5": ("-k", 5),
          "disc100": ("-m", 100, "-k", 20)}
SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
SPACING = 20  # metres, from place to place in process
ASKED = 20000
MOVES, QUESTIONS = 1000, 5000  # a second


class Rival(Server):
    """Is not asked in DNS, but by the client geo."""
    updates, answers, searches = False, False, True
    wait = 120  # seconds for it to start

    def answers_now(self, home):
        raise NotImplementedError

    def address(self, home):
        raise NotImplementedError

    def client(self, what):
        """Options of geo for a workload."""
        raise NotImplementedError

    @contextlib.contextmanager
    def running(self, home, cpu):
        """Its session, when all is loaded."""
        with open(f"{home}/log", "w", encoding="utf-8") as log, \
                subprocess.Popen(
                    ["taskset", "-c", str(cpu), *self.command(home)],
                    stdout=log, stderr=log, env=self.environment,
                    start_new_session=True, **self.person()) as process:
            try:
                weigh(process.pid)
                end = time.monotonic() + self.wait
                while not self.answers_now(home):
                    if process.poll() is not None or time.monotonic() > end:
                        raise Problem(f"{self.name}: not started, see "
                                      f"{home}/log")
                    time.sleep(0.05)
                yield process.pid
            finally:
                self.end(process)

    def person(self):
        """As whom it runs, options of Popen."""
        return {}

    def end(self, process):
        process.kill()


class Redis(Rival):
    name, title = "redis", "Redis, a pipeline"
    more = ()  # options of its client

    def load(self, home, zonefile):
        members = os.path.join(os.path.dirname(zonefile), "members")
        self.configure(home, zonefile, False)
        with self.running(home, 0):
            self.run(os.path.join(self.build, "bench", "geo"), "-t", "redis",
                     "-u", f"{home}/socket", "-a", members)

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

    def address(self, home):
        return f"{home}/socket"

    def client(self, what):
        return ("-t", "redis", *SEARCH[what], *self.more)


class RedisPositions(Redis):
    """Our answers bring the hits' positions; now its answers do, too."""
    name, title = "redisxy", "Redis, a pipeline, with positions"
    more = ("-x", 1)


class RedisClients(Redis):
    name, title = "redis64", "Redis, 64 clients"
    more = ("-n", 64)


class RedisClientsPositions(Redis):
    name, title = "redis64xy", "Redis, 64 clients, with positions"
    more = ("-n", 64, "-x", 1)


class PostGIS(Rival):
    """PostgreSQL does not run as root, and is unpacked where it has to be."""
    name, title = "postgis", "PostGIS, a pipeline"
    LOAD = """
        CREATE EXTENSION postgis;
        CREATE TABLE members (name text, lat float8, lon float8);
        COPY members FROM STDIN (DELIMITER ' ');
        {members}\\.
        CREATE TABLE places AS SELECT name, spot::geography AS at FROM
            (SELECT name, ST_SetSRID(ST_MakePoint(lon, lat), 4326) AS spot
            FROM members) AS m ORDER BY spot;
        CREATE INDEX ON places USING gist (at);
        VACUUM ANALYZE places;
        DROP TABLE members;
        CHECKPOINT;
        """

    def __init__(self, build, peers, libs, port):
        super().__init__(build, peers, libs, port)
        self.folder = os.path.join(build, "postgis")
        self.bin = os.path.join(self.folder, "usr/lib/postgresql/15/bin")
        self.environment["LC_ALL"] = "C"
        self.there = False

    def unpack(self):
        """When it is first wanted: it is large."""
        if self.there:
            return
        done = subprocess.run(
            [os.path.join(os.path.dirname(os.path.abspath(__file__)), "..",
                          "peers"), self.folder, "postgis"],
            text=True, stdout=subprocess.PIPE, check=False)
        if done.returncode != 0:
            raise Problem("postgis: not unpacked")
        self.environment["LD_LIBRARY_PATH"] = done.stdout.strip()
        control = os.path.join(self.folder, "usr/share/postgresql/15/"
                               "extension/postgis.control")
        if not os.path.islink(control):  # an alternative, once installed
            os.symlink("postgis-3.control", control)
        self.there = True

    def person(self):
        if os.geteuid() != 0:
            return {}
        nobody = pwd.getpwnam("nobody")
        return {"user": nobody.pw_uid, "group": nobody.pw_gid,
                "extra_groups": []}

    def tool(self, program, *arguments, **more):
        done = subprocess.run(
            [os.path.join(self.bin, program), *arguments], text=True,
            env=self.environment, capture_output=True, check=False,
            **self.person(), **more)
        if done.returncode != 0:
            raise Problem(f"postgis: {program}: {done.stderr.strip()[-500:]}")

    def load(self, home, zonefile):
        if os.geteuid() == 0:
            os.chown(home, self.person()["user"], -1)
        self.tool("initdb", "-D", f"{home}/data", "-U", "bench", "-A",
                  "trust", "--no-sync", "--no-instructions")
        members = os.path.join(os.path.dirname(zonefile), "members")
        with open(members, encoding="ascii") as file:
            script = textwrap.dedent(self.LOAD).format(members=file.read())
        with self.running(home, 0):
            self.tool("psql", "-h", home, "-U", "bench", "-q", "-v",
                      "ON_ERROR_STOP=1", "postgres", input=script)

    def command(self, home):
        self.unpack()
        settings = ("shared_buffers=1GB", "fsync=off", "jit=off",
                    "autovacuum=off", "max_wal_size=4GB")
        return [os.path.join(self.bin, "postgres"), "-D", f"{home}/data",
                "-k", home, "-h", "",
                *(word for setting in settings for word in ("-c", setting))]

    def end(self, process):
        process.send_signal(signal.SIGINT)  # its fast shutdown
        process.wait()

    def address(self, home):
        return f"{home}/.s.PGSQL.5432"

    def answers_now(self, home):
        with contextlib.suppress(Problem):
            self.tool("pg_isready", "-q", "-h", home)
            return True
        return False

    def client(self, what):
        return ("-t", "postgis", *SEARCH[what])


class PlacedTCP(Placed):
    """What a pipeline is in DNS (RFC 7766), over loopback."""
    name, title = "placedtcp", "placed, TCP, a pipeline"
    updates, answers, recurses = False, False, False


def weigh(pid):
    """A session is scheduled as a group: as heavy as we are."""
    with contextlib.suppress(OSError), \
            open(f"/proc/{pid}/autogroup", "w", encoding="ascii") as file:
        file.write(str(os.nice(0)))


class Geo:
    """Workloads of Bench."""

    def search(self, server, what):
        if isinstance(server, Rival):
            home = self.home(server, places.SIZE, False)
            with server.running(home, self.server_cpu) as session:
                return self.measure(self.client(
                    "geo", "-u", server.address(home), "-f",
                    os.path.join(self.zone(places.SIZE), "spots"),
                    *server.client(what), "-l", self.secs, "-w", 1,
                    "-s", session, "-c", self.server_cpu))
        with self.started(server, places.SIZE) as (session, _):
            meter = ("-l", self.secs, "-w", 1, "-s", session, "-c",
                     self.server_cpu)
            if isinstance(server, PlacedTCP):
                return self.measure(self.client(
                    "geo", "-t", "dns", "-z", zone.NAME, "-u", self.port,
                    "-f", os.path.join(self.zone(places.SIZE), "spots"),
                    *SEARCH[what], *meter))
            return self.measure(self.ask(places.SIZE, what, "-e", PAYLOAD,
                                         *meter))

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
