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

NAMES = [f"{device}.{desk}" for desk in ("desk1", "desk2", "desk3")
         for device in ("lamp", "clock", "phone", "mouse")]


class Model:
    """name -> set of addresses, as the acknowledged updates left it."""

    def __init__(self):
        self.names = {name: frozenset() for name in NAMES}

    def random_change(self, rng, update):
        """Puts two to six changes into update; the model after them."""
        after = dict(self.names)
        for _ in range(rng.randint(2, 6)):
            name = rng.choice(NAMES)
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


def seen(server):
    """The same from the server, by TCP on one connection."""
    queries = {}
    data = b""
    for number, name in enumerate(NAMES):
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
    def test_no_acknowledged_change_is_lost_and_no_half_one_is_kept(self):
        rng = random.Random(SEED)
        server = Server(zones={"room.example": ZONE})
        self.addCleanup(server.close)
        model = Model()
        serial = 0
        for number in range(ROUNDS):
            server.start()
            self.check(server, model, f"seed {SEED}, round {number}")
            now = server.soa("room.example")
            self.assertGreaterEqual(now, serial, f"seed {SEED}")
            serial = now
            self.pending = None
            self.round(server, model, rng)

    def check(self, server, model, where):
        got = seen(server)
        if self.pending is not None and got == self.pending:
            model.names = self.pending
        self.assertEqual(got, model.names, where)

    pending = None

    def round(self, server, model, rng):
        """Updates until the server is killed, from the side or after an
        acknowledgement."""
        if rng.random() < 0.5:
            killer = threading.Timer(rng.random() * 0.02, server.kill)
            killer.start()
            while self.one(server, model, rng):
                pass
            killer.join()
        else:
            for _ in range(rng.randint(1, 5)):
                self.assertTrue(self.one(server, model, rng), server.log())
            server.kill()

    def one(self, server, model, rng):
        """One update; True if it was acknowledged."""
        update = server.update("room.example")
        after = model.random_change(rng, update)
        self.pending = after
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
                        break
                    except socket.timeout:
                        if not server.alive():
                            return False
                else:
                    self.fail("no reply from a server that is alive")
            except ConnectionRefusedError:
                return False
        self.assertEqual(reply[3] & 15, dns.rcode.NOERROR, server.log())
        model.names = after
        self.pending = None
        return True


if __name__ == "__main__":
    tap.main()
