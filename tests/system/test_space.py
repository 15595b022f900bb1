"""Questions about space, asked of a real server with real clients: what moves is
found where it is; children elsewhere are asked; resolvers that ask label by
label get through."""
import json
import os
import random
import signal
import socket
import subprocess
import threading
import time
import unittest

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

import netns
import tap
from harness import SOURCE, WAIT, Server, free_port
from netns import peers

HEAD = """\
$ORIGIN {apex}.
$TTL 300
@ SOA ns hostmaster 1 3600 600 604800 60
@ NS ns
ns A {address}
"""
HALL = HEAD.format(apex="hall.example", address="127.0.0.1") + """\
@ LOC 52 0 0 N 0 6 0 E 0m 200m
lamp LOC 52 0 0.1 N 0 6 0 E 1m 1m 1m 1m
lamp A 192.0.2.1
west LOC 52 0 0 N 0 5 59 E 0m 20m
_geo.west TXT "fp=-500,-500 500,-500 500,500 -500,500" "lvl=0"
east LOC 52 0 0 N 0 6 1 E 0m 20m
_geo.east TXT "fp=-500,-500 500,-500 500,500 -500,500" "lvl=0"
_ipp._tcp PTR Press._ipp._tcp
Press._ipp._tcp SRV 0 0 631 lamp
"""
ANGLES = ("52.0", "0.099722")
WEST, EAST = "52.0n.0.099722e", "52.0n.0.100278e"


class SpaceTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server({"hall.example": HALL}).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def near(self, question, rdtype="PTR"):
        return self.server.values(f"{question}.hall.example", rdtype)

    def test_dig_asks_and_shows(self):
        done = self.server.dig("TXT", "52.0n.0.1e.l0.k1._near.hall.example",
                               "+short")
        self.assertEqual(done.stdout, '"1 0.00 hall.example."\n')
        done = self.server.dig("PTR", f"{WEST}.l0._in.hall.example", "+short")
        self.assertEqual(done.stdout, "west.hall.example.\n")
        for client in (self.server.kdig, self.server.drill):
            done = client("PTR", "_ipp._tcp.52.0n.0.1e.9m._near.hall.example")
            self.assertIn("Press._ipp._tcp.hall.example.", done.stdout)
            self.assertIn("192.0.2.1", done.stdout)

    def test_placectl_says_the_same(self):
        done = self.server.ctl("near", "hall.example", "52.0", "0.1",
                               "--radius", "5")
        self.assertEqual(done.stdout.split(),
                         ["0.00", "m", "hall.example.",
                          "3.09", "m", "lamp.hall.example."])
        done = self.server.ctl("in", "hall.example", "52.0n", "0.099722e")
        self.assertEqual(done.stdout.split()[-1], "west.hall.example.")
        for angles in (("-52.0", "-0.5"), ("--", "-52.0", "-0.5"),
                       ("52.0s", "0.5w")):
            done = self.server.ctl("near", "hall.example", "--k", "1", *angles)
            self.assertEqual(done.stdout.split()[-1], "west.hall.example.",
                             done.stderr)
        done = self.server.ctl("near", "hall.example", "-5x", "-0.5")
        self.assertEqual(done.returncode, 2)
        told = self.server.ctl("--json", "near", "hall.example", "52", "0.1",
                               "--k", "1", "--radius", "3.5").stdout
        self.assertIn('"metres":0.0,', told)
        done = self.server.ctl("--json", "in", "hall.example", *ANGLES)
        self.assertIn('"longitude":0.0997222222222,', done.stdout)
        found = self.server.ctl_json("here", "west.hall.example")
        self.assertTrue(found[-1]["ok"])
        done = self.server.ctl("near", "nowhere.example", "52", "0")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        done = self.server.ctl("near", "hall.example", "north", "0")
        self.assertEqual(done.returncode, 2)

    def test_placectl_draws_a_map(self):
        done = self.server.ctl("places", "hall.example", "--geojson")
        plan = json.loads(done.stdout)
        kinds = {item["properties"]["name"]: item["geometry"]["type"]
                 for item in plan["features"]}
        self.assertEqual(kinds["west.hall.example."], "Polygon")
        self.assertEqual(kinds["lamp.hall.example."], "Point")
        west = next(item for item in plan["features"]
                    if item["properties"]["name"] == "west.hall.example.")
        ring = west["geometry"]["coordinates"][0]
        self.assertEqual(ring[0], ring[-1])
        self.assertAlmostEqual(ring[0][0], 0.0996493, 5)

    def test_no_tail_of_a_question_is_nxdomain(self):
        """RFC 8020, RFC 9156: a resolver asks from the right, a label more
        each time."""
        labels = "_ipp._tcp.52.012345n.0.1e.l0.k5.2.5m._near".split(".")
        for first in range(len(labels)):
            name = ".".join(labels[first:]) + ".hall.example"
            for rdtype in ("A", "NS", "PTR"):
                reply = self.server.ask(name, rdtype)
                self.assertEqual(reply.rcode(), dns.rcode.NOERROR, reply)

    def test_what_is_wrong_is_said(self):
        done = self.server.dig("PTR", "5x._near.hall.example")
        self.assertIn("NXDOMAIN", done.stdout)
        self.assertIn("'5x'", done.stdout)

    def test_many_hits_come_over_tcp(self):
        with Server({"crowd.example": HEAD.format(
                apex="crowd.example", address="127.0.0.1") + "".join(
                    f"desk-{i} LOC 52 0 {i / 100:.3f} N 0 6 0 E 0m\n"
                    for i in range(900))}) as server:
            name = "52.0n.0.1e.9000m._near.crowd.example"
            reply = server.ask(name, "PTR")
            self.assertTrue(reply.flags & dns.flags.TC)
            for rdtype in ("PTR", "TXT"):
                reply = server.ask(name, rdtype, tcp=True)
                self.assertEqual(len(reply.answer[0]), 900)
                self.assertFalse(reply.flags & dns.flags.TC)


