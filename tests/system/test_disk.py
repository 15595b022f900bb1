"""A full disk, a reached limit: updates SERVFAIL, queries go on, and when
there is room again updates work without a restart."""
import os
import subprocess
import unittest

import dns.rcode

import tap
from harness import Server

ZONE = """\
$ORIGIN room.example.
$TTL 300
@ SOA ns hostmaster 1 3600 600 604800 60
@ NS ns
ns A 127.0.0.1
lamp A 192.0.2.1
"""

MANY = 4000


class FullTest(unittest.TestCase):
    def fill(self, server, text="x" * 200):
        """Adds until an update fails; what was acknowledged, and the rcode."""
        for number in range(MANY):
            update = server.update("room.example")
            for part in range(20):
                update.add(f"f{number}", 300, "TXT", f'"{part}{text}"')
            rcode = server.send(update, tcp=True).rcode()
            if rcode != dns.rcode.NOERROR:
                return number, rcode
        self.fail("it never got full")

    def check_goes_on(self, server, last):
        self.assertEqual(server.values("lamp.room.example"), {"192.0.2.1"})
        reply = server.ask(f"f{last}.room.example", "TXT", tcp=True)
        self.assertEqual(len(reply.answer[0]), 20, reply)
        self.assertEqual(server.ask("no.room.example").rcode(),
                         dns.rcode.NXDOMAIN)

    def add_one(self, server):
        update = server.update("room.example")
        update.add("after", 300, "A", "192.0.2.2")
        return server.send(update).rcode()


class LimitTest(FullTest):
    def setUp(self):
        self.server = Server(zones={"room.example": ZONE}, settings=
                             "store-limit: 2M\njournal-limit: 64K")
        self.addCleanup(self.server.close)
        self.server.start()

    def test_at_the_limit_updates_fail_and_queries_go_on(self):
        count, rcode = self.fill(self.server)
        self.assertEqual(rcode, dns.rcode.SERVFAIL)
        self.assertGreater(count, 10)
        self.check_goes_on(self.server, count - 1)
        self.assertEqual(self.server.values(f"f{count}.room.example", "TXT"),
                         set())

    def test_deletions_pass_at_the_limit_and_make_room(self):
        count, _ = self.fill(self.server)
        for number in range(count):
            update = self.server.update("room.example")
            update.delete(f"f{number}")
            self.assertEqual(self.server.send(update).rcode(),
                             dns.rcode.NOERROR)
        self.assertEqual(self.add_one(self.server), dns.rcode.NOERROR)
        self.assertEqual(self.server.values("after.room.example"),
                         {"192.0.2.2"})

    def test_a_restart_at_the_limit_serves(self):
        count, _ = self.fill(self.server)
        self.server.kill()
        self.server.start()
        self.check_goes_on(self.server, count - 1)


class DiskTest(FullTest):
    def setUp(self):
        self.server = Server(zones={"room.example": ZONE},
                             settings="journal-limit: 64K")
        self.addCleanup(self.server.close)
        os.mkdir(self.server.store)
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "placed-test",
             self.server.store], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            self.skipTest("no right to mount a small tmpfs")
        self.addCleanup(subprocess.run, ["umount", self.server.store],
                        check=False)
        self.addCleanup(lambda: self.server.alive() and self.server.stop())
        self.server.start()

    def test_a_disk_filled_by_the_store_itself_is_servfail(self):
        count, rcode = self.fill(self.server)
        self.assertEqual(rcode, dns.rcode.SERVFAIL)
        self.check_goes_on(self.server, count - 1)

    def test_when_space_returns_updates_work_without_a_restart(self):
        filler = os.path.join(self.server.store, "filler")
        with open(filler, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                pass
        count, rcode = self.fill(self.server)
        self.assertEqual(rcode, dns.rcode.SERVFAIL)
        if count:
            self.check_goes_on(self.server, count - 1)
        self.assertEqual(self.server.values("lamp.room.example"),
                         {"192.0.2.1"})
        os.unlink(filler)
        self.assertEqual(self.add_one(self.server), dns.rcode.NOERROR)
        self.assertEqual(self.server.values("after.room.example"),
                         {"192.0.2.2"})

    def test_kill_on_a_full_disk_loses_nothing(self):
        count, _ = self.fill(self.server)
        self.server.kill()
        self.server.start()
        self.check_goes_on(self.server, count - 1)


if __name__ == "__main__":
    tap.main()
