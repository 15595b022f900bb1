"""kill -9 at random moments under random updates, imports and reloads,
against a model.

What was acknowledged must be there; of the one update and the one import that
were on their way, all or nothing. PLACED_CRASH_ROUNDS and PLACED_SEED change
length and course.
"""
import json
import os
import random
import socket
import struct
import subprocess
import threading
import time
import unittest

import dns.message
import dns.rcode

import crash
import tap
from harness import BUILD, Server, run

ROUNDS = int(os.environ.get("PLACED_CRASH_ROUNDS", "100"))
SEED = int(os.environ.get("PLACED_SEED", str(random.randrange(10**9))))

ZONE = """\
$ORIGIN room.example.
$TTL 300
@ SOA ns hostmaster 1 3600 600 604800 60
@ NS ns
ns A 127.0.0.1
"""

CLIENTS = 6


class Model:
    """name -> set of addresses, as the acknowledged updates left it; pending:
    as the one that is on its way would."""

    def __init__(self, room=""):
        self.names = {f"{device}.{desk}{room}": frozenset()
                      for desk in ("desk1", "desk2", "desk3")
                      for device in ("lamp", "clock", "phone", "mouse")}
        self.pending = None

    def random_change(self, rng, update):
        """Puts two to six changes into update; the model after them."""
        after = dict(self.names)
        for _ in range(rng.randint(2, 6)):
            name = rng.choice(list(self.names))
            address = f"192.0.2.{rng.randint(1, 9)}"
            what = rng.choice(("add", "add", "add", "one", "set", "name"))
            if what == "add":
                update.add(name, 300, "A", address)
                after[name] |= {address}
            elif what == "one":
                update.delete(name, "A", address)
                after[name] -= {address}
            elif what == "set":
                update.delete(name, "A")
                after[name] = frozenset()
            else:
                update.delete(name)
                after[name] = frozenset()
            move(rng, update, name)
        return after


def seen(server, asked):
    """The same from the server, by TCP on one connection."""
    queries = {}
    data = b""
    for number, name in enumerate(asked):
        query = dns.message.make_query(f"{name}.room.example", "A")
        query.id = number
        queries[number] = name
        wire = query.to_wire()
        data += struct.pack("!H", len(wire)) + wire
    names = {}
    with socket.create_connection(("127.0.0.1", server.port), 20) as tcp:
        tcp.sendall(data)
        stream = tcp.makefile("rb")
        for _ in queries:
            size, = struct.unpack("!H", stream.read(2))
            reply = dns.message.from_wire(stream.read(size))
            if reply.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
                raise AssertionError(reply)
            names[queries[reply.id]] = frozenset(
                item.to_text() for rrset in reply.answer for item in rrset)
    return names


def move(rng, update, name):
    """A thing may have a place or two, or none any more."""
    where = rng.choice(("", "", "add", "set", "none"))
    if where in ("set", "none"):
        update.delete(name, "LOC")
    if where in ("set", "add"):
        update.add(name, 300, "LOC",
                   f"52 {rng.randint(0, 9)} 0 N 0 0 0 E 0m")


def places_by_zone(server):
    """(those that names have, those that the index has), by the zone's id."""
    done = run(os.path.join(BUILD, "store_list"), server.store)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    found = {"located": {}, "points": {}}
    for line in done.stdout.splitlines():
        word, *numbers = line.split()
        if word in found:
            found[word][int(numbers[0])] = int(numbers[1])
    return found["located"], found["points"]


