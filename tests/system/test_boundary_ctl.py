"""What the operator sees and does about the boundary: export, reach, blocked,
flush, explain, status. This host is inside by 127.0.0.1, and somebody outside
by 127.0.0.2."""
import socket
import threading
import unittest

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

import tap
from harness import OTHER_SECRET, Server

HOUSE = """\
$ORIGIN house.example.
$TTL 300
@ SOA ns hostmaster 1 3600 600 604800 60
@ NS ns
ns A 203.0.113.1
room NS ns.room
ns.room A 203.0.113.1
"""
ROOM = """\
$ORIGIN room.house.example.
$TTL 300
@ SOA ns hostmaster 1 3600 600 604800 60
@ NS ns
ns A 203.0.113.1
lamp A 203.0.113.7
lamp AAAA 2001:db8::7
lamp TXT "secret of the lamp"
fan A 192.168.1.9
out CNAME www.world.example.
"""
RULES = '''\
      - { key: room-key., names: [ _export, _reach ], types: [ TXT ] }
      - { key: room-key., names: [ "*" ], types: [ A, TXT ] }
      - { key: guest-key., names: [ "*" ], types: [ A, TXT ] }'''
GUEST = "hmac-sha512:guest-key.:" + OTHER_SECRET
INSIDE, OUTSIDE = "127.0.0.1", "127.0.0.2"


class World:
    """A forwarder with one answer for everything; it counts what it is asked.
    """

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.asked = []
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while True:
            wire, peer = self.socket.recvfrom(65535)
            if wire == b"end":
                return
            query = dns.message.from_wire(wire)
            question = query.question[0]
            self.asked.append(question.name.to_text().lower())
            reply = dns.message.make_response(query)
            reply.flags |= dns.flags.RA
            reply.answer.append(dns.rrset.from_text(
                question.name, 300, "IN", "A", "198.51.100.80"))
            self.socket.sendto(reply.to_wire(), peer)

    def close(self):
        self.socket.sendto(b"end", ("127.0.0.1", self.port))
        self.thread.join()
        self.socket.close()


class House(Server):
    def config(self):
        return super().config().replace("inside: [ 127.0.0.0/8 ]",
                                        f"inside: [ {INSIDE} ]")


class ControlTest(unittest.TestCase):
    uplink = False

    def setUp(self):
        settings = ""
        if self.uplink:
            self.world = World()
            self.addCleanup(self.world.close)
            settings = f"uplink: {{ forward: [ 127.0.0.1@{self.world.port} ] }}"
        zones = {"house.example": HOUSE, "room.house.example": ROOM}
        self.server = House(zones=zones, settings=settings,
                            rules={apex: RULES for apex in zones})
        self.addCleanup(self.server.close)
        self.server.start()

    # --- words

    def ctl(self, *words):
        done = self.server.ctl(*words)
        self.assertEqual(done.returncode, 0, f"{words}: {done.stderr}")
        return done.stdout

    def refuse(self, why, *words):
        done = self.server.ctl(*words)
        self.assertEqual(done.returncode, 1, f"{words}: {done.stdout}")
        self.assertIn(why, done.stderr)

    def dig(self, who, *words):
        done = self.server.dig("-b", who, *words)
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        return done.stdout

    def short(self, who, name, rdtype="A"):
        return self.dig(who, "+short", name, rdtype).split()

    def status(self, who, name, rdtype="A"):
        out = self.dig(who, name, rdtype)
        return out.split("status: ")[1].split(",")[0]

    def log(self, zone, last=1):
        return self.ctl("log", zone, "--last", str(last))