class BatchTest(unittest.TestCase):
    """What comes together is foreseen together, and answered no differently."""

    ALONE = ("lamp A", "hall.example SOA", "nobody A", "_tcp A",
             "_ipp._tcp.52.0n.0.1e.9m._near PTR", "52.0n.0.1e.k2._near PTR",
             "52.0n.0.1e._in PTR", "_here.west PTR", "5x._near PTR",
             "1e.5m._near PTR", "52.0n.0.1e.5m._near A",
             "Press._ipp._tcp SRV", "52.0n.0.1e.5m._near.nobody PTR")

    def questions(self):
        discs = [f"52.0000{i:02}n.0.1000{i:02}e.{1 + i}m._near {rdtype}"
                 for i in range(12) for rdtype in ("PTR", "TXT")]
        for i, text in enumerate([*discs, *self.ALONE, *discs[:7]]):
            name, rdtype = text.split()
            if not name.endswith("example"):
                name += ".hall.example"
            yield dns.message.make_query(name, rdtype, id=i + 1,
                                         use_edns=0, payload=1232)

    @staticmethod
    def content(message):
        message.id = 0
        return message.to_text()

    def test_a_pipeline_is_answered_as_each_alone(self):
        queries = list(self.questions())
        with Server({"hall.example": HALL}) as server:
            with socket.create_connection(("127.0.0.1", server.port),
                                          WAIT) as sock:
                wires = [query.to_wire() for query in queries]
                sock.sendall(b"".join(len(wire).to_bytes(2, "big") + wire
                                      for wire in wires))
                together = [dns.query.receive_tcp(sock)[0] for _ in queries]
        with Server({"hall.example": HALL}) as server:
            alone = [server.send(query, tcp=True) for query in queries]
        self.assertEqual([self.content(reply) for reply in together],
                         [self.content(reply) for reply in alone])
        self.assertGreater(sum(len(reply.answer) for reply in alone), 20)

    def test_datagrams_are_answered_as_each_alone(self):
        queries = list(self.questions())
        with Server({"hall.example": HALL}, workers=1) as server:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.settimeout(WAIT)
                server.process.send_signal(signal.SIGSTOP)
                for query in queries:
                    sock.sendto(query.to_wire(), ("127.0.0.1", server.port))
                server.process.send_signal(signal.SIGCONT)
                together = [dns.message.from_wire(sock.recv(65535))
                            for _ in queries]
        with Server({"hall.example": HALL}) as server:
            alone = [server.send(query) for query in queries]
        together.sort(key=lambda reply: reply.id)
        self.assertEqual([self.content(reply) for reply in together],
                         [self.content(reply) for reply in alone])


