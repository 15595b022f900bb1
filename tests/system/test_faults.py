"""A file layer that fails: whichever call it is, what was acknowledged is
there, what was refused is not, queries go on, and when the layer works again
so do updates; or, where LMDB gives the store up, after a new start.

By default some of the many combinations are tried, PLACED_FAULTS=all tries
all of them; PLACED_SEED changes the choice.
"""
import errno
import mmap
import os
import random
import shutil
import socket
import struct
import subprocess
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

import dns.exception
import dns.rcode

import crash
import tap
from harness import BUILD, Server, run

WRITE, META, SYNC, TRUNCATE = 1, 2, 4, 8
SHORT, LATE = 1000, 1001
ERRORS = {"EIO": errno.EIO, "ENOSPC": errno.ENOSPC, "short": SHORT,
          "late": LATE}
EVER = 1_000_000

ALL = os.environ.get("PLACED_FAULTS") == "all"
SEED = int(os.environ.get("PLACED_SEED", str(random.randrange(10**9))))
SERVERS = 16 # at once: most of the time is spent waiting for one to end

ZONE = crash.HEAD.format(apex=crash.APEX) + "lamp A 192.0.2.1\n"
GROUP = 6


class Faults:
    """The numbers that tests/system/faults.c shares with us."""

    def __init__(self, path):
        self.path = path
        with open(path, "wb") as file:
            file.write(bytes(24))
        with open(path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 24)

    def arm(self, calls, nth, error, times=1):
        self.map[:] = struct.pack("=6I", calls, nth, times, error, 0, 0)

    def disarm(self):
        self.map[4:8] = bytes(4)

    def seen(self):
        return struct.unpack("=I", self.map[16:20])[0]

    def struck(self):
        return struct.unpack("=I", self.map[20:24])[0]


class FaultyServer(Server):
    def __init__(self, **options):
        super().__init__(zones={crash.APEX: ZONE}, **options)
        self.faults = Faults(os.path.join(self.dir, "faults"))

    def spawn(self, prefix=()):
        asan = os.environ.get("ASAN_OPTIONS", "")
        super().spawn(("env", f"LD_PRELOAD={os.path.abspath(BUILD)}/faults.so",
                       f"PLACED_FAULTS={self.faults.path}",
                       f"ASAN_OPTIONS={asan}:verify_asan_link_order=0",
                       *prefix))

    def dump(self):
        done = self.ctl("dump", crash.APEX)
        if done.returncode != 0:
            raise AssertionError(done.stderr + self.log())
        return crash.lines_of_dump(done.stdout)[0]

    def change(self, change, tcp=False):
        """One update, filled in by change(); its rcode, None if the server
        ended before it answered."""
        update = self.update(crash.APEX)
        change(update)
        try:
            return self.send(update, tcp).rcode()
        except (dns.exception.DNSException, OSError, EOFError):
            if self.ended():
                return None
            raise

    def ended(self):
        try:
            self.process.wait(15)
            return True
        except subprocess.TimeoutExpired:
            return False


def listed(server):
    done = run(os.path.join(BUILD, "store_list"), server.store)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return done.stdout


class Case:
    """One fault under one piece of work, on a server of its own."""

    def __init__(self, work, calls, nth, name, times):
        self.work, self.calls, self.nth = work, calls, nth
        self.error, self.times = ERRORS[name], times
        kind = {META: "meta write", WRITE | META: "any write",
                SYNC: "sync", TRUNCATE: "truncation"}[calls]
        self.told = (f"{work.__name__}: {name} at {kind} {nth},"
                     f" {times} times, seed {SEED}")

    def run(self):
        """What is wrong, or ''; struck tells if the fault happened."""
        self.struck = self.died = False
        server = FaultyServer()
        try:
            server.start()
            self.go(server)
            return ""
        except Exception as problem:
            return f"{self.told}: {type(problem).__name__} {problem}"
        finally:
            server.faults.disarm()
            if server.alive():
                server.kill()
            server.close()

    def must(self, condition, text, server):
        if not condition:
            raise AssertionError(f"{text}\n{server.log()}")

    def go(self, server):
        before = server.dump()
        server.faults.arm(self.calls, self.nth, self.error, self.times)
        changes = self.work(server)
        self.struck = server.faults.struck() > 0
        self.died = self.is_dead(server)
        if not self.died:
            self.must(server.values("lamp.room.example") == {"192.0.2.1"},
                      "a query found nothing", server)
            self.check(server, before, changes)
            server.faults.disarm()
            changes.append(self.goes_on(server))
            self.check(server, before, changes)
            server.kill()
        else:
            server.faults.disarm()
            self.must(server.ended(), "it does not end", server)
            self.must(server.process.returncode == 1, "wrong status", server)
            self.must("cannot be written any more" in server.log(),
                      "not a word of why", server)
        server.start()
        self.check(server, before, changes)
        changes.append(self.goes_on(server))
        self.check(server, before, changes)
        self.must("build" not in listed(server), "something is half built",
                  server)

    def is_dead(self, server):
        """LMDB answers nobody once it could not write its header."""
        try:
            reply = server.ask("lamp.room.example")
        except (dns.exception.DNSException, OSError):
            return True
        return reply.rcode() == dns.rcode.SERVFAIL

    def check(self, server, before, changes):
        """changes: (rcode, lines added, lines removed), independent of each
        other; one that failed as the store died may be there or not."""
        lines = server.dump()
        wanted = set(before)
        for rcode, added, removed in changes:
            there = added <= lines and not removed & lines
            not_there = not added & lines and removed <= lines
            self.must(there or not_there, f"half a change: {rcode}", server)
            if rcode == dns.rcode.NOERROR:
                self.must(there, "lost", server)
            elif not self.died:
                self.must(rcode == dns.rcode.SERVFAIL, f"rcode {rcode}",
                          server)
                self.must(not_there, "refused, and there", server)
            if there:
                wanted = (wanted | added) - removed
        self.must(lines == wanted, "something else changed", server)

    def goes_on(self, server):
        name = f"after{random.randrange(10**9)}"
        rcode = server.change(lambda u: u.add(name, 300, "A", "192.0.2.99"))
        self.must(rcode == dns.rcode.NOERROR, f"an update then: {rcode}",
                  server)
        return rcode, {f"{name}.room.example. 300 IN A 192.0.2.99"}, set()


