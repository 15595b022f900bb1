"""A forwarder that lies, stalls or is not who it says: nothing false is
answered or kept, work is bounded, and whoever waits is told in time.

Each lie has a name of its own (tests/system/forwarder.py), whose first label
says what the forwarder does to it.
"""
import socket
import struct
import time
import unittest

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode

import tap
from forwarder import LIE, TRUTH, Certificates, Forwarder, lie, reply_to, truth
from harness import Server

ROOM = """\
$ORIGIN room.example.
$TTL 300
@ SOA ns hostmaster 41 3600 600 604800 60
@ NS ns
ns A 127.0.0.1
lamp A 192.0.2.1
"""
VICTIM = "www.bank.example"
TOLD_SECONDS = 6.5  # the resolver's own deadline is 5
SENDS_MAX = 32  # messages for one question (resolver/resolve.h)
FLOOD = 300
STALLS_NOTHING = 2.0  # for what is answered at once
SOON = .1  # the same, by a quarter of them: others use this machine, too


def changed(wire, at, to):
    return wire[:at] + to + wire[at + len(to):]


def flipped(name):
    """Every letter in the other case: never what was asked."""
    return dns.name.Name([bytes(c ^ 0x20 if chr(c).isalpha() else c
                                for c in label) for label in name.labels])


# --- what does not match, then the truth --------------------------------------

def first(*forgeries):
    """A script: these, and then the truth."""
    def script(question):
        for forgery in forgeries:
            forgery(question)
        question.send(truth(question.query))
    return script


def wrong_ids(question):
    forged = lie(question.query)
    for n in range(1, FLOOD):
        ident = struct.pack("!H", (question.query.id + n * 211) & 0xffff)
        if ident != forged[:2]:
            question.send(changed(forged, 0, ident))


def wrong_port(question):
    if not question.is_udp:
        return
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        question.send(lie(question.query), by=other)


def wrong_address(question):
    if not question.is_udp:
        return
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.2", question.forwarder.address[1]))
        question.send(lie(question.query), by=other)


def wrong_letters(question):
    if not question.is_udp:
        return
    query = dns.message.from_wire(question.wire)
    query.question[0].name = flipped(question.name)
    question.send(lie(query))


def other_question(question):
    """Another name, one that differs in an octet, another type, class."""
    asked = question.name
    like = dns.name.Name((b"z" + asked.labels[0][1:], *asked.labels[1:]))
    for name, rdtype, rdclass in ((dns.name.from_text(VICTIM), 1, 1),
                                  (like, 1, 1), (asked, 28, 1), (asked, 1, 3)):
        query = dns.message.from_wire(question.wire)
        asks = query.question[0]
        asks.name, asks.rdtype, asks.rdclass = name, rdtype, rdclass
        question.send(reply_to(query, (VICTIM + ".", "A", LIE),
                               (name.to_text(), "A", LIE),
                               (asked.to_text(), "A", LIE)))


def no_question(question):
    forged = reply_to(question.query, (None, "A", LIE))
    end = 12 + len(question.name.to_wire()) + 4
    # The answer's owner pointed to the question: it is written out.
    record = question.name.to_wire() + forged[end + 2:end + 16]
    question.send(struct.pack("!6H", question.query.id, 0x8180, 0, 1, 0, 0) +
                  record)


def not_a_reply(question):
    forged = lie(question.query)
    question.send(changed(forged, 2, bytes([forged[2] & 0x7f])))
    question.send(changed(forged, 2, bytes([forged[2] | 0x28])))
    for length in (0, 1, 11, 13):
        question.send(forged[:length])


MISMATCHES = {
    "wrong-id": wrong_ids, "wrong-port": wrong_port,
    "wrong-address": wrong_address, "wrong-letters": wrong_letters,
    "other-question": other_question, "no-question": no_question,
    "not-a-reply": not_a_reply,
}


# --- what matches, and brings more than was asked for -------------------------

def extra(question):
    question.send(reply_to(
        question.query, (None, "A", TRUTH), (VICTIM + ".", "A", LIE),
        authority=[("bank.example.", "NS", "ns.bank.example."),
                   ("example.", "NS", "ns.bank.example.")],
        additional=[("ns.bank.example.", "A", LIE), (VICTIM + ".", "A", LIE),
                    ("lamp.room.example.", "A", LIE)]))


