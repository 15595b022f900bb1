"""A building, a floor, rooms: each its own placed in its own network, on one
switch. What one exports the others in reach see, by asking upward or by
following a delegation; what it does not export is not there; and a room goes on
alone.

    tower.example          10.1.0.1    building; does not know the lodge
     └ f1.tower.example    10.1.0.2    floor
        ├ a.f1…            10.1.0.11   room, asks the floor
        ├ b.f1…            10.1.0.12   room, asks the floor
        └ c.f1…            10.1.0.13   room that exports nothing
    lodge.example          10.1.0.21   asks the building as a stranger
"""
import time

import dns.edns
import dns.rcode

import netns
import tap

HEAD = """\
$ORIGIN {apex}.
$TTL 300
@ SOA ns hostmaster 1 3600 600 604800 1
@ NS ns
ns A {address}
"""
BUILDING = """\
lobby 1 A 10.1.0.100
vault A 10.1.0.101
f1 NS ns.f1
ns.f1 A 10.1.0.2
_export TXT "f1 NS" "ns.f1 A private" "lobby A private"
"""
FLOOR = """\
printer 1 A 10.1.0.110
a NS ns.a
ns.a A 10.1.0.11
b NS ns.b
ns.b A 10.1.0.12
c NS ns.c
ns.c A 10.1.0.13
_export TXT "a NS" "ns.a A private" "b NS" "ns.b A private"
_export TXT "printer A private"
"""
ROOM = """\
speaker 1 A {speaker}
speaker 1 TXT "loud"
diary A 10.1.0.66
diary TXT "dear diary"
to-b CNAME speaker.b.f1.tower.example.
to-diary CNAME diary.b.f1.tower.example.
"""
EXPORTS = '_export TXT "speaker A private" "to-b CNAME"\n'
UPLINK = """\
uplink:
  forward: [ {forward} ]
  reach: [ tower.example ]
  private: [ tower.example ]
"""
STALE = 3


def uplink(forward):
    return UPLINK.format(forward=forward)


def ede(reply):
    return [option.code for option in reply.options
            if isinstance(option, dns.edns.EDEOption)]


def a_of(reply):
    return {item.to_text() for rrset in reply.answer for item in rrset
            if rrset.rdtype == 1}


class Tower(netns.SpacesTest):
    @classmethod
    def setUpClass(cls):
        cls.switch = cls.keep(netns.Switch())
        cls.building = cls.place("10.1.0.1", "tower.example", BUILDING,
                                 ["10.1.0.2"])
        cls.floor = cls.place(
            "10.1.0.2", "f1.tower.example", FLOOR,
            ["10.1.0.11", "10.1.0.12", "10.1.0.13"],
            uplink=uplink("10.1.0.1"))
        cls.a = cls.room("a", "10.1.0.11")
        cls.b = cls.room("b", "10.1.0.12")

    @classmethod
    def place(cls, address, apex, text, inside=(), **options):
        space = cls.keep(netns.Space())
        cls.switch.join(space, f"{address}/24")
        place = netns.Place(
            space, [address], {apex: HEAD.format(apex=apex, address=address) +
                               text},
            inside=", ".join(("127.0.0.0/8", *inside)), **options)
        return cls.keep(place).start()

    @classmethod
    def room(cls, letter, address, exports=EXPORTS, up="10.1.0.2"):
        return cls.place(
            address, f"{letter}.f1.tower.example",
            ROOM.format(speaker=address + "0") + exports, uplink=uplink(up))

    def ask(self, place, name, rdtype="A", **options):
        return place.ask(name + ".tower.example", rdtype, use_edns=0, **options)

    def assert_a(self, reply, address):
        self.assertEqual(reply.rcode(), dns.rcode.NOERROR, reply)
        self.assertEqual(a_of(reply), {address}, reply)

    def wait_for(self, condition, seconds=10):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if condition():
                return
        self.fail("it did not come")