# --- what is done under a fault: (rcode, lines added, lines removed) each ---

def small_update(server):
    def change(update):
        update.add("clock", 300, "A", "192.0.2.2")
        update.replace("_state.lamp", 300, "TXT", '"on"')
    return [(server.change(change), {
        "clock.room.example. 300 IN A 192.0.2.2",
        '_state.lamp.room.example. 300 IN TXT "on"'}, set())]


def large_update(server):
    """Many pages, and values that have pages of their own."""
    texts = [f"{number}{'x' * 200}" for number in range(200)]
    names = [f"n{number % 10}" for number in range(200)]

    def change(update):
        for name, text in zip(names, texts):
            update.add(name, 300, "TXT", f'"{text}"')
    return [(server.change(change, tcp=True), {
        f'{name}.room.example. 300 IN TXT "{text}"'
        for name, text in zip(names, texts)}, set())]


def updates_at_once(server):
    """They meet in one transaction; each has an answer of its own."""
    wires = []
    for number in range(GROUP):
        update = server.update(crash.APEX)
        update.add(f"c{number}", 300, "A", "192.0.2.3")
        wires.append(update.to_wire())
    sockets = []
    for wire in wires:
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.settimeout(10)
        udp.connect(("127.0.0.1", server.port))
        sockets.append(udp)
    for udp, wire in zip(sockets, wires):
        udp.send(wire)
    rcodes = []
    for udp in sockets:
        try:
            rcodes.append(udp.recv(4096)[3] & 15)
        except OSError:
            rcodes.append(None)
        udp.close()
    return [(rcode, {f"c{number}.room.example. 300 IN A 192.0.2.3"}, set())
            for number, rcode in enumerate(rcodes)]


def import_file(server, own):
    file = crash.File(crash.APEX, 1, range(own))
    before = crash.File(crash.APEX, 0, ()).lines
    done = server.ctl("import", crash.APEX, server.write(
        "import.zone", file.text + "lamp A 192.0.2.1\n"))
    if done.returncode != 0 and len(done.stderr.splitlines()) != 1:
        raise AssertionError(done.stderr)
    return [(dns.rcode.SERVFAIL if done.returncode else dns.rcode.NOERROR,
             file.lines - before, set())]


def small_import(server):
    return import_file(server, 20)


def built_import(server):
    return import_file(server, 5000)


# --- the cases ------------------------------------------------------------

WORKS = {small_update: 14, large_update: 10, updates_at_once: 10,
         small_import: 8, built_import: 12}
STARTS = 16


def ways(count):
    """(calls, nth, name of the error, times), for each call that is made."""
    return [(calls, nth, name, times)
            for calls, names in ((WRITE | META, ERRORS), (META, ERRORS),
                                 (SYNC, ("EIO", "ENOSPC", "late")),
                                 (TRUNCATE, ("EIO", "ENOSPC", "late")))
            for nth in range(1, count(calls) + 1)
            for name in names for times in (1, 2, EVER)]


def some_of(cases, some):
    return cases if ALL else random.Random(SEED).sample(
        cases, min(some, len(cases)))


def count_calls(act):
    """How many calls of each kind act(server) makes, when nothing fails."""
    server = FaultyServer()
    try:
        counts = {}
        for calls in (WRITE | META, META, SYNC, TRUNCATE):
            act(server, calls)
            counts[calls] = server.faults.seen()
            server.stop()
            shutil.rmtree(server.store)
        return counts.get
    finally:
        server.close()