def only_extra(question):
    question.send(reply_to(question.query, (VICTIM + ".", "A", LIE), aa=True))


def poison_by_nxdomain(question):
    question.send(reply_to(question.query, rcode=3, authority=[
        ("bank.example.", "SOA", "ns. host. 1 9999 9999 9999 9999")]))


def refers_to_itself(question):
    question.send(reply_to(question.query, authority=[
        ("world.example.", "NS", "ns.world.example.")], additional=[
            ("ns.world.example.", "A", LIE)]))


def chain_home(question):
    """A name of the room's own, with another address."""
    question.send(reply_to(
        question.query, (None, "CNAME", "lamp.room.example."),
        ("lamp.room.example.", "A", LIE)))


def two_cnames(question):
    question.send(reply_to(question.query, (None, "CNAME", VICTIM + "."),
                           (None, "CNAME", "x.bank.example."),
                           (VICTIM + ".", "A", LIE)))


def cname_and_data(question):
    question.send(reply_to(question.query, (None, "CNAME", VICTIM + "."),
                           (None, "A", LIE), (VICTIM + ".", "A", LIE)))


# --- loops --------------------------------------------------------------------

def loop_in_one(question):
    question.send(reply_to(question.query,
                           (None, "CNAME", "b.world.example."),
                           ("b.world.example.", "CNAME",
                            question.name.to_text())))


def loop_in_steps(question):
    other = {b"loop-a": "loop-b", b"loop-b": "loop-a"}
    to = other[question.name.labels[0].lower()]
    question.send(reply_to(question.query,
                           (None, "CNAME", f"{to}.world.example.")))


def loop_for_ever(question):
    depth = len(question.name.labels)
    question.send(reply_to(question.query, (
        None, "CNAME", f"endless.n{depth}.{question.name}")))


# --- too much, too late, too slow ---------------------------------------------

def late(question):
    if question.forwarder.count("late") > 1:  # the second copy's turn
        for _ in range(5):
            question.send(truth(question.query))


def truncated(question):
    wire = bytearray(lie(question.query))
    wire[2] |= 2
    question.send(bytes(wire))


def then_by_tcp(tail):
    def script(question):
        if question.is_udp:
            truncated(question)
        else:
            tail(question)
    return script


def byte_by_byte(question):
    wire = truth(question.query)
    for octet in struct.pack("!H", len(wire)) + wire:
        question.octets(bytes([octet]))


def never_ends(question):
    """A message of which there is always one more octet to come."""
    question.octets(struct.pack("!H", 65535) + truth(question.query))
    while not question.forwarder.stopping.wait(.02):
        question.octets(b"\0")


def closes(question):
    question.hang_up()


def closes_within(question):
    wire = truth(question.query)
    question.octets(struct.pack("!H", len(wire)) + wire[:-3])
    question.hang_up()


def truncated_again(question):
    truncated(question)


def enormous(question):
    addresses = [f"198.18.{n >> 8}.{n & 255}" for n in range(4000)]
    question.send(reply_to(question.query, (None, "A", *addresses)))


def enormous_junk(question):
    head = bytearray(truth(question.query))
    struct.pack_into("!H", head, 6, 5000)
    question.send((bytes(head) + b"\xc0\x0c" * 40000)[:65535])


def silent(_):
    pass


def broken(question):
    question.send(truth(question.query)[:-3])


def refused(question):
    question.send(reply_to(question.query, rcode=5))