class ExportTest(ControlTest):
    def test_what_is_exported_is_seen_at_once_and_not_a_moment_longer(self):
        name = "lamp.room.house.example"
        for _ in range(20):
            self.ctl("export", "add", "lamp", "A")
            self.assertEqual(self.short(OUTSIDE, name), ["203.0.113.7"])
            self.assertEqual(self.short(OUTSIDE, name, "TXT"), [])
            self.ctl("export", "del", "lamp")
            self.assertEqual(self.status(OUTSIDE, name), "REFUSED")
        self.assertEqual(self.short(INSIDE, name), ["203.0.113.7"])

    def test_add_takes_the_place_of_what_was_said_about_the_name(self):
        self.ctl("export", "add", "lamp.room.house.example.", "A", "AAAA")
        self.ctl("export", "add", "lamp.room.house.example", "txt")
        self.ctl("export", "add", "ns.room", "A")
        entries = self.server.ctl_json("export", "list")
        self.assertEqual({e["entry"]: e["types"] for e in entries},
                         {"lamp TXT": ["TXT"], "ns A": ["A"]})
        self.assertEqual(
            self.short(OUTSIDE, "lamp.room.house.example", "AAAA"), [])
        self.assertEqual(self.ctl("export", "list", "house.example"), "")

    def test_private_addresses_leave_only_by_that_word(self):
        out = self.ctl("export", "add", "fan", "A")
        self.assertIn("A stays inside", out)
        self.assertEqual(self.short(OUTSIDE, "fan.room.house.example"), [])
        self.ctl("export", "add", "fan", "A", "private")
        self.assertEqual(self.short(OUTSIDE, "fan.room.house.example"),
                         ["192.168.1.9"])

    def test_the_lists_are_never_shown_outside(self):
        self.ctl("export", "add", "lamp", "A")
        self.ctl("reach", "add", "world.example", "--zone",
                 "room.house.example")
        for name in ("_export", "_reach"):
            name += ".room.house.example"
            self.assertEqual(self.status(OUTSIDE, name, "TXT"), "NXDOMAIN")
            self.assertIn('"', self.dig(INSIDE, "+short", name, "TXT"))
        self.refuse("never shown outside", "export", "add",
                    "_reach.room.house.example", "TXT")

    def test_a_refusal_says_what_would_be_right(self):
        self.refuse("write AAAA, SRV", "export", "add", "lamp", "LAMP")
        self.refuse("no type is named", "export", "add", "lamp")
        self.refuse("give the whole name", "export", "add", "ns", "A")
        self.refuse("give the whole name", "export", "add", "sofa", "A")
        self.refuse("placectl export list", "export", "del", "lamp")
        self.refuse("placectl zones", "export", "list", "no.example")
        for words in (("export",), ("export", "lamp"), ("export", "add"),
                      ("export", "del"), ("reach", "add"),
                      ("reach", "add", "a", "b"), ("flush",),
                      ("flush", "--all", "a")):
            done = self.server.ctl(*words)
            self.assertEqual(done.returncode, 2, words)
            self.assertIn("--help", done.stderr)

    def test_the_journal_knows_that_it_was_the_operator(self):
        self.ctl("export", "add", "lamp", "A")
        log = self.log("room.house.example")
        self.assertIn("serial 2, placectl", log)
        self.assertIn('+ _export.room.house.example. 300 IN TXT "lamp A"', log)

    def test_what_was_said_outlives_a_crash_and_an_import(self):
        self.ctl("export", "add", "lamp", "A")
        self.server.kill()
        self.server.start()
        self.ctl("import", "room.house.example", self.server.write(
            "again.zone", ROOM + "new A 203.0.113.8\n"))
        self.assertEqual(self.short(OUTSIDE, "lamp.room.house.example"),
                         ["203.0.113.7"])

    def test_explain_says_how_to_export(self):
        self.ctl("export", "add", "ns.room", "A")
        name = "lamp.room.house.example"
        out = self.ctl("explain", name, "A", "--from", OUTSIDE)
        hint = f"placectl export add {name}. A"
        self.assertIn(hint, out)
        self.ctl(*hint.split()[1:])
        self.assertEqual(self.short(OUTSIDE, name), ["203.0.113.7"])

    def test_explain_does_not_advise_what_would_be_refused(self):
        self.ctl("export", "add", "ns.house.example.", "A")
        out = self.ctl("explain", "_export.house.example", "TXT", "--from",
                       OUTSIDE)
        self.assertIn("nxdomain", out)
        self.assertNotIn("placectl export add", out)