def work_cases(work, some):
    def act(server, calls):
        server.start()
        server.faults.arm(calls, 0, 0)
        work(server)
    return some_of([Case(work, *way) for way in ways(count_calls(act))], some)


def start_cases(is_new, some):
    def act(server, calls):
        if not is_new:
            server.start().stop()
        server.faults.arm(calls, 0, 0)
        server.start()
    return some_of([StartCase(is_new, *way)
                    for way in ways(count_calls(act))], some)


def new_store(_):
    """Only named."""


def old_store(_):
    """Only named."""


class StartCase(Case):
    """The fault comes as the server starts."""

    def __init__(self, is_new, *way):
        super().__init__(new_store if is_new else old_store, *way)

    def run(self):
        self.struck = self.died = False
        server = FaultyServer()
        try:
            self.go(server)
            return ""
        except Exception as problem:
            return f"{self.told}: {type(problem).__name__} {problem}"
        finally:
            if server.alive():
                server.kill()
            server.close()

    def go(self, server):
        wanted = crash.File(crash.APEX, 0, ()).lines - {
            '_file.room.example. 300 IN TXT "0"'} | {
                "lamp.room.example. 300 IN A 192.0.2.1"}
        changes = []
        if self.work is old_store:
            server.start()
            changes.append(self.goes_on(server))
            server.kill()
        server.faults.arm(self.calls, self.nth, self.error, self.times)
        server.spawn()
        if server.wait_ready():
            self.died = self.is_dead(server)
        else:
            self.must(len(server.log().splitlines()) == 1,
                      "why it did not start is not one line", server)
        self.struck = server.faults.struck() > 0
        server.faults.disarm()
        if self.work is new_store and self.died and server.alive():
            # not seeded, or given up: it ends in the latter case only
            server.kill()
        elif self.died or not server.alive():
            self.must(server.ended(), "it does not end", server)
            self.must(server.process.returncode == 1, "wrong status", server)
        else:
            self.check(server, wanted, changes)
            changes.append(self.goes_on(server))
            server.kill()
        died, self.died = self.died, False  # nothing was under way
        server.start()
        self.check(server, wanted, changes)
        changes.append(self.goes_on(server))
        self.check(server, wanted, changes)
        self.died = died


# --- tests ----------------------------------------------------------------

class FaultTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """All in one go, as most of the time is waiting."""
        cls.cases = {work: work_cases(work, some)
                     for work, some in WORKS.items()}
        cls.cases[new_store] = start_cases(True, STARTS)
        cls.cases[old_store] = start_cases(False, STARTS)
        with ThreadPoolExecutor(SERVERS) as pool:
            waiting = {work: [pool.submit(case.run) for case in cases]
                       for work, cases in cls.cases.items()}
        cls.problems = {work: [one.result() for one in ended]
                        for work, ended in waiting.items()}

    def expect(self, work):
        cases = self.cases[work]
        self.assertEqual([text for text in self.problems[work] if text], [])
        struck = sum(case.struck for case in cases)
        print(f"# {work.__name__}: {struck} faults, the store given up after"
              f" {sum(case.died for case in cases)}")
        # what comes of a group of updates is not always the same
        self.assertGreaterEqual(struck, len(cases) // 3)

    def test_a_small_update_is_acknowledged_and_kept_or_refused(self):
        self.expect(small_update)

    def test_a_large_update_is_acknowledged_and_kept_or_refused(self):
        self.expect(large_update)

    def test_updates_at_once_are_each_kept_or_refused(self):
        self.expect(updates_at_once)

    def test_a_small_import_is_whole_or_not_at_all(self):
        self.expect(small_import)

    def test_a_built_import_is_whole_or_not_at_all(self):
        self.expect(built_import)

    def test_a_store_that_could_not_be_made_is_made_by_the_next_start(self):
        self.expect(new_store)

    def test_a_start_that_cannot_write_leaves_the_store_as_it_was(self):
        self.expect(old_store)


class EraseTest(unittest.TestCase):
    def test_what_could_not_be_erased_is_erased_when_the_layer_works(self):
        server = FaultyServer()
        self.addCleanup(server.close)
        server.start()
        for own in range(5000, 5010):  # or it was faster than we are
            import_file(server, own * (own % 2))
            server.kill()
            if "erase" in listed(server):
                break
            server.start()
        server.faults.arm(WRITE, 1, errno.ENOSPC, EVER)
        server.start()
        self.assertTrue(server.wait_log("cannot erase", 20), server.log())
        self.assertIn("erase", listed(server))
        server.faults.disarm()
        end = time.monotonic() + 20
        while "erase" in listed(server):
            self.assertLess(time.monotonic(), end, server.log())
            time.sleep(0.05)
        self.assertEqual(listed(server).count("nodes"), 1)
        self.assertEqual(server.log().count("cannot erase"), 1)


if __name__ == "__main__":
    tap.main()