class ForwarderTest(unittest.TestCase):
    scripts = {}

    def setUp(self):
        self.forwarder = Forwarder(self.scripts).start()
        self.addCleanup(self.forwarder.close)
        self.server = self.serve(f"forward: [ {self.forwarder.at} ]")

    def serve(self, settings):
        server = Server(zones={"room.example": ROOM}, workers=1, settings=(
            f"uplink:\n  {settings}\n"
            "  reach: [ world.example, bank.example ]\n"))
        self.addCleanup(server.close)
        return server.start()

    def ask(self, label, rdtype="A", tcp=False, **options):
        name = label if label.endswith(".example") else \
            f"{label}.world.example"
        return self.server.ask(name, rdtype, tcp, use_edns=0, payload=1232,
                               **options)

    def told(self, labels, rdtype="A", at_once=100):
        """So many asked at once: label -> (reply, seconds until it came)."""
        found, waiting = {}, {}
        left = list(labels)
        end = time.monotonic() + TOLD_SECONDS
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.connect(("127.0.0.1", self.server.port))
            while left or waiting:
                while left and len(waiting) < at_once:
                    label = left.pop()
                    query = dns.message.make_query(
                        f"{label}.world.example", rdtype, use_edns=0,
                        id=len(left))
                    waiting[len(left)] = label, time.monotonic()
                    udp.send(query.to_wire())
                seconds = end - time.monotonic()
                self.assertGreater(seconds, 0,
                                   f"not told: {waiting.values()}")
                udp.settimeout(seconds)
                try:
                    reply = dns.message.from_wire(udp.recv(65535))
                except socket.timeout:
                    continue
                label, began = waiting.pop(reply.id)
                found[label] = reply, time.monotonic() - began
        return found

    def ede(self, reply):
        return [option.code for option in reply.options
                if isinstance(option, dns.edns.EDEOption)]

    def addresses(self, reply):
        return {item.to_text() for rrset in reply.answer for item in rrset
                if rrset.rdtype in (1, 28)}

    def assert_true(self, reply):
        self.assertEqual(reply.rcode(), dns.rcode.NOERROR, reply)
        self.assertEqual(self.addresses(reply), {TRUTH}, reply)
        self.assert_no_lie(reply)

    def assert_no_lie(self, reply):
        self.assertNotIn(LIE, reply.to_text())

    def assert_failed(self, reply):
        self.assertEqual(reply.rcode(), dns.rcode.SERVFAIL, reply)
        self.assertEqual(reply.answer, [])
        self.assertEqual(len(self.ede(reply)), 1, reply)

    def assert_nothing_kept(self):
        """The victim's name is the truth, and was asked for; the room's own
        is as it was. Twice: what came first may only then be in the cache."""
        for _ in range(2):
            self.assert_true(self.ask(VICTIM))
            self.assertEqual(self.addresses(self.ask("lamp.room.example")),
                             {"192.0.2.1"})
        self.assertGreater(self.forwarder.count("www"), 0)
        self.server.ctl("flush", VICTIM)

    def assert_bounded(self, label, most=SENDS_MAX):
        self.assertLessEqual(self.forwarder.count(label), most)


class MismatchTest(ForwarderTest):
    scripts = {label: first(forgery)
               for label, forgery in MISMATCHES.items()}

    def test_what_does_not_match_is_passed_over_and_waited_on(self):
        # few at once: where others use this machine, a forwarder that asks
        # for much of it at a time is late for all of them
        for label, (reply, seconds) in self.told(MISMATCHES,
                                                 at_once=3).items():
            with self.subTest(label):
                self.assert_true(reply)
                self.assertLess(seconds, STALLS_NOTHING)
                self.assert_bounded(label, 6)
                self.assert_true(self.ask(label))  # as it was kept
        self.assert_nothing_kept()

    def test_only_what_does_not_match_is_no_answer(self):
        self.forwarder.scripts = {
            label: forgery for label, forgery in MISMATCHES.items()}
        for label, (reply, _) in self.told(MISMATCHES).items():
            with self.subTest(label):
                self.assertNotEqual(self.addresses(reply), {LIE})
                self.assert_no_lie(reply)
                self.assert_bounded(label)
        self.forwarder.scripts = {}
        self.wait_healed()
        self.assert_nothing_kept()

    def wait_healed(self):
        end = time.monotonic() + 10
        while time.monotonic() < end:
            if self.ask("healed").rcode() == 0:
                return
        self.fail("the forwarder tells the truth, and is not believed")