class HouseTest(unittest.TestCase):
    """The house that README shows around in."""

    def test_the_house_answers_as_told(self):
        folder = os.path.join(SOURCE, "zones", "examples", "house")
        zones = {}
        for room in ("", "lounge.", "kitchen.", "bedroom.", "office."):
            name = (room or "house.")[:-1]
            with open(os.path.join(folder, f"{name}.zone"),
                      encoding="utf-8") as file:
                zones[f"{room}house.home.arpa"] = file.read()
        with open(os.path.join(SOURCE, "README"), encoding="utf-8") as file:
            told = file.read()
        with Server(zones) as server:
            for question in ("52.20533n.0.113073e.2m.l0._near",
                             "52.20533n.0.113073e.l0._in"):
                name = f"{question}.house.home.arpa"
                self.assertIn(name, told)
                lines = server.values(name, "TXT")
                self.assertGreater(len(lines), 0)
                for line in lines:
                    self.assertIn(line, told)
            done = server.ctl("here", "lounge.house.home.arpa")
            self.assertEqual(len(done.stdout.splitlines()), 6)
            for line in done.stdout.splitlines():
                self.assertIn(line, told)


class ResolverTest(unittest.TestCase):
    """Unbound as a client, which asks for one label more at a time and takes
    no for an answer (RFC 9156, strict)."""

    @classmethod
    def setUpClass(cls):
        try:
            folder, libraries = peers.fetch()
        except peers.Unavailable as problem:
            raise unittest.SkipTest(str(problem))
        cls.program = os.path.join(folder, "usr/sbin/unbound")
        if not os.path.exists(cls.program):
            raise unittest.SkipTest("no Unbound among the peers")
        cls.libraries = libraries

    def start(self, server):
        port = free_port()
        home = server.dir
        path = server.write("unbound.conf", f"""\
server:
  directory: "{home}"
  chroot: ""
  username: ""
  pidfile: ""
  interface: 127.0.0.1@{port}
  do-not-query-localhost: no
  do-daemonize: no
  use-syslog: no
  module-config: "iterator"
  qname-minimisation: yes
  qname-minimisation-strict: yes
remote-control:
  control-enable: no
stub-zone:
  name: "hall.example"
  stub-addr: 127.0.0.1@{server.port}
""")
        process = subprocess.Popen(
            [self.program, "-d", "-c", path], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "LD_LIBRARY_PATH": self.libraries})
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        for line in process.stderr:
            if "start of service" in line:
                return port
        self.fail("Unbound does not start")
        return None

    def test_a_resolver_that_minimises_names_gets_the_answer(self):
        with Server({"hall.example": HALL}) as server:
            port = self.start(server)
            for question, rdtype, word in (
                    ("52.0n.0.1e.l0.k1._near", "TXT", "hall.example."),
                    (f"{WEST}.l0._in", "PTR", "west.hall.example."),
                    ("_ipp._tcp.52.0n.0.1e.9m._near", "PTR",
                     "Press._ipp._tcp.hall.example.")):
                query = dns.message.make_query(f"{question}.hall.example",
                                               rdtype)
                reply = dns.query.udp(query, "127.0.0.1", port=port,
                                      timeout=WAIT)
                self.assertIn(word, reply.to_text())