class CrashTest(unittest.TestCase):
    def setUp(self):
        self.rng = random.Random(SEED)
        self.server = Server(zones={"room.example": ZONE})
        self.addCleanup(self.server.close)
        self.serial = self.places = 0

    def test_no_acknowledged_change_is_lost_and_no_half_one_is_kept(self):
        model = Model()
        for number in range(max(ROUNDS // 4, 1)):
            self.start_and_check([model], number)
            self.round(model)
        self.start_and_check([model], ROUNDS)
        self.assertGreater(self.places, 0)

    def test_nor_when_many_are_committed_together(self):
        models = [Model(f".room{number}") for number in range(CLIENTS)]
        for number in range(max(ROUNDS // 10, 1)):
            self.start_and_check(models, number)
            self.round_of_many(models)
        self.start_and_check(models, ROUNDS)

    def start_and_check(self, models, number):
        where = f"seed {SEED}, round {number}"
        self.server.start()
        for model in models:
            got = seen(self.server, model.names)
            if model.pending is not None and got == model.pending:
                model.names = model.pending
            model.pending = None
            self.assertEqual(got, model.names, where)
        located, indexed = places_by_zone(self.server)
        self.assertEqual(located, indexed, where)
        self.places = max(self.places, sum(located.values()))
        serial = self.server.soa("room.example")
        self.assertGreaterEqual(serial, self.serial, where)
        self.serial = serial

    def round(self, model):
        """Updates until the server is killed, from the side or after an
        acknowledgement."""
        if self.rng.random() < 0.5:
            killer = threading.Timer(self.rng.random() * 0.02,
                                     self.server.kill)
            killer.start()
            while self.one(model, self.rng):
                pass
            killer.join()
        else:
            for _ in range(self.rng.randint(1, 5)):
                self.assertTrue(self.one(model, self.rng), self.server.log())
            self.server.kill()

    def round_of_many(self, models):
        """Each client changes names of its own, until the server is killed."""
        failures = []

        def client(model, rng):
            try:
                while self.one(model, rng):
                    pass
            except Exception as problem:
                failures.append(problem)

        threads = [threading.Thread(target=client, args=(
            model, random.Random(self.rng.random()))) for model in models]
        for thread in threads:
            thread.start()
        time.sleep(self.rng.random() * 0.1)
        self.server.kill()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [], f"seed {SEED}")

    def one(self, model, rng):
        """One update; True if it was acknowledged."""
        update = self.server.update("room.example")
        after = model.random_change(rng, update)
        model.pending = after
        if not acknowledged(self.server, update):
            return False
        model.names = after
        model.pending = None
        return True


class ImportTest(unittest.TestCase):
    """One client updates; beside it files are imported, small differences and
    large ones that are built, and zones come and go by reloads."""

    ANNEX = 2100  # names; more than a small import has

    def setUp(self):
        self.rng = random.Random(SEED)
        self.room = crash.Room(self.rng)
        self.server = Server(zones={crash.APEX: self.room.file.text})
        self.addCleanup(self.server.close)
        self.serial = 0
        self.annexes = 0
        self.annex = None  # its apex, and its File
        self.told = ""     # what the round was

    def test_a_kill_under_imports_and_reloads_leaves_all_or_nothing(self):
        rounds = max(ROUNDS * 2 // 3, 1)
        for number in range(rounds):
            self.server.start()
            self.check(number, number % 20 == 19)
            self.round()
        self.server.start()
        self.check(rounds, True)

    # --- after a start ---------------------------------------------------

    def check(self, number, erased):
        where = f"seed {SEED}, round {number}: {self.told}"
        lines, count, serial = self.dump(crash.APEX)
        wanted = {crash.APEX: count}
        self.assertTrue(self.room.observe(lines), where)
        self.assertGreaterEqual(serial, self.serial, where)
        self.assertEqual(serial, self.server.soa(crash.APEX), where)
        self.serial = serial
        if self.annex:
            apex, file = self.annex
            lines, wanted[apex], _ = self.dump(apex)
            self.assertEqual(lines, file.lines, where)
        counts = {item["zone"].rstrip("."): item["records"] for item in
                  self.server.ctl_json("zones") if item["state"] == "served"}
        self.assertEqual(counts, wanted, where)
        self.check_ids(where, erased)

    def dump(self, apex):
        done = self.server.ctl("dump", apex)
        self.assertEqual(done.returncode, 0, done.stderr + self.server.log())
        return crash.lines_of_dump(done.stdout)

    def check_ids(self, where, erased):
        """Nothing is half built, and what no zone has is erased, in time."""
        end = time.monotonic() + 20
        while True:
            ids = self.ids()
            self.assertEqual(ids["build"], set(), where)
            stray = (ids["nodes"] | ids["journal"] | ids["points"]) \
                - ids["zone"]
            self.assertLessEqual(stray, ids["erase"], where)
            if not erased or not ids["erase"]:
                break
            self.assertLess(time.monotonic(), end, where)
        self.assertEqual(ids["zone"] & ids["erase"], set(), where)

    def ids(self):
        """Of the store, by what they are there for; apex of each zone."""
        done = run(os.path.join(BUILD, "store_list"), self.server.store)
        self.assertEqual(done.returncode, 0, done.stderr)
        ids = {"zone": set(), "build": set(), "erase": set(), "nodes": set(),
               "journal": set(), "located": set(), "points": set()}
        self.stored = set()
        for line in done.stdout.splitlines():
            words = line.split()
            if words[0] == "zone":
                self.stored.add(words[1].rstrip("."))
                words.pop(1)
            ids[words[0]].add(int(words[1]))
        return ids

    # --- until the kill --------------------------------------------------

    def round(self):
        work, millis = self.rng.choice((
            (self.import_changed, 8), (self.import_large, 25),
            (self.import_large, 25), (self.reload, 20)))
        delay = self.rng.random() * millis / 1000
        self.told = f"{work.__name__}, killed after {delay * 1000:.1f} ms"
        prepared = work()
        failures = []

        def guarded(part):
            try:
                part()
            except Exception as problem:
                failures.append(problem)

        rng = random.Random(self.rng.random())
        threads = [threading.Thread(target=guarded, args=(part,)) for part in
                   (prepared, lambda: self.updates(rng))]
        for thread in threads:
            thread.start()
        time.sleep(delay)
        if self.rng.random() < 0.2:  # after the end, too
            threads[0].join()
        self.server.kill()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [], f"seed {SEED}: {self.told}")

    def updates(self, rng):
        while True:
            update = self.server.update(crash.APEX)
            self.room.random_update(rng, update)
            if not acknowledged(self.server, update):
                return
            self.room.update_acknowledged()

    def import_changed(self):
        return self.import_of(self.room.changed_file(self.rng))

    def import_large(self):
        return self.import_of(self.room.new_file(
            self.rng, self.rng.choice((0, 2200, 3500, 5000))))

    def import_of(self, file):
        replace = self.rng.random() < 0.3
        path = self.server.write("import.zone", file.text)
        words = ["import", crash.APEX, path] + ["--replace"] * replace
        self.told += f" {' '.join(words)}"

        def go():
            self.room.import_begins(file, replace)
            done = self.server.ctl("--json", *words)
            self.room.import_ended(done.returncode == 0)
            if done.returncode == 0:
                result = json.loads(done.stdout.splitlines()[-1])
                self.serial = max(self.serial, result["serial"])
            elif not self.killed():
                raise AssertionError(done.stderr)
        return go

    def reload(self):
        """The annex is taken out and dropped, or another is put in."""
        gone = self.annex and self.annex[0]
        if gone:
            self.annex = None
            self.server.zones.pop(gone)
        else:
            self.annexes += 1
            apex = f"annex{self.annexes}.example"
            file = crash.File(apex, self.annexes, range(self.ANNEX))
            self.annex = apex, file
            self.server.write(f"{apex}.zone", file.text)
            self.server.zones[apex] = file.text
        self.server.write_config()
        left = self.stored - set(self.server.zones)

        def go():
            commands = [("reload",)] + [("drop", apex) for apex in left]
            for words in commands:
                done = self.server.ctl(*words)
                if done.returncode != 0 and not self.killed():
                    raise AssertionError(f"{words}: {done.stderr}")
        return go

    def killed(self):
        """A client may learn of the server's end before we do."""
        try:
            self.server.process.wait(5)
            return True
        except subprocess.TimeoutExpired:
            return False


def acknowledged(server, update):
    """Sends it; False if the server was killed before it answered."""
    wire = update.to_wire()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(0.05)
        udp.connect(("127.0.0.1", server.port))
        end = time.monotonic() + 20
        try:
            udp.send(wire)
            while time.monotonic() < end:
                try:
                    reply = udp.recv(4096)
                except socket.timeout:
                    if not server.alive():
                        return False
                    continue
                if reply[3] & 15 != dns.rcode.NOERROR:
                    raise AssertionError(f"{reply[3] & 15} {server.log()}")
                return True
        except ConnectionRefusedError:
            return False
    raise AssertionError("no reply from a server that is alive")


if __name__ == "__main__":
    tap.main()
