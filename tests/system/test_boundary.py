"""Who is inside, with real tools: by prefix, interface and key; what the
outside gets to see; what a reload changes."""
import unittest

import dns.rcode

import tap
from harness import SECRET, Server

ZONE = """\
$ORIGIN room.example.
$TTL 300
@ SOA ns hostmaster 1 3600 600 604800 60
@ NS ns
ns A 203.0.113.1
lamp A 203.0.113.7
desk LOC 41 39 35.624 N 91 32 14.718 W 216.00m 6m 0.1m 0.1m
"""
EXPORTS = '_export TXT "ns A" "desk LOC"\n'
KEY = "hmac-sha256:room-key.:" + SECRET


class House(Server):
    """This host, 127.0.0.1, is inside if `who` says so."""
    who = "192.0.2.0/24"
    more = ""

    def config(self):
        return super().config().replace(
            "inside: [ 127.0.0.0/8 ]",
            f"inside: [ {self.who} ]\n    {self.more}")


class BoundaryTest(unittest.TestCase):
    def setUp(self):
        self.server = House(zones={"room.example": ZONE + EXPORTS})
        self.addCleanup(self.server.close)

    def inside(self, who, more=""):
        self.server.who, self.server.more = who, more
        self.server.write_config()

    def start(self):
        self.server.start()

    def reload(self, status=0):
        done = self.server.ctl("reload")
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stderr

    def wait_for(self, condition):
        for _ in range(2000):
            if condition():
                return
        self.fail("it did not come")

    def rcode(self, name, rdtype="A"):
        return self.server.ask(name, rdtype).rcode()

    def test_outside_only_what_is_exported_is_there(self):
        self.start()
        self.assertEqual(self.server.values("ns.room.example"),
                         {"203.0.113.1"})
        self.assertEqual(self.rcode("lamp.room.example"), dns.rcode.NXDOMAIN)
        self.assertEqual(self.rcode("_export.room.example", "TXT"),
                         dns.rcode.NXDOMAIN)

    def test_who_signs_with_a_key_of_the_inside_is_inside(self):
        self.inside("192.0.2.0/24, room-key.")
        self.start()
        asked = ("lamp.room.example", "A", "+short")
        self.assertEqual(self.server.dig(*asked).stdout, "")
        self.assertEqual(self.server.dig("-y", KEY, *asked).stdout.strip(),
                         "203.0.113.7")
        self.assertIn("203.0.113.7",
                      self.server.kdig("-y", KEY, *asked).stdout)

    def test_an_interface_lets_in_who_comes_from_its_prefixes(self):
        self.inside("lo")
        self.start()
        self.assertEqual(self.server.values("lamp.room.example"),
                         {"203.0.113.7"})

    def test_who_is_inside_changes_with_a_reload(self):
        self.start()
        self.assertEqual(self.rcode("lamp.room.example"), dns.rcode.NXDOMAIN)
        self.inside("127.0.0.1")
        self.reload()
        self.assertEqual(self.server.values("lamp.room.example"),
                         {"203.0.113.7"})

    def test_positions_are_rounded_from_the_start_and_at_a_reload(self):
        self.inside("192.0.2.0/24", "loc-outside: 1km")
        self.start()
        coarse = self.server.values("desk.room.example", "LOC")
        self.assertEqual(len(coarse), 1)
        self.assertNotIn("41 39 35.624", next(iter(coarse)))
        self.inside("192.0.2.0/24")
        self.reload()
        self.wait_for(lambda: "41 39 35.624" in next(iter(
            self.server.values("desk.room.example", "LOC")), ""))

    def test_explain_sees_what_the_address_does(self):
        self.start()
        asked = ("explain", "lamp.room.example", "A", "--from")
        done = self.server.ctl(*asked, "198.51.100.1")
        self.assertIn("seen from outside", done.stdout)
        self.assertIn("nxdomain", done.stdout)
        done = self.server.ctl(*asked, "192.0.2.1")
        self.assertNotIn("outside", done.stdout)
        self.assertIn("203.0.113.7", done.stdout)

    def test_the_size_of_the_cache_needs_a_restart(self):
        self.start()
        self.server.settings = "uplink: { cache-limit: 2M }"
        self.inside("192.0.2.0/24")
        self.assertIn("cache-limit", self.reload(status=1))


if __name__ == "__main__":
    tap.main()