class MovingTest(unittest.TestCase):
    """Acknowledged, a move is seen by the next question; at no moment is
    anything at both ends, or at neither."""

    MOVES = 60
    THINGS = 4

    def setUp(self):
        self.server = Server({"hall.example": HALL}).start()
        self.addCleanup(self.server.close)
        self.failures = []
        self.asked = 0
        self.done = threading.Event()

    def seen(self, thing):
        found = self.server.values("52.0n.0.1e.99m._near.hall.example", "TXT")
        lines = [line.strip('"').split() for line in found]
        return [float(line[1]) for line in lines
                if line[2] == f"{thing}.hall.example."]

    def move(self, thing, seconds):
        update = self.server.update("hall.example")
        update.replace(thing, 300, "LOC",
                       f"52 0 0 N 0 6 {seconds} E 0m 1m 1m 1m")
        self.assertEqual(self.server.send(update).rcode(), 0)

    def watch(self, things):
        """While they move: each is at one place or is not there yet."""
        while not self.done.is_set():
            for thing in things:
                places = self.seen(thing)
                self.asked += 1
                if len(places) != 1:
                    self.failures.append((thing, places))

    def test_what_moves_is_at_one_place_at_a_time(self):
        things = [f"cart-{i}" for i in range(self.THINGS)]
        for thing in things:
            self.move(thing, "0.5")
        watchers = [threading.Thread(target=self.watch, args=(things,))
                    for _ in range(2)]
        for watcher in watchers:
            watcher.start()
        seed = random.randrange(1 << 30)
        chance = random.Random(seed)
        try:
            for _ in range(self.MOVES):
                thing = chance.choice(things)
                tenths = chance.randrange(30)
                self.move(thing, f"{tenths / 10}")
                metres = tenths / 10 / 3600 * 111194.93 * 0.6156615
                places = self.seen(thing)
                self.assertEqual(len(places), 1, (seed, thing, places))
                self.assertAlmostEqual(places[0], metres, delta=0.05,
                                       msg=f"seed {seed}")
        finally:
            self.done.set()
            for watcher in watchers:
                watcher.join()
        self.assertEqual(self.failures, [])
        self.assertGreater(self.asked, self.THINGS)

    def riders(self):
        """What comes along with the hits: name, type and data of each RR."""
        reply = self.server.ask("52.0n.0.1e.99m._near.hall.example", "PTR",
                                tcp=True)
        return {(rrset.name.to_text(), rrset.ttl, item.to_text())
                for rrset in reply.additional for item in rrset}

    def stored(self, *asked):
        """The same, asked for one by one."""
        replies = (self.server.ask(f"{name}.hall.example", rdtype)
                   for name, rdtype in asked)
        return {(rrset.name.to_text(), rrset.ttl, item.to_text())
                for reply in replies for rrset in reply.answer
                for item in rrset}

    def test_what_rides_along_is_what_stands_there_now(self):
        own = [("lamp", rdtype) for rdtype in ("LOC", "A", "AAAA", "TXT")]
        radios = [(f"_{radio}.lamp", rdtype)
                  for radio in ("ble", "zigbee", "lora", "wifi", "dtmf")
                  for rdtype in ("EUI48", "EUI64", "TXT")]
        rest = {rider for rider in self.riders()
                if "lamp" not in rider[0]}
        for act, *words in (
                ("replace", "lamp", 60, "A", "192.0.2.7"),
                ("add", "lamp", 60, "A", "192.0.2.8"),
                ("add", "_zigbee.lamp", 90, "EUI64",
                 "00-11-22-33-44-55-66-77"),
                ("add", "_dtmf.lamp", 90, "TXT", "*7"),
                ("replace", "lamp", 61, "LOC", "52 0 0.2 N 0 6 0 E 1m"),
                ("add", "lamp", 60, "TXT", "on"),
                ("add", "lamp", 60, "TXT", "long" * 60),
                ("delete", "_zigbee.lamp", "EUI64"),
                ("delete", "lamp", "A"),
                ("replace", "_dtmf.lamp", 30, "TXT", "#"),
                ("delete", "_dtmf.lamp"),
                ("delete", "lamp", "TXT"),
                ("delete", "lamp")):
            update = self.server.update("hall.example")
            getattr(update, act)(*words)
            self.assertEqual(self.server.send(update).rcode(), 0, words)
            self.assertEqual(self.riders(),
                             rest | self.stored(*own, *radios), (act, words))

    def test_rooms_follow_too(self):
        cart = "52.0n.0.1e._in.hall.example"
        self.assertEqual(self.server.values(cart, "PTR"), set())
        update = self.server.update("hall.example")
        update.replace("west", 300, "LOC", "52 0 0 N 0 6 0 E 0m 20m")
        self.assertEqual(self.server.send(update).rcode(), 0)
        self.assertEqual(self.server.values(cart, "PTR"),
                         {"west.hall.example."})
        self.assertEqual(
            self.server.values(f"{WEST}._in.hall.example", "PTR"), set())


TOWER = """\
@ LOC 52 0 0 N 0 6 0 E 0m 200m
bell LOC 52 0 1 N 0 6 0 E 9m 1m 1m 1m
f1 NS ns.f1
ns.f1 A 10.3.0.2
f1._cover LOC 52 0 0 N 0 5 59 E 0m 20m
_geo.f1._cover TXT "fp=-900,-500 900,-500 900,500 -900,500"
f2 NS ns.f2
ns.f2 A 10.3.0.3
f2._cover LOC 52 0 0 N 0 6 1 E 0m 20m
_geo.f2._cover TXT "fp=-900,-500 900,-500 900,500 -900,500"
"""
FLOOR = """\
cat LOC 52 0 0 N 0 {cat} E 0m 1m 1m 1m
cat A 192.0.2.99
dog LOC 52 0 0.1 N 0 {cat} E 0m 1m 1m 1m
_export TXT "cat LOC A" "dog LOC" "_near PTR TXT" "_in PTR TXT"
"""