class SpacesTest(Tower):
    """What a room sees of the others."""

    def test_a_sibling_and_those_above_are_found_through_the_floor(self):
        self.assert_a(self.ask(self.a, "speaker.b.f1"), "10.1.0.120")
        self.assert_a(self.ask(self.b, "speaker.a.f1"), "10.1.0.110")
        self.assert_a(self.ask(self.a, "printer.f1"), "10.1.0.110")
        self.assert_a(self.ask(self.a, "lobby"), "10.1.0.100")
        self.assert_a(self.ask(self.a, "to-b.a.f1"), "10.1.0.120")
        self.assert_a(self.ask(self.floor, "speaker.a.f1"), "10.1.0.110")

    def test_what_a_sibling_does_not_export_is_not_there(self):
        for name, rdtype in (("diary.b.f1", "A"), ("diary.b.f1", "TXT"),
                             ("_export.b.f1", "TXT"), ("none.b.f1", "A")):
            for asked in (self.a, self.floor):
                reply = self.ask(asked, name, rdtype)
                self.assertEqual(reply.rcode(), dns.rcode.NXDOMAIN, reply)
                self.assertNotIn("10.1.0.66", reply.to_text())
        reply = self.ask(self.a, "speaker.b.f1", "TXT")
        self.assertEqual((reply.rcode(), reply.answer), (0, []), reply)
        reply = self.ask(self.a, "to-diary.a.f1")
        self.assertEqual(reply.rcode(), dns.rcode.NXDOMAIN, reply)
        self.assertEqual(a_of(reply), set())
        self.assert_a(self.ask(self.b, "diary.b.f1"), "10.1.0.66")

    def test_a_room_without_exports_is_nowhere_but_inside(self):
        room = self.room("c", "10.1.0.13", exports="")
        self.assert_a(self.ask(room, "speaker.c.f1"), "10.1.0.130")
        for asked in (self.a, self.floor):
            reply = self.ask(asked, "speaker.c.f1")
            self.assertNotEqual(reply.rcode(), dns.rcode.NOERROR, reply)
            self.assertEqual(reply.answer, [])

    def test_a_stranger_follows_delegations_down(self):
        lodge = self.place("10.1.0.21", "lodge.example", "lamp A 10.1.0.99\n",
                           uplink=uplink("10.1.0.1"))
        self.assert_a(self.ask(lodge, "lobby"), "10.1.0.100")
        self.assert_a(self.ask(lodge, "printer.f1"), "10.1.0.110")
        self.assert_a(self.ask(lodge, "speaker.b.f1"), "10.1.0.120")
        for name in ("vault", "diary.b.f1", "speaker.c.f1"):
            reply = self.ask(lodge, name)
            self.assertEqual(reply.rcode(), dns.rcode.NXDOMAIN, reply)


class WithoutTheFloorTest(Tower):
    def test_a_room_goes_on_with_its_own_and_with_stale_siblings(self):
        asked = ("speaker.b.f1", "printer.f1", "lobby")
        for name in asked:  # by both workers, as it comes
            self.assertEqual(self.ask(self.a, name).rcode(), 0)
        before = {name: a_of(self.ask(self.a, name)) for name in asked}
        self.floor.kill()
        self.assert_a(self.ask(self.a, "speaker.a.f1"), "10.1.0.110")
        for name in asked:
            found = {}

            def is_stale(name=name, found=found):
                found["reply"] = self.ask(self.a, name)
                return STALE in ede(found["reply"])

            self.wait_for(is_stale)
            self.assertEqual(a_of(found["reply"]), before[name])
        self.assert_a(self.ask(self.a, "to-b.a.f1"), "10.1.0.120")
        self.assert_alone()
        self.floor.start()
        self.wait_for(lambda: self.ask(self.a, "to-b.b.f1").rcode() == 0)

    def assert_alone(self):
        """What was never asked for is told to be out of reach, soon."""
        began = time.monotonic()
        reply = self.ask(self.a, "to-b.b.f1")
        self.assertEqual(reply.rcode(), dns.rcode.SERVFAIL, reply)
        self.assertIn(ede(reply)[0], (22, 23))
        self.assertLess(time.monotonic() - began, 3)
        began = time.monotonic()
        for _ in range(100):
            self.assert_a(self.ask(self.a, "speaker.a.f1"), "10.1.0.110")
        self.assertLess(time.monotonic() - began, 3)


if __name__ == "__main__":
    tap.main()