class ExtraTest(ForwarderTest):
    scripts = {
        "extra": extra, "only-extra": only_extra,
        "poison": poison_by_nxdomain, "refers": refers_to_itself,
        "home": chain_home, "two": two_cnames, "both": cname_and_data,
    }

    def test_records_beyond_the_question_are_neither_given_nor_kept(self):
        self.assert_true(self.ask("extra"))
        self.assert_true(self.ask("extra"))
        self.assert_nothing_kept()
        reply = self.ask("only-extra")
        self.assertEqual(self.addresses(reply), set(), reply)
        self.assert_nothing_kept()

    def test_an_alias_from_abroad_does_not_lead_inside(self):
        reply = self.ask("home")
        self.assertEqual(self.addresses(reply), set(), reply)
        self.assertEqual(len(reply.answer), 1, reply)
        self.assert_nothing_kept()

    def test_what_contradicts_itself_is_no_answer(self):
        for label in ("poison", "refers", "two", "both"):
            with self.subTest(label):
                reply = self.ask(label)
                self.assert_failed(reply)
                self.assert_bounded(label, 4)
                self.assert_nothing_kept()


class LoopTest(ForwarderTest):
    scripts = {
        "loop-one": loop_in_one, "loop-a": loop_in_steps,
        "loop-b": loop_in_steps, "endless": loop_for_ever,
    }

    def test_loops_end_soon_and_are_not_asked_for_again(self):
        for label in ("loop-one", "loop-a", "endless"):
            with self.subTest(label):
                reply = self.ask(label)
                self.assert_failed(reply)
                before = len(self.forwarder.asked)
                self.assertLessEqual(before, SENDS_MAX + 1)
                for _ in range(20):
                    self.assert_failed(self.ask(label))
                self.assertEqual(len(self.forwarder.asked), before)
                self.forwarder.asked.clear()
        self.assert_nothing_kept()


class PrivateTest(ForwarderTest):
    LOW = ("10.0.0.1", "172.16.3.4", "192.168.1.1", "127.0.0.1", "0.0.0.0",
           "169.254.1.1", "100.64.0.1")
    LOW6 = ("::1", "::", "fe80::1", "fd00::1", "::ffff:10.0.0.1",
            "64:ff9b::a00:1")

    def test_no_foreign_name_leads_inside(self):
        for n, address in enumerate(self.LOW + self.LOW6):
            rdtype = "AAAA" if ":" in address else "A"
            self.forwarder.scripts[f"p{n}"] = lambda question, \
                rdtype=rdtype, address=address: question.send(
                    reply_to(question.query, (None, rdtype, address)))
            for _ in range(2):
                reply = self.ask(f"p{n}", rdtype)
                self.assertEqual(reply.rcode(), dns.rcode.NOERROR, reply)
                self.assertEqual(reply.answer, [], address)

    def test_beside_public_ones_only_the_private_are_left_out(self):
        self.forwarder.scripts["mixed"] = lambda question: question.send(
            reply_to(question.query, (None, "A", "10.0.0.1", TRUTH,
                                      "127.0.0.1")))
        self.forwarder.scripts["chain"] = lambda question: question.send(
            reply_to(question.query, (None, "CNAME", "x.bank.example."),
                     ("x.bank.example.", "A", "192.168.0.1")))
        self.assert_true(self.ask("mixed"))
        self.assert_true(self.ask("mixed"))
        reply = self.ask("chain")
        self.assertEqual(self.addresses(reply), set(), reply)