class UpdateTest(ControlTest):
    """The lists are records: nsupdate changes them, with a key that may."""
    NAME = "lamp.room.house.example"

    def nsupdate(self, *lines, **options):
        return self.server.nsupdate("zone room.house.example", *lines,
                                    **options)

    def test_in_force_when_it_is_acknowledged(self):
        line = '_export.room.house.example 300 TXT "lamp A"'
        for _ in range(20):
            done = self.nsupdate("update add " + line)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(self.short(OUTSIDE, self.NAME), ["203.0.113.7"])
            done = self.nsupdate("update delete " + line)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(self.status(OUTSIDE, self.NAME), "REFUSED")

    def test_the_journal_has_the_key(self):
        self.nsupdate('update add _reach.room.house.example 300 TXT "a.test"')
        log = self.log("room.house.example")
        self.assertIn("127.0.0.1 with key room-key.", log)
        self.assertIn('TXT "a.test"', log)
        self.assertIn("a.test", self.ctl("reach", "list"))

    def test_a_key_for_every_name_has_no_right_to_the_lists(self):
        for line in ('_export.room.house.example 300 TXT "lamp A"',
                     '_reach.room.house.example 300 TXT "world.example"'):
            done = self.nsupdate("update add " + line, key=GUEST)
            self.assertIn("REFUSED", done.stderr)
        self.assertEqual(self.status(OUTSIDE, self.NAME), "REFUSED")
        self.assertEqual(self.ctl("reach", "list"), "")
        refused = self.ctl("log", "--refused")
        self.assertIn("guest-key.", refused)
        self.assertIn("_export.room.house.example.", refused)

    def test_a_wrong_signature_changes_nothing(self):
        done = self.nsupdate(
            'update add _export.room.house.example 300 TXT "lamp A"',
            key="hmac-sha256:room-key.:" + OTHER_SECRET)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(self.ctl("export", "list"), "")

    def test_malformed_entries_are_refused_with_the_reason(self):
        for owner, text, why in (
                ("_export", "lamp", "no type is named"),
                ("_export", "lamp LAMP", "no type; write"),
                ("_export", "lamp A to=10.0.0.0/8", "to= is for later"),
                ("_export", "_reach TXT", "never"),
                ("_reach", ".", "only the configuration"),
                ("_reach", "a b", "behind the name")):
            update = self.server.update("room.house.example")
            update.add(owner, 300, "TXT", f'"{text}"')
            update.use_edns(0)
            reply = self.server.send(update)
            self.assertEqual(reply.rcode(), dns.rcode.REFUSED, text)
            texts = [o.data[2:].decode() if hasattr(o, "data") else o.text
                     for o in reply.options
                     if int(o.otype) == 15]
            self.assertEqual(len(texts), 1, text)
            self.assertIn(why, texts[0])
            self.assertIn(why, self.ctl("log", "--refused", "--last", "1"))
        self.assertEqual(self.ctl("export", "list"), "")


class BlockedTest(ControlTest):
    def test_what_is_not_in_reach_is_refused_and_counted(self):
        for _ in range(3):
            out = self.dig(INSIDE, "www.world.example")
            self.assertIn("status: REFUSED", out)
            self.assertIn("Blocked", out)
        self.dig(INSIDE, "ads.world.example", "TXT")
        self.dig(OUTSIDE, "outside.world.example")
        names = self.server.ctl_json("blocked")
        self.assertEqual([(n.get("name"), n.get("count")) for n in names[:2]],
                         [("www.world.example.", 3),
                          ("ads.world.example.", 1)])
        self.assertEqual(names[0]["from"], INSIDE)
        self.assertEqual(names[1]["type"], "TXT")
        self.assertEqual(names[2], {"ok": True, "total": 4})
        self.assertIn("placectl reach add NAME", self.ctl("blocked"))
        self.ctl("blocked", "--clear")
        self.assertIn("nothing", self.ctl("blocked"))

    def test_an_alias_that_leads_out_is_answered_as_far_as_it_goes(self):
        out = self.dig(INSIDE, "out.room.house.example")
        self.assertIn("status: NOERROR", out)
        self.assertIn("Blocked", out)
        self.assertIn("www.world.example.", self.ctl("blocked"))

    def test_without_an_uplink_reach_says_that_there_is_none(self):
        self.assertIn("uplink: forward",
                      self.ctl("reach", "add", "world.example"))
        self.assertEqual(self.status(INSIDE, "www.world.example"), "SERVFAIL")
        self.assertIn("no uplink",
                      self.ctl("explain", "www.world.example", "A"))
        self.assertIn("0 answers", self.ctl("flush", "--all"))
        self.assertIn("uplink         none", self.ctl("status"))

    def test_special_names_stay_here(self):
        for name in ("www.localhost", "10.in-addr.arpa", "home.arpa",
                     "printer.local", "x.test"):
            self.dig(INSIDE, name)
        self.assertEqual(self.short(INSIDE, "www.localhost"), ["127.0.0.1"])
        self.assertEqual(self.server.ctl_json("blocked"),
                         [{"ok": True, "total": 0}])
        self.assertIn("RFC 6762",
                      self.ctl("explain", "printer.local", "A", "--from",
                               INSIDE))
        self.refuse("RFC 6761", "reach", "add", "localhost")

    def test_an_empty_zone_has_its_soa_and_ns(self):
        reply = self.server.ask("10.in-addr.arpa", "SOA")
        self.assertEqual(reply.answer[0][0].mname.to_text(), "localhost.")
        reply = self.server.ask("10.in-addr.arpa", "NS")
        self.assertEqual(reply.answer[0][0].to_text(), "localhost.")
        reply = self.server.ask("10.in-addr.arpa", "ANY")
        self.assertEqual({r.rdtype for r in reply.answer}, {2, 6})
        reply = self.server.ask("10.in-addr.arpa", "A")
        self.assertEqual((reply.rcode(), len(reply.answer)), (0, 0))
        reply = self.server.ask("1.10.in-addr.arpa", "SOA")
        self.assertEqual(reply.rcode(), dns.rcode.NXDOMAIN)