class Tower(netns.SpacesTest):
    """A tower and its two floors, each on a machine of its own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.switch = cls.keep(netns.Switch())
        cls.tower = cls.place("10.3.0.1", "tower.example", TOWER)
        cls.f1 = cls.place("10.3.0.2", "f1.tower.example",
                           FLOOR.format(cat="5 59"))
        cls.f2 = cls.place("10.3.0.3", "f2.tower.example",
                           FLOOR.format(cat="6 1"))

    @classmethod
    def place(cls, address, apex, text):
        space = cls.keep(netns.Space())
        cls.switch.join(space, f"{address}/24")
        return cls.keep(netns.Place(
            space, [address],
            {apex: HEAD.format(apex=apex, address=address) + text},
            inside="127.0.0.0/8")).start()

    def ask(self, name, rdtype="PTR", recursive=True):
        flags = dns.flags.RD if recursive else 0
        return self.tower.ask(f"{name}.tower.example", rdtype, use_edns=0,
                              flags=flags)

    def texts(self, reply):
        return [item.to_text().strip('"') for rrset in reply.answer
                for item in rrset]


class ChildrenTest(Tower):
    def test_children_are_gathered_and_merged_by_distance(self):
        reply = self.ask("52.0n.0.1e.40m._near", "TXT")
        self.assertEqual(self.texts(reply), [
            "1 0.00 tower.example.",
            "2 19.02 cat.f1.tower.example.",
            "3 19.02 cat.f2.tower.example.",
            "4 19.27 dog.f1.tower.example.",
            "5 19.27 dog.f2.tower.example.",
            "6 30.89 bell.tower.example."])
        self.assertFalse(reply.flags & dns.flags.AA)
        reply = self.ask("52.0n.0.1e.40m._near")
        self.assertEqual(len(self.texts(reply)), 6)

    def test_where_a_childs_hits_are_comes_along(self):
        reply = self.tower.ask("52.0n.0.1e.40m._near.tower.example", "PTR",
                               flags=dns.flags.RD)
        told = {(rrset.name.to_text(), rrset.rdtype)
                for rrset in reply.additional}
        for floor in ("f1", "f2"):
            cat = f"cat.{floor}.tower.example."
            self.assertIn((cat, dns.rdatatype.LOC), told)
            self.assertIn((cat, dns.rdatatype.A), told)
            self.assertIn((f"dog.{floor}.tower.example.",
                           dns.rdatatype.LOC), told)

    def test_a_region_in_one_cover_is_the_childs(self):
        reply = self.ask(f"{WEST}.2m._near")
        self.assertEqual(self.texts(reply), [
            f"{WEST}.2m._near.f1.tower.example.",
            "cat.f1.tower.example."])
        reply = self.ask(f"{WEST}.2m._near", recursive=False)
        self.assertEqual(self.texts(reply),
                         [f"{WEST}.2m._near.f1.tower.example."])

    def test_who_asks_without_recursion_goes_on_alone(self):
        reply = self.ask("52.0n.0.1e.22m._near", recursive=False)
        self.assertEqual(sorted(self.texts(reply)), [
            "52.0n.0.1e.22m._near.f1.tower.example.",
            "52.0n.0.1e.22m._near.f2.tower.example.",
            "tower.example."])
        self.assertTrue(reply.flags & dns.flags.AA)


class ChildGoneTest(Tower):
    def test_a_child_that_is_gone_holds_nobody_up(self):
        self.f2.kill()
        began = time.monotonic()
        reply = self.ask("52.0n.0.1e.25m._near", "TXT")
        self.assertLess(time.monotonic() - began, 2)
        self.assertEqual(sorted(self.texts(reply)), [
            "- - 52.0n.0.1e.25m._near.f2.tower.example.",
            "1 0.00 tower.example.",
            "2 19.02 cat.f1.tower.example.",
            "3 19.27 dog.f1.tower.example."])

    def test_one_that_all_is_handed_to_holds_nobody_up(self):
        self.f2.kill()
        began = time.monotonic()
        reply = self.ask(f"{EAST}.2m._near")
        self.assertLess(time.monotonic() - began, 2)
        self.assertEqual(reply.rcode(), dns.rcode.NOERROR)
        self.assertEqual(self.texts(reply),
                         [f"{EAST}.2m._near.f2.tower.example."])


if __name__ == "__main__":
    tap.main()