class SlowTest(ForwarderTest):
    scripts = {
        "late": late, "twice": first(lambda q: q.send(truth(q.query))),
        "bytes": then_by_tcp(byte_by_byte), "never": then_by_tcp(never_ends),
        "closes": then_by_tcp(closes), "within": then_by_tcp(closes_within),
        "again": then_by_tcp(truncated_again),
        "enormous": then_by_tcp(enormous), "junk": then_by_tcp(enormous_junk),
        "silent": silent, "broken": broken, "refused": refused,
    }

    def test_late_twice_and_in_pieces_are_answers(self):
        told = self.told(["late", "twice", "bytes"])
        for label, (reply, _) in told.items():
            with self.subTest(label):
                self.assert_true(reply)
                self.assert_bounded(label, 8)

    def test_what_never_comes_to_an_end_is_told_in_time(self):
        labels = ["never", "closes", "within", "again", "junk", "silent",
                  "broken", "refused"]
        for label, (reply, seconds) in self.told(labels).items():
            with self.subTest(label):
                self.assert_failed(reply)
                self.assert_bounded(label)
                self.assertLess(seconds, TOLD_SECONDS)
        self.assertLessEqual(self.forwarder.connections, 3 * len(labels))
        self.assertEqual(self.addresses(self.ask("lamp.room.example")),
                         {"192.0.2.1"})

    def test_an_enormous_answer_is_given_whole_or_not_at_all(self):
        reply = self.ask("enormous")
        self.assertLessEqual(len(reply.to_wire()), 1232)
        self.assertTrue(reply.flags & dns.flags.TC or
                        reply.rcode() == dns.rcode.SERVFAIL, reply.flags)
        whole = self.ask("enormous", tcp=True)
        self.assertIn(len(self.addresses(whole)), (0, 4000))
        self.assert_bounded("enormous", 6)

    def test_others_are_served_while_some_wait(self):
        query = dns.message.make_query("never.world.example", "A", use_edns=0)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.connect(("127.0.0.1", self.server.port))
            for n in range(40):  # the same question, and its like
                query.id = n
                udp.send(query.to_wire())
            taken = []
            for n in range(20):
                began = time.monotonic()
                self.assert_true(self.ask(f"other{n}"))
                self.assertEqual(
                    self.addresses(self.ask("lamp.room.example")),
                    {"192.0.2.1"})
                taken.append(time.monotonic() - began)
            self.assertLess(sorted(taken)[5], SOON, taken)
            udp.settimeout(TOLD_SECONDS)
            replies = [dns.message.from_wire(udp.recv(65535))
                       for _ in range(40)]
        for reply in replies:
            self.assert_failed(reply)
        self.assert_bounded("never")


class TlsTest(ForwarderTest):
    NAME = "dns.world.example"
    EXPIRED = ("20200101000000Z", "20210101000000Z")
    UNBORN = ("21200101000000Z", "21210101000000Z")

    @classmethod
    def setUpClass(cls):
        cls.made = Certificates()
        cls.addClassCleanup(cls.made.close)
        made = cls.made
        made.make("self", f"/CN={cls.NAME}", name=cls.NAME)
        cls.contexts = {
            "good": made.issue("good", cls.NAME),
            "other name": made.issue("other", "dns.bank.example"),
            "name in another's": made.issue("tail", "x." + cls.NAME),
            "expired": made.issue("old", cls.NAME, *cls.EXPIRED),
            "not yet valid": made.issue("new", cls.NAME, *cls.UNBORN),
            "self-signed": made.context("self"),
        }

    def setUp(self):
        pass

    def over(self, context):
        self.forwarder = Forwarder(tls=context).start()
        self.addCleanup(self.forwarder.close)
        self.server = self.serve(
            f"forward: [ {self.forwarder.at}#{self.NAME} ]\n"
            f"  ca-file: {self.made.ca}")

    def test_who_is_who_it_says_is_asked(self):
        self.over(self.contexts["good"])
        self.assert_true(self.ask("www"))
        self.assertEqual({transport for transport, *_ in self.forwarder.asked},
                         {"tls"})
        self.assertEqual(self.forwarder.datagrams, 0)

    def test_who_is_not_is_told_nothing(self):
        for why, context in self.contexts.items():
            if why == "good":
                continue
            with self.subTest(why):
                self.over(context)
                began = time.monotonic()
                for _ in range(3):
                    self.assert_failed(self.ask("www"))
                self.assertLess(time.monotonic() - began, TOLD_SECONDS)
                self.assertGreater(self.forwarder.connections, 0)
                self.assertLessEqual(self.forwarder.connections, 6)
                self.assert_told_nothing()

    def test_who_speaks_no_tls_is_told_nothing(self):
        self.over(None)
        self.assert_failed(self.ask("www"))
        self.assert_told_nothing()

    def assert_told_nothing(self):
        self.assertEqual(self.forwarder.asked, [])
        self.assertEqual(self.forwarder.datagrams, 0)
        self.assertEqual(self.addresses(self.ask("lamp.room.example")),
                         {"192.0.2.1"})


if __name__ == "__main__":
    tap.main()