class ReachTest(ControlTest):
    uplink = True

    def test_what_is_added_is_asked_for_and_nothing_else(self):
        name = "www.world.example"
        self.assertEqual(self.status(INSIDE, name), "REFUSED")
        self.assertEqual(self.world.asked, [])
        self.ctl("reach", "add", "world.example")
        self.assertEqual(self.short(INSIDE, name), ["198.51.100.80"])
        self.assertEqual(self.status(INSIDE, "www.other.example"), "REFUSED")
        self.assertEqual(self.status(OUTSIDE, name), "REFUSED")
        self.assertEqual(set(self.world.asked), {name + "."})
        self.ctl("reach", "del", "world.example")
        self.assertEqual(self.status(INSIDE, name), "REFUSED")

    def test_the_topmost_space_is_meant_unless_another_is_named(self):
        self.ctl("reach", "add", "a.example")
        self.ctl("reach", "add", "b.example", "--zone", "room.house.example")
        got = [(r.get("zone"), r.get("name"))
               for r in self.server.ctl_json("reach", "list")]
        self.assertEqual(got, [("house.example.", "a.example."),
                               ("room.house.example.", "b.example.")])
        self.refuse("--zone", "reach", "del", "b.example")
        self.ctl("reach", "del", "b.example", "--zone", "room.house.example")
        self.assertEqual(len(self.server.ctl_json("reach", "list")), 1)

    def forwarder(self):
        return self.server.ctl_json("status")[0]["uplink"]["forwarders"][0]

    def test_status_tells_of_uplink_cache_and_boundary(self):
        self.ctl("reach", "add", "world.example")
        self.dig(INSIDE, "www.world.example")
        forwarder = self.forwarder()
        self.assertEqual(forwarder["addr"], f"127.0.0.1@{self.world.port}")
        self.assertTrue(forwarder["up"])
        self.assertEqual(forwarder["sent"], len(self.world.asked))
        self.assertEqual(forwarder["answers"], len(self.world.asked))
        status = self.server.ctl_json("status")[0]
        self.assertEqual(status["uplink"]["asked"], 1)
        self.assertEqual(status["boundary"]["reach"], 1)
        self.assertEqual(status["boundary"]["exporting"], 0)
        self.assertGreater(status["cache"]["limit"], 0)
        self.assertIn("forwarder      127.0.0.1@", self.ctl("status"))

    def fill(self, *names):
        """Asks until the cache has them: its writer gathers a moment."""
        for name in names:
            self.dig(INSIDE, name)
        for _ in range(1000):
            status = self.server.ctl_json("status")[0]
            if status["cache"]["entries"] >= len(names):
                return
        self.fail("the cache stays empty")

    def test_flush_makes_it_be_asked_for_again(self):
        self.ctl("reach", "add", "world.example")
        names = ["world.example", "www.world.example", "ftp.world.example"]
        self.fill(*names)
        before = len(self.world.asked)
        for name in names * 4:
            self.assertEqual(self.short(INSIDE, name), ["198.51.100.80"])
        self.assertEqual(len(self.world.asked), before)
        self.assertIn("1 answer ", self.ctl("flush", "www.world.example"))
        for name in names * 2:
            self.short(INSIDE, name)
        self.assertGreater(len(self.world.asked), before)
        self.assertEqual(set(self.world.asked[before:]),
                         {"www.world.example."})

    def test_flush_takes_a_tree_or_all(self):
        self.ctl("reach", "add", "world.example")
        self.fill("world.example", "www.world.example", "a.b.world.example")
        removed = self.server.ctl_json("flush", "--below", "b.world.example")
        self.assertEqual(removed, [{"ok": True, "removed": 1}])
        removed = self.server.ctl_json("flush", "--all")
        self.assertEqual(removed, [{"ok": True, "removed": 2}])

    def test_explain_tells_what_is_cached(self):
        self.ctl("reach", "add", "world.example")
        out = self.ctl("explain", "www.world.example", "A", "--from", INSIDE)
        self.assertIn("world.example. is in reach, by _reach of "
                      "house.example.", out)
        self.assertIn("cached: nothing", out)
        self.fill("www.world.example")
        out = self.ctl("explain", "www.world.example", "A", "--from", INSIDE)
        self.assertIn("cached: fresh", out)
        self.assertIn("198.51.100.80  ; cache", out)
        out = self.ctl("explain", "out.room.house.example", "A")
        self.assertIn("198.51.100.80  ; cache", out)
        self.assertNotIn("cached", self.ctl(
            "explain", "www.world.example", "A", "--from", OUTSIDE))


if __name__ == "__main__":
    tap.main()
