"""kill -9 at random moments under random updates, against a model.

What was acknowledged must be there; of the one update that was on its way,
all or nothing. PLACED_CRASH_ROUNDS and PLACED_SEED change length and course.
"""
import os
import random
import socket
import struct
import threading
import time
import unittest

import dns.message
import dns.rcode

import tap
from harness import Server

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


class CrashTest(unittest.TestCase):
    def setUp(self):
        self.rng = random.Random(SEED)
        self.server = Server(zones={"room.example": ZONE})
        self.addCleanup(self.server.close)
        self.serial = 0

    def test_no_acknowledged_change_is_lost_and_no_half_one_is_kept(self):
        model = Model()
        for number in range(ROUNDS):
            self.start_and_check([model], number)
            self.round(model)
        self.start_and_check([model], ROUNDS)

    def test_nor_when_many_are_committed_together(self):
        models = [Model(f".room{number}") for number in range(CLIENTS)]
        for number in range(max(ROUNDS // 5, 1)):
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
        wire = update.to_wire()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.settimeout(0.05)
            udp.connect(("127.0.0.1", self.server.port))
            end = time.monotonic() + 20
            try:
                udp.send(wire)
                while time.monotonic() < end:
                    try:
                        reply = udp.recv(4096)
                        break
                    except socket.timeout:
                        if not self.server.alive():
                            return False
                else:
                    self.fail("no reply from a server that is alive")
            except ConnectionRefusedError:
                return False
        self.assertEqual(reply[3] & 15, dns.rcode.NOERROR, self.server.log())
        model.names = after
        model.pending = None
        return True


if __name__ == "__main__":
    tap.main()
