"""Many zones, many workers, many at once."""
import random
import socket
import threading
import time
import unittest

import dns.message
import dns.rcode

import tap
from harness import Server

ZONE = """\
$TTL 300
@ SOA ns hostmaster 1 3600 600 604800 60
@ NS ns
ns A 127.0.0.1
lamp A 192.0.2.1
"""

ZONES = 10000


class ZonesTest(unittest.TestCase):
    def config(self, server):
        lines = [f"listen: [ 127.0.0.1@{server.port} ]",
                 f"store: {server.store}", f"control: {server.dir}/control",
                 "workers: 2", "zones:"]
        lines += [f"  - {{ name: z{number}.example, file: one.zone }}"
                  for number in range(ZONES)]
        return "\n".join(lines) + "\n"

    def test_ten_thousand_zones_are_seeded_served_and_kept(self):
        server = Server()
        self.addCleanup(server.close)
        server.write("one.zone", ZONE)
        server.config = lambda: self.config(server)
        server.write_config()
        server.start()
        for _ in range(2):
            for number in [0, ZONES - 1] + random.sample(range(ZONES), 100):
                self.assertEqual(server.values(f"lamp.z{number}.example"),
                                 {"192.0.2.1"})
            self.assertEqual(server.ask(f"z{ZONES}.example").rcode(),
                             dns.rcode.REFUSED)
            server.kill()
            before = time.monotonic()
            server.start()
            self.assertLess(time.monotonic() - before, 60)


class WorkersTest(unittest.TestCase):
    """Each source port falls to one of the workers: asked from many, all of
    them are."""

    def setUp(self):
        self.server = Server(zones={"room.example": ZONE}, workers=4)
        self.addCleanup(self.server.close)
        self.server.start()
        self.sockets = []
        for _ in range(16):
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.addCleanup(udp.close)
            udp.settimeout(20)
            udp.connect(("127.0.0.1", self.server.port))
            self.sockets.append(udp)

    def everywhere(self):
        query = dns.message.make_query("clock.room.example", "A").to_wire()
        for udp in self.sockets:
            udp.send(query)
        return [dns.message.from_wire(udp.recv(4096)).answer[0][0].to_text()
                for udp in self.sockets]

    def test_every_worker_sees_a_change_after_its_acknowledgement(self):
        for number in range(200):
            update = self.server.update("room.example")
            update.replace("clock", 300, "A", f"192.0.2.{number}")
            self.assertEqual(self.server.send(update).rcode(),
                             dns.rcode.NOERROR)
            self.assertEqual(self.everywhere(),
                             [f"192.0.2.{number}"] * len(self.sockets))

    def test_clients_at_once_lose_nothing(self):
        failures = []

        def client(mine):
            try:
                for number in range(25):
                    update = self.server.update("room.example")
                    update.add(f"d{number}.c{mine}", 300, "A", "192.0.2.7")
                    if self.server.send(update).rcode() != dns.rcode.NOERROR:
                        raise AssertionError("refused")
                    if self.server.values(
                            f"d{number}.c{mine}.room.example") != {"192.0.2.7"}:
                        raise AssertionError("not seen")
            except Exception as problem:
                failures.append(problem)

        threads = [threading.Thread(target=client, args=(mine,))
                   for mine in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        self.assertEqual(self.server.soa("room.example"), 1 + 8 * 25)


if __name__ == "__main__":
    tap.main()
