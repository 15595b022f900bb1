"""A hostile client against the real daemon: messages that are cut, bent or
noise, updates that are forged or out of all proportion, connections that give
nothing and take everything, files that are not what they should be. Whatever
comes, the server answers as the RFCs say or not at all, keeps its store, and
others are served meanwhile."""
import contextlib
import errno
import hashlib
import hmac
import os
import random
import resource
import select
import socket
import struct
import time
import unittest

import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

import tap
from harness import OTHER_SECRET, PLACED, SECRET, Server, run

import base64

NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = range(6)
NOTAUTH, NOTZONE = 9, 10
BADVERS, BADSIG, BADKEY, BADTIME = 16, 16, 17, 18
A, NS, SOA, TXT, AAAA, OPT, TSIG, ANY = 1, 2, 6, 16, 28, 41, 250, 255
IN, CH, NONE = 1, 3, 254
UPDATE = 5 << 11
SEED = 20261124
BATCH = 24  # datagrams between two barriers; a socket's buffer holds them
BARRIER = 0xfade

ROOM = """\
$ORIGIN room.example.
$TTL 300
@ SOA ns hostmaster 41 3600 600 604800 60
@ NS ns
ns A 127.0.0.1
lamp A 192.0.2.1
lamp TXT "on"
alias CNAME lamp
* A 192.0.2.42
sub NS ns.sub
ns.sub A 192.0.2.53
""" + "".join(f'big TXT "{n:04} {"x" * 200}"\n' for n in range(150))

RULES = """\
      - { key: room-key., names: [ "*", "@" ], types: [ ANY ] }
"""


# --- messages ---------------------------------------------------------------

def name(text):
    return dns.name.from_text(text).to_wire()


def rr(owner, rdtype, rdclass, ttl, rdata=b""):
    return owner + struct.pack("!HHIH", rdtype, rdclass, ttl,
                               len(rdata)) + rdata


def opt(payload=1232, version=0, flags=0, options=b"", owner=b"\0"):
    return rr(owner, OPT, payload, version << 16 | flags, options)


def message(flags=0, qname=None, qtype=A, qclass=IN, answer=(), authority=(),
            additional=(), ident=1):
    question = b"" if qname is None else (
        qname + struct.pack("!HH", qtype, qclass))
    return struct.pack("!6H", ident, flags, qname is not None, len(answer),
                       len(authority), len(additional)) + question + b"".join(
                           [*answer, *authority, *additional])


def signed(wire, key="room-key.", secret=SECRET, algorithm="hmac-sha256",
           when=None, fudge=300, cut=None, digest=None):
    """The message with a TSIG; cut: octets of the MAC that are sent."""
    when = int(time.time()) if when is None else when
    variables = (name(key).lower() + struct.pack("!HI", ANY, 0) +
                 name(algorithm) + struct.pack("!HIHHH", when >> 32,
                                               when & 0xffffffff, fudge, 0, 0))
    kind = digest or algorithm.removeprefix("hmac-")
    if kind not in hashlib.algorithms_available:
        kind = "sha256"
    mac = hmac.new(base64.b64decode(secret), wire + variables, kind).digest()
    if cut is not None:
        mac = (mac + bytes(64))[:cut]
    rdata = (name(algorithm) + struct.pack("!HIHH", when >> 32,
                                           when & 0xffffffff, fudge, len(mac))
             + mac + wire[:2] + bytes(4))
    return with_more(wire, rr(name(key), TSIG, ANY, 0, rdata))


def with_more(wire, *records):
    """The message with these behind it, counted as additional."""
    count = struct.unpack("!H", wire[10:12])[0] + len(records)
    return wire[:10] + struct.pack("!H", count) + wire[12:] + b"".join(records)


def update(*records, zone="room.example", ident=1, **options):
    return message(UPDATE, name(zone), SOA, authority=records, ident=ident,
                   **options)


def add(owner, rdtype=A, rdata=b"\xc0\0\2\x63", ttl=60):
    return rr(name(owner), rdtype, IN, ttl, rdata)


def flipped(wire, bit):
    changed = bytearray(wire)
    changed[bit // 8] ^= 0x80 >> bit % 8
    return bytes(changed)


def ident_of(wire):
    return struct.unpack("!H", wire[:2])[0]


class Reply:
    """A message as it is on the wire, read to its last octet."""

    def __init__(self, wire):
        (self.ident, self.flags, *counts) = struct.unpack("!6H", wire[:12])
        self.rcode = self.flags & 15
        self.tsig_error = None  # and the length of the MAC
        at = 12
        for _ in range(counts[0]):
            at += dns.name.from_wire(wire, at)[1] + 4
        for _ in range(sum(counts[1:])):
            at += dns.name.from_wire(wire, at)[1]
            rdtype, _, ttl, length = struct.unpack("!HHIH", wire[at:at + 10])
            at += 10
            if rdtype == OPT:
                self.rcode |= ttl >> 24 << 4
            if rdtype == TSIG:
                self.read_tsig(wire, at)
            at += length
        if at != len(wire):
            raise AssertionError(f"the reply is malformed: {wire.hex()}")

    def read_tsig(self, wire, at):
        at += dns.name.from_wire(wire, at)[1] + 8
        mac = struct.unpack("!H", wire[at:at + 2])[0]
        at += 2 + mac + 2
        self.tsig_error = struct.unpack("!H", wire[at:at + 2])[0], mac


def rcode_of(reply):
    """None for silence; the extended rcode if there is an OPT."""
    return None if reply is None else Reply(reply).rcode


class Flow:
    """One UDP socket: what is sent by it comes to one worker, in order."""

    def __init__(self, server, source="127.0.0.1"):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.bind((source, 0))
        self.socket.connect(("127.0.0.1", server.port))
        self.socket.settimeout(10)
        self.barrier = message(0, name("barrier.room.example"), A,
                               ident=BARRIER)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def replies(self, messages):
        """What came back until a question that was asked after them all was
        answered; asked again should the flood have washed it away."""
        found = []
        for wire in messages:
            self.socket.send(wire)
        self.socket.send(self.barrier)
        while True:
            try:
                reply = self.socket.recv(65535)
            except socket.timeout:
                self.socket.send(self.barrier)
                continue
            if ident_of(reply) == BARRIER:
                return found
            found.append(reply)

    def exchange(self, messages):
        """One reply or None for each message, told by their IDs."""
        answers = []
        for start in range(0, len(messages), BATCH):
            batch = [struct.pack("!H", start + n & 0x7fff) + wire[2:]
                     if len(wire) >= 2 else wire
                     for n, wire in enumerate(messages[start:start + BATCH])]
            found = {ident_of(reply): reply for reply in self.replies(batch)}
            answers += [found.get(ident_of(wire)) if len(wire) >= 2 else None
                        for wire in batch]
        return answers


class Stream:
    """One TCP connection."""

    def __init__(self, server, source="127.0.0.1"):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socket.settimeout(20)
        self.socket.bind((source, 0))
        self.socket.connect(("127.0.0.1", server.port))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, wire):
        self.socket.sendall(struct.pack("!H", len(wire)) + wire)

    def take(self, count):
        """So many octets, fewer only at the end of the stream."""
        octets = b""
        while len(octets) < count:
            more = self.socket.recv(count - len(octets))
            if not more:
                break
            octets += more
        return octets

    def reply(self):
        """The next message; None: the server hung up."""
        head = self.take(2)
        if len(head) < 2:
            return None
        return self.take(struct.unpack("!H", head)[0])

    def ask(self, wire):
        self.send(wire)
        return self.reply()


LAMP = message(0, name("lamp.room.example"), A, additional=[opt()], ident=7)


class HostileTest(unittest.TestCase):
    """One server for the class. Each test ends with the proof that it lives
    and that the zone is as it was."""
    workers = 2
    settings = ""
    keeps_the_zone = True

    @classmethod
    def setUpClass(cls):
        cls.server = Server(zones={"room.example": ROOM}, workers=cls.workers,
                            settings=cls.settings,
                            rules={"room.example": RULES})
        cls.server.start()
        cls.addClassCleanup(cls.server.close)  # expects exit status 0

    def setUp(self):
        self.random = random.Random(SEED)
        self.before = self.state()

    def tearDown(self):
        self.assertTrue(self.server.alive(), self.server.log())
        self.check_served()
        if self.keeps_the_zone:
            self.assertEqual(self.state(), self.before)

    def state(self):
        """The zone as a whole, by its records and its serial."""
        done = self.server.ctl("dump", "room.example")
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.split("\n", 1)[1]  # without the line on when

    def check_served(self):
        """Somebody else's questions are answered, now."""
        with Stream(self.server, "127.7.7.7") as other:
            self.assert_lamp(other.ask(LAMP))
        with Flow(self.server, "127.7.7.7") as other:
            self.assert_lamp(other.exchange([LAMP])[0])

    def assert_lamp(self, reply):
        self.assertIsNotNone(reply)
        found = dns.message.from_wire(reply)
        self.assertEqual(found.answer[0][0].to_text(), "192.0.2.1")

    def flow(self):
        found = Flow(self.server)
        self.addCleanup(found.socket.close)
        return found

    def exchange(self, *messages):
        """Replies by UDP; the same by TCP, where the rcode must be equal."""
        by_udp = self.flow().exchange(list(messages))
        with Stream(self.server) as stream:
            for wire, reply in zip(messages, by_udp):
                if reply is None:
                    continue
                again = stream.ask(wire)
                self.assertEqual(again[3] & 15, reply[3] & 15, wire.hex())
        return by_udp

    def check_rcodes(self, rcode, **messages):
        replies = self.exchange(*messages.values())
        for (what, wire), reply in zip(messages.items(), replies):
            self.assertEqual(rcode_of(reply), rcode,
                             f"{what}: {wire[:200].hex()}")


class MessageTest(HostileTest):
    def valid_messages(self):
        query = message(0x100, name("lamp.room.example"), A,
                        additional=[opt(options=b"\0\3\0\0")])
        return {
            "query": query,
            "signed query": signed(query),
            "update": update(add("clock.room.example"),
                             add("clock.room.example", TXT, b"\3now")),
            "signed update": signed(update(add("clock.room.example"))),
            "notify": message(4 << 11, name("room.example"), SOA),
        }

    def test_a_message_cut_anywhere_is_a_format_error_or_no_message(self):
        for what, whole in self.valid_messages().items():
            cuts = [whole[:n] for n in range(len(whole))]
            for n, reply in enumerate(self.flow().exchange(cuts)):
                self.assertEqual(rcode_of(reply), None if n < 12 else FORMERR,
                                 f"{what}, {n} octets")

    def test_a_message_cut_anywhere_over_tcp_ends_no_connection(self):
        for what, whole in self.valid_messages().items():
            with Stream(self.server) as stream:
                for n in range(1, len(whole)):
                    stream.send(whole[:n])
                    if n >= 12:
                        self.assertEqual(rcode_of(stream.reply()), FORMERR,
                                         f"{what}, {n} octets")
                self.assert_lamp(stream.ask(LAMP))

    def test_a_message_with_something_behind_it_is_a_format_error(self):
        for what, whole in self.valid_messages().items():
            for tail in (b"\0", bytes(200), whole):
                self.check_rcodes(FORMERR, **{what: whole + tail})

    def test_a_name_that_points_at_itself_forward_or_in_circles_is_refused(
            self):
        tail = struct.pack("!HH", A, IN)
        head = message()[:4] + struct.pack("!4H", 1, 0, 0, 0)
        two = message()[:4] + struct.pack("!4H", 1, 1, 0, 0)
        owner = struct.pack("!HHIH", A, IN, 0, 4) + bytes(4)
        self.check_rcodes(
            FORMERR,
            itself=head + b"\xc0\x0c" + tail,
            its_label=head + b"\1a\xc0\x0c" + tail,
            forward=head + b"\xc0\x0e" + tail,
            the_end=head + b"\xff\xff" + tail,
            the_header=head + b"\xc0\0" + tail,
            behind_the_header=head + b"\xc0\x0b" + tail,
            half_a_pointer=head + b"\xc0",
            label_type_01=head + b"\x40a\0" + tail,
            label_type_10=head + b"\x80a\0" + tail,
            a_circle_of_two=two + b"\1a\0" + tail + b"\xc0\x15\xc0\x13" +
            owner,
            an_owner_at_itself=two + b"\1a\0" + tail + b"\xc0\x13" + owner,
            too_long=head + b"\x3f" + (b"a" * 63 + b"\x3f") * 3 + b"a" * 63 +
            b"\0" + tail)

    def test_counts_that_lie_are_a_format_error(self):
        messages = {}
        for what, whole in self.valid_messages().items():
            for field in range(4, 12, 2):
                true = struct.unpack("!H", whole[field:field + 2])[0]
                for lie in (0, 1, 2, 3, 255, 256, 32768, 65535):
                    if lie != true:
                        messages[f"{what}, {field} says {lie}"] = (
                            whole[:field] + struct.pack("!H", lie) +
                            whole[field + 2:])
        self.check_rcodes(FORMERR, **messages)

    def test_an_rdlength_that_lies_is_a_format_error(self):
        for length in (0, 3, 5, 255, 65535):
            record = name("clock.room.example") + struct.pack(
                "!HHIH", A, IN, 60, length) + b"\xc0\0\2\1"
            self.check_rcodes(FORMERR, **{str(length): signed(
                update(record))})

    def test_a_response_is_never_answered(self):
        messages = [struct.pack("!H", 1) + bytes([wire[2] | 0x80]) + wire[3:]
                    for wire in self.valid_messages().values()]
        self.assertEqual(self.flow().exchange(messages), [None] * len(messages))

    def noise(self, length):
        octets = bytearray(self.random.randbytes(length))
        if length > 2:
            octets[2] &= 0x7f  # not a response: that is silence
        if length > 12 and self.random.random() < 0.6:
            octets[2] &= 0x07
            octets[4:12] = struct.pack("!4H", 1, *(
                self.random.choice((0, 0, 1, 2, 700)) for _ in range(3)))
        return bytes(octets)

    def check_noise_reply(self, reply):
        """A header, a response, not one of success; no more than was asked."""
        self.assertGreaterEqual(len(reply), 12)
        self.assertTrue(reply[2] & 0x80)
        self.assertIn(reply[3] & 15, (FORMERR, NOTIMP, REFUSED, NOTAUTH))

    def test_noise_of_any_length_over_udp(self):
        lengths = [*range(0, 280), *(self.random.randrange(280, 65508)
                                     for _ in range(160)), 65506, 65507]
        flow = self.flow()
        batch, size, answered = [], 0, 0
        for length in lengths:
            batch.append(self.noise(length))
            size += length + 512
            if size > 60000 or length == lengths[-1]:
                for reply in flow.replies(batch):
                    answered += 1
                    self.check_noise_reply(reply)
                batch, size = [], 0
        self.assertGreater(answered, 200)

    def test_noise_of_any_length_over_tcp(self):
        lengths = [*range(1, 200), *(self.random.randrange(200, 65536)
                                     for _ in range(120)), 65534, 65535]
        with Stream(self.server) as stream:
            for length in lengths:
                wire = self.noise(length)
                stream.send(wire)
                if length >= 12:
                    reply = stream.reply()
                    self.assertEqual(reply[:2], wire[:2])
                    self.check_noise_reply(reply)
            self.assert_lamp(stream.ask(LAMP))

    def test_noise_without_frames_over_tcp(self):
        for _ in range(20):
            with Stream(self.server) as stream:
                with contextlib.suppress(OSError):
                    stream.socket.sendall(self.random.randbytes(70000))

    def test_an_empty_message_over_tcp_ends_the_connection(self):
        with Stream(self.server) as stream:
            stream.socket.sendall(b"\0\0")
            self.assertIsNone(stream.reply())

    def test_each_bit_of_a_query_flipped(self):
        query = message(0x100, name("lamp.room.example"), A,
                        additional=[opt(options=b"\0\3\0\0")])
        bits = range(16, len(query) * 8)
        replies = self.flow().exchange([flipped(query, n) for n in bits])
        counted = {None: 0}
        for bit, reply in zip(bits, replies):
            rcode = rcode_of(reply)
            counted[rcode] = counted.get(rcode, 0) + 1
            with self.subTest(bit=bit):
                self.check_flipped_query(query, bit, rcode)
        self.assertEqual(counted[None], 1)  # QR
        for rcode in (NOERROR, FORMERR, NOTIMP, REFUSED, BADVERS):
            self.assertIn(rcode, counted)

    def check_flipped_query(self, query, bit, rcode):
        octet, end = bit // 8, 12 + len(name("lamp.room.example"))
        if bit == 16:
            allowed = (None,)
        elif octet == 2 and bit < 21:  # another opcode
            allowed = (NOTIMP,) if bit != 18 else (REFUSED,)
        elif octet < 4:
            allowed = (NOERROR,)
        elif octet < 12:
            allowed = (FORMERR,)
        elif octet < end:  # another name, or none
            allowed = (NOERROR, REFUSED, FORMERR)
        elif octet < end + 2:  # another type
            allowed = (NOERROR, NOTIMP, REFUSED)
        elif octet < end + 4:
            allowed = (REFUSED,)
        else:  # OPT: no longer one, with another version, or cut
            allowed = (NOERROR, FORMERR, BADVERS)
        self.assertIn(rcode, allowed)

    def test_each_bit_of_a_signed_query_flipped(self):
        query = signed(message(0x100, name("lamp.room.example"), A))
        bits = range(16, len(query) * 8)
        replies = self.flow().exchange([flipped(query, n) for n in bits])
        for bit, reply in zip(bits, replies):
            if is_case(query, bit) or is_tsig_type(query, bit):
                self.assertEqual(rcode_of(reply), NOERROR, bit)
            elif bit == 16:
                self.assertIsNone(reply)
            else:
                self.assertIn(rcode_of(reply), (FORMERR, NOTIMP, NOTAUTH), bit)


def is_case(wire, bit):
    """The case of a letter in the TSIG's owner or algorithm, which is no part
    of what is signed (RFC 8945 4.3.3)."""
    for text in ("room-key.", "hmac-sha256."):
        start = wire.rindex(name(text))
        octet = bit // 8
        if start <= octet < start + len(text):
            return bit % 8 == 2 and chr(wire[octet]).isalpha()
    return False


def is_tsig_type(wire, bit):
    """The TSIG's type: with another one it is no TSIG, and nothing signs."""
    start = wire.rindex(name("room-key.")) + len(name("room-key."))
    return start <= bit // 8 < start + 2


class EdnsTest(HostileTest):
    def ask(self, *records, qname="lamp.room.example", qtype=A):
        return message(0, name(qname), qtype, additional=records)

    def test_what_is_no_opt_is_a_format_error(self):
        self.check_rcodes(
            FORMERR,
            two=self.ask(opt(), opt()),
            three=self.ask(opt(), opt(), opt()),
            elsewhere=message(0, name("lamp.room.example"), A, answer=[opt()]),
            in_authority=message(0, name("lamp.room.example"), A,
                                 authority=[opt()]),
            owned=self.ask(opt(owner=b"\1a\0")),
            option_cut=self.ask(opt(options=b"\0\3\0")),
            option_without_length=self.ask(opt(options=b"\0\3")),
            option_too_long=self.ask(opt(options=b"\0\3\0\1")),
            option_of_65535=self.ask(opt(options=b"\0\3\xff\xff")),
            second_option_cut=self.ask(opt(options=b"\0\3\0\0\0\x0a\0\x08a")))

    def test_each_other_version_is_badvers(self):
        self.check_rcodes(BADVERS, **{
            str(n): self.ask(opt(version=n)) for n in range(1, 256)})

    def test_options_that_nobody_knows_are_passed_over(self):
        self.check_rcodes(NOERROR, **{
            str(n): self.ask(opt(options=struct.pack("!HH", n, 4) + b"what"))
            for n in (0, 1, 3, 4, 8, 10, 11, 12, 14, 15, 20292, 65535)})
        many = b"".join(struct.pack("!HH", n & 0xffff, 0)
                        for n in range(12000))
        with Stream(self.server) as stream:
            self.assert_lamp(stream.ask(self.ask(opt(options=many))))

    def test_a_payload_size_of_any_number_is_bounded_by_512_and_ours(self):
        for size in (0, 1, 12, 511, 512, 1231, 1232, 1233, 4096, 65535):
            reply = self.flow().exchange(
                [self.ask(opt(payload=size), qname="big.room.example",
                          qtype=TXT)])[0]
            self.assertLessEqual(len(reply), min(max(size, 512), 1232), size)
            self.assertTrue(reply[2] & 2, size)  # TC
            self.assertEqual(rcode_of(reply), NOERROR, size)

    def test_an_opt_with_rcode_and_flags_of_a_response_is_read_as_usual(self):
        self.check_rcodes(NOERROR, **{
            hex(ttl): self.ask(rr(b"\0", OPT, 1232, ttl))
            for ttl in (0xff000000, 0x8000, 0x7fff, 0xff00ffff)})


class TsigTest(HostileTest):
    def query(self):
        return message(0, name("lamp.room.example"), A)

    def check_error(self, error, mac, **messages):
        replies = self.exchange(*messages.values())
        for what, reply in zip(messages, replies):
            self.assertEqual(rcode_of(reply), NOTAUTH, what)
            self.assertEqual(Reply(reply).tsig_error, (error, mac), what)

    def test_a_time_far_off_is_badtime_and_signed(self):
        now = int(time.time())
        self.check_error(
            BADTIME, 32, **{str(when): signed(self.query(), when=when)
                            for when in (0, 1, now - 400, now + 400, 1 << 32,
                                         (1 << 48) - 1)},
            no_fudge=signed(self.query(), when=now - 100, fudge=0))

    def test_the_largest_fudge_is_what_the_client_asked_for(self):
        when = int(time.time()) - 60000
        self.check_rcodes(NOERROR, wide=signed(self.query(), when=when,
                                               fudge=65535))

    def test_an_unknown_key_or_algorithm_is_badkey_and_not_signed(self):
        query = self.query()
        self.check_error(
            BADKEY, 0,
            no_such_key=signed(query, key="nobody."),
            root=signed(query, key="."),
            below=signed(query, key="a.room-key."),
            key_of_another_algorithm=signed(query, key="guest-key.",
                                            secret=OTHER_SECRET),
            algorithm_of_another_key=signed(query, algorithm="hmac-sha512"),
            md5=signed(query, algorithm="hmac-md5.sig-alg.reg.int",
                       digest="md5"),
            none=signed(query, algorithm="."),
            gss=signed(query, algorithm="gss-tsig"),
            huge_mac=signed(query, key="nobody.", cut=60),
            longest_names=signed(query, key=("k" * 63 + ".") * 3 + "k" * 61,
                                 algorithm=("a" * 63 + ".") * 3 + "a" * 61))

    def test_another_secret_is_badsig_and_not_signed(self):
        self.check_error(BADSIG, 0,
                         other=signed(self.query(), secret=OTHER_SECRET))

    def test_a_mac_is_taken_down_to_half_its_length(self):
        query = self.query()
        self.check_rcodes(NOERROR, **{
            str(cut): signed(query, cut=cut) for cut in (16, 17, 31, 32)})
        self.check_rcodes(FORMERR, **{
            str(cut): signed(query, cut=cut) for cut in (0, 1, 9, 10, 15, 33,
                                                         64)})

    def test_a_tsig_anywhere_but_last_and_once_is_a_format_error(self):
        once = signed(self.query())
        record = once[len(self.query()):]
        self.check_rcodes(
            FORMERR,
            twice=with_more(once, record),
            before_an_opt=with_more(once, opt()),
            as_answer=message(0, name("lamp.room.example"), A,
                              answer=[record]),
            as_authority=message(0, name("lamp.room.example"), A,
                                 authority=[record]))

    def test_a_tsig_with_wrong_class_ttl_or_rdata_is_a_format_error(self):
        when = int(time.time())
        head = name("hmac-sha256.") + struct.pack("!HIH", 0, when, 300)
        key = name("room-key.")
        rdatas = {
            "empty": b"", "name alone": name("hmac-sha256."),
            "no mac": head, "mac cut": head + struct.pack("!H", 32) + b"m",
            "mac of 65535": head + struct.pack("!H", 65535) + bytes(70),
            "no other": head + struct.pack("!H", 32) + bytes(36),
            "other of 65535": head + struct.pack("!H", 32) + bytes(36) +
            b"\xff\xff",
            "too much": head + struct.pack("!H", 32) + bytes(38) + b"more",
            "compressed": b"\xc0\x0c" + head[len(name("hmac-sha256.")):] +
            struct.pack("!H", 32) + bytes(38)}
        messages = {what: with_more(self.query(), rr(key, TSIG, ANY, 0, rdata))
                    for what, rdata in rdatas.items()}
        good = signed(self.query())
        start = len(self.query()) + len(key)
        messages["class"] = (good[:start + 2] + b"\0\1" + good[start + 4:])
        messages["ttl"] = (good[:start + 4] + b"\0\0\0\1" + good[start + 8:])
        self.check_rcodes(FORMERR, **messages)


class QuestionTest(HostileTest):
    def test_opcodes_that_are_not_ours_are_not_implemented(self):
        bodies = {}
        for opcode in (1, 2, 3, *range(6, 16)):
            bodies[f"{opcode}"] = message(opcode << 11,
                                          name("lamp.room.example"), A)
            bodies[f"{opcode} empty"] = message(opcode << 11)
            bodies[f"{opcode} noise"] = (message(opcode << 11) +
                                         self.random.randbytes(50))
        self.check_rcodes(NOTIMP, **bodies)

    def test_a_notify_is_refused_whatever_it_says(self):
        self.check_rcodes(
            REFUSED,
            plain=message(4 << 11, name("room.example"), SOA),
            elsewhere=message(4 << 11, name("other.example"), A),
            signed=signed(message(4 << 11, name("room.example"), SOA)))

    def test_transfers_are_refused_over_both_transports(self):
        soa = rr(name("room.example"), SOA, IN, 0,
                 b"\0\0" + struct.pack("!5I", 1, 1, 1, 1, 1))
        self.check_rcodes(
            REFUSED,
            axfr=message(0, name("room.example"), 252),
            signed_axfr=signed(message(0, name("room.example"), 252)),
            ixfr=message(0, name("room.example"), 251, authority=[soa]),
            ixfr_without_soa=message(0, name("room.example"), 251))

    def test_types_that_are_no_question_are_not_implemented(self):
        self.check_rcodes(NOTIMP, **{
            str(rdtype): message(0, name("lamp.room.example"), rdtype)
            for rdtype in (0, OPT, 128, 249, TSIG, 253, 254)})

    def test_every_other_class_is_refused(self):
        self.check_rcodes(REFUSED, **{
            str(rdclass): message(0, name("lamp.room.example"), A, rdclass)
            for rdclass in (0, 2, CH, 4, NONE, ANY, 65535)})

    def test_a_question_that_is_not_one_is_a_format_error(self):
        two = message(0, name("lamp.room.example"), A)
        two = two[:4] + b"\0\2" + two[6:] + two[12:]
        self.check_rcodes(FORMERR, none=message(), two=two,
                          none_but_edns=message(additional=[opt()]),
                          no_zone=message(UPDATE))

    def test_records_beside_a_question_do_not_matter(self):
        junk = [rr(name("x.example"), n, IN, 1, b"junk") for n in (A, 99, 300)]
        reply = self.flow().exchange([message(
            0, name("lamp.room.example"), A, answer=junk, authority=junk,
            additional=[*junk, opt()])])[0]
        self.assert_lamp(reply)

    def test_names_with_every_octet_are_questions_like_others(self):
        messages = {}
        for octet in range(256):
            label = bytes([3, octet, ord("x"), octet])
            messages[str(octet)] = message(
                0, label + name("lamp.room.example"), TXT)
        self.check_rcodes(NXDOMAIN, **messages)

    def test_the_longest_names_are_questions_like_others(self):
        longest = (b"\x3f" + b"a" * 63) * 3 + b"\x2f" + b"b" * 47 + name(
            "room.example")
        self.assertEqual(len(longest), 254)
        labels = b"\1a" * 120 + name("room.example")
        self.assertEqual(len(labels), 254)
        self.check_rcodes(NOERROR, longest=message(0, longest, A),
                          labels=message(0, labels, A))


class PointerTest(HostileTest):
    """Messages of 65,535 octets that are made to cost the reader time."""

    def check_taken_and_over(self, *messages, rcode=FORMERR):
        for wire in messages:
            self.assertLessEqual(len(wire), 65535)
            with Stream(self.server) as stream:
                self.assertEqual(stream.ask(wire)[3] & 15, rcode)

    def filled(self, record, **options):
        """As many of these as fit; record(n, place) makes them."""
        records, size = [], 12 + len(name("room.example")) + 4
        while len(records) < 65535:
            more = record(len(records), size)
            if size + len(more) > 65535:
                break
            records.append(more)
            size += len(more)
        return records

    def test_a_chain_of_pointers_the_length_of_the_message(self):
        deep = (b"\x01a" * 8000)
        chain = b"".join(struct.pack("!H", 0xc000 | 12 + 2 * n)
                         for n in range(8000))
        head = struct.pack("!6H", 1, 0, 1, 0, 0, 0)
        self.check_taken_and_over(head + chain + bytes(5),
                                  head + deep + bytes(5))

    def test_owners_that_each_walk_a_name_of_127_labels(self):
        first = rr(b"\1a" * 127 + b"\0", 300, IN, 0)
        at = 12 + len(name("room.example")) + 4

        def record(n, _):
            if n == 0:
                return first
            return rr(struct.pack("!H", 0xc000 | at), 300, IN, 0)

        records = self.filled(record)
        self.check_taken_and_over(
            message(0, name("room.example"), SOA, additional=records),
            update(*records))

    def test_rdata_of_pointers_alone(self):
        at = 12 + len(name("room.example")) + 4
        chain = rr(b"\0", 300, IN, 0, b"".join(
            b"\x3f" + b"z" * 63 for _ in range(3)) + b"\0")
        target = struct.pack("!H", 0xc000 | at + 11)

        def record(n, _):
            if n == 0:
                return chain
            return rr(b"\xc0\x0c", NS, IN, 0, target)

        records = self.filled(record)
        wire = message(0, name("room.example"), SOA, additional=records)
        with Stream(self.server) as stream:
            self.assertIn(stream.ask(wire)[3] & 15, (NOERROR, FORMERR))
        wire = signed(update(*records[:-40]))
        with Stream(self.server) as stream:
            self.assertIn(stream.ask(wire)[3] & 15, (NOTZONE, FORMERR))


class ForgedUpdateTest(HostileTest):
    def test_each_bit_of_a_signed_update_flipped_changes_nothing(self):
        wire = signed(update(add("forged.room.example"),
                             add("forged.room.example", TXT, b"\6forged"),
                             rr(name("lamp.room.example"), ANY, ANY, 0),
                             ident=0x1234))
        bits = [n for n in range(len(wire) * 8)
                if n >= 16 and not is_case(wire, n)]
        flow = self.flow()
        messages = [flipped(wire, n) for n in bits]
        for bit, reply in zip(bits, flow.exchange(messages)):
            if bit == 16:
                self.assertIsNone(reply)
                continue
            allowed = ((REFUSED,) if is_tsig_type(wire, bit) else
                       (FORMERR, NOTAUTH, NOTIMP))
            self.assertIn(rcode_of(reply), allowed, bit)

    def test_an_update_that_is_not_signed_by_the_right_key_is_not_made(self):
        forged = update(add("forged.room.example"))
        now = int(time.time())
        self.check_rcodes(REFUSED, unsigned=forged,
                          signed_by_a_guest=signed(
                              forged, "guest-key.", OTHER_SECRET,
                              "hmac-sha512"))
        self.check_rcodes(NOTAUTH,
                          key=signed(forged, "nobody."),
                          secret=signed(forged, secret=OTHER_SECRET),
                          old=signed(forged, when=now - 4000),
                          zone=signed(update(zone="other.example")))

    def test_an_update_with_a_form_of_its_own_is_a_format_error(self):
        lamp = name("lamp.room.example")
        bad = {
            "class": rr(lamp, A, CH, 0, b"\x7f\0\0\1"),
            "class 0": rr(lamp, A, 0, 0, b"\x7f\0\0\1"),
            "type 0": rr(lamp, 0, IN, 0, b"x"),
            "type ANY": rr(lamp, ANY, IN, 0, b"x"),
            "type AXFR": rr(lamp, 252, IN, 0, b"x"),
            "empty": rr(lamp, A, IN, 60),
            "short": rr(lamp, A, IN, 60, b"\1\2\3"),
            "long": rr(lamp, A, IN, 60, b"\1\2\3\4\5"),
            "delete with ttl": rr(lamp, A, ANY, 1),
            "delete with rdata": rr(lamp, A, ANY, 0, b"\1\2\3\4"),
            "delete of MAILB": rr(lamp, 253, ANY, 0),
            "delete one with ttl": rr(lamp, A, NONE, 1, b"\xc0\0\2\1"),
            "delete one of ANY": rr(lamp, ANY, NONE, 0, b"x"),
            "text beyond its end": rr(lamp, TXT, IN, 60, b"\xffshort"),
            "name cut": rr(lamp, NS, IN, 60, b"\3abc"),
            "opt": rr(b"\0", OPT, 1232, 0),
        }
        self.check_rcodes(FORMERR, **{what: signed(update(record))
                                      for what, record in bad.items()})

    def test_a_zone_section_that_is_not_one_soa_is_a_format_error(self):
        self.check_rcodes(
            FORMERR,
            type=signed(message(UPDATE, name("room.example"), A)),
            any=signed(message(UPDATE, name("room.example"), ANY)))
        self.check_rcodes(
            NOTAUTH,
            chaos=signed(message(UPDATE, name("room.example"), SOA, CH)),
            root=signed(message(UPDATE, name("."), SOA)),
            child=signed(message(UPDATE, name("lamp.room.example"), SOA)))

    def test_a_flood_of_badly_signed_updates_does_not_hold_up_others(self):
        """After each wave a question and an update of somebody else."""
        bad = [signed(update(add(f"f{n}.room.example"), ident=n),
                      secret=OTHER_SECRET) for n in range(400)]
        floods = [self.flow() for _ in range(4)]
        for flood in floods:
            flood.socket.setblocking(False)
        with Stream(self.server, "127.9.9.9") as other:
            for wave in range(15):
                for n, wire in enumerate(bad):
                    with contextlib.suppress(BlockingIOError,
                                             ConnectionRefusedError):
                        floods[n % 4].socket.send(wire)
                good = signed(update(rr(name("lamp.room.example"), A, NONE, 0,
                                        bytes([192, 0, 2, 99])), ident=wave))
                self.assertEqual(rcode_of(other.ask(good)), NOERROR)
                self.assert_lamp(other.ask(LAMP))


class CaseTest(HostileTest):
    keeps_the_zone = False

    def test_a_copy_with_another_id_or_case_is_made_once(self):
        """What RFC 8945 does not sign may change on the way: the copies are
        the same update, and it is made once."""
        serial = self.server.soa("room.example")
        wire = signed(update(add("once.room.example"), ident=0x1234))
        bits = [n for n in range(len(wire) * 8)
                if n < 16 or is_case(wire, n)]
        with Stream(self.server) as stream:
            for bit in bits:
                self.assertEqual(stream.ask(flipped(wire, bit))[3] & 15,
                                 NOERROR, bit)
        self.assertEqual(self.server.soa("room.example"), serial + 1)


class LargeUpdateTest(HostileTest):
    settings = "rrset-limit: 50\ntypes-limit: 10"
    keeps_the_zone = False

    @classmethod
    def setUpClass(cls):
        cls.zone = ROOM.split("big TXT", 1)[0]
        cls.server = Server(zones={"room.example": cls.zone},
                            workers=cls.workers, settings=cls.settings,
                            rules={"room.example": RULES})
        cls.server.start()
        cls.addClassCleanup(cls.server.close)

    def send(self, *records, **options):
        wire = signed(update(*records, **options))
        self.assertLessEqual(len(wire), 65535)
        with Stream(self.server) as stream:
            return rcode_of(stream.ask(wire))

    def refused(self, *records):
        """Not made: whatever the rcode, the zone is the same."""
        before = self.state()
        rcode = self.send(*records)
        self.assertEqual(self.state(), before)
        self.assertNotEqual(rcode, NOERROR)
        return rcode

    def test_thousands_of_records_are_one_update(self):
        owner = b"\xc0\x0c"  # the zone's name
        records = [b"\5" + b"%05d" % n + rr(owner, A, IN, 60, b"\xc0\0\2\1")
                   for n in range(2800)]
        self.assertEqual(self.send(*records), NOERROR)
        self.assertEqual(self.server.values("02799.room.example"),
                         {"192.0.2.1"})
        gone = [b"\5" + b"%05d" % n + rr(owner, ANY, ANY, 0)
                for n in range(2800)]
        self.assertEqual(self.send(*gone), NOERROR)
        self.assertEqual(self.server.values("02799.room.example"),
                         {"192.0.2.42"})

    def test_thousands_of_prerequisites_are_one_question(self):
        self.assertEqual(self.send(answer=[
            rr(name("lamp.room.example"), A, ANY, 0) for _ in range(1500)]),
                         NOERROR)
        self.assertEqual(self.send(answer=[
            rr(name("lamp.room.example"), A, IN, 0, struct.pack("!I", n))
            for n in range(1500)]), dns.rcode.NXRRSET)

    def test_rrset_limit_holds(self):
        self.assertEqual(self.send(*(
            add("many.room.example", A, struct.pack("!I", n))
            for n in range(50))), NOERROR)
        self.refused(add("many.room.example", A, b"\1\2\3\4"))
        self.refused(*(add("more.room.example", A, struct.pack("!I", n))
                       for n in range(51)))
        self.refused(*(add("more.room.example", A, struct.pack("!I", n))
                       for n in range(1500)))

    def test_types_limit_holds(self):
        self.assertEqual(self.send(*(
            add("types.room.example", 1000 + n, b"x") for n in range(10))),
                         NOERROR)
        self.refused(add("types.room.example", 2000, b"x"))
        self.refused(*(add("others.room.example", 1000 + n, b"x")
                       for n in range(2000)))

    def test_a_set_that_no_message_can_hold_is_refused(self):
        text = (b"\xff" + b"x" * 255) * 120
        self.assertEqual(self.send(add("huge.room.example", TXT, text)),
                         NOERROR)
        self.assertEqual(self.send(add("huge.room.example", TXT,
                                       text + b"\1y")), NOERROR)
        self.refused(add("huge.room.example", TXT, text + b"\1z"))
        with Stream(self.server) as stream:
            reply = stream.ask(message(0, name("huge.room.example"), TXT))
            found = dns.message.from_wire(reply)
            self.assertEqual(len(found.answer[0]), 2)

    def test_a_text_of_empty_strings_is_kept_and_given_back(self):
        self.assertEqual(self.send(add("empty.room.example", TXT,
                                       bytes(65000))), NOERROR)
        with Stream(self.server) as stream:
            reply = stream.ask(message(0, name("empty.room.example"), TXT))
        self.assertGreater(len(reply), 65000)
        self.assertEqual(self.send(rr(name("empty.room.example"), ANY, ANY,
                                      0)), NOERROR)

    def test_the_longest_names_are_kept_and_one_octet_more_is_none(self):
        zone = name("room.example")
        longest = (b"\x3f" + b"a" * 63) * 3 + b"\x2f" + b"b" * 47 + zone
        labels = b"\1a" * 120 + zone
        octets = (b"\x3f" + bytes(63)) * 3 + b"\x2f" + bytes(47) + zone
        high = (b"\x3f" + b"\xff" * 63) * 3 + b"\x30" + b"\xff" * 48 + zone
        self.assertEqual(len(high), 255)
        for owner in (longest, labels, octets, high):
            self.assertEqual(self.send(rr(owner, A, IN, 60, b"\xc0\0\2\7")),
                             NOERROR)
            with Stream(self.server) as stream:
                reply = stream.ask(message(0, owner, A))
            self.assertEqual(reply[-4:], b"\xc0\0\2\7")
            self.assertEqual(self.send(rr(owner, ANY, ANY, 0)), NOERROR)
        self.assertEqual(self.send(rr(b"\1a" + high, A, IN, 60, bytes(4))),
                         FORMERR)
        self.assertEqual(self.send(rr(b"\1x" + b"\xc0\x0c", NS, IN, 60,
                                      b"\1a" + high)), FORMERR)

    def test_names_that_a_search_answers_are_refused(self):
        for label in ("_near", "_in", "_box", "_here", "a._HERE", "1n._Near"):
            self.refused(add(f"{label}.room.example"))

    def test_a_large_refused_update_leaves_the_next_one_alone(self):
        self.refused(*(add("more.room.example", A, struct.pack("!I", n))
                       for n in range(1500)))
        self.assertEqual(self.send(add("next.room.example")), NOERROR)
        self.assertEqual(self.server.values("next.room.example"),
                         {"192.0.2.99"})


# --- connections --------------------------------------------------------------

class ConnectionTest(HostileTest):
    """One worker, so that nobody can be served by another."""
    workers = 1
    keeps_the_zone = False
    settings = "tcp-idle: 60s"

    @classmethod
    def setUpClass(cls):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE,
                           (min(hard, 8192), hard))
        cls.addClassCleanup(resource.setrlimit, resource.RLIMIT_NOFILE,
                            (soft, hard))
        super().setUpClass()

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.server.process.pid}/fd"))

    def wait_until(self, what, seconds=30):
        end = time.monotonic() + seconds
        while not what():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)

    def setUp(self):
        super().setUp()
        self.open = []
        self.check_served()
        self.rested = self.descriptors()
        self.addCleanup(self.close_all)

    def close_all(self):
        for stream in self.open:
            stream.socket.close()
        self.open.clear()
        self.wait_until(lambda: self.descriptors() <= self.rested)

    def connect(self, source="127.0.0.1"):
        stream = Stream(self.server, source)
        self.open.append(stream)
        return stream

    def test_clients_that_send_an_octet_at_a_time(self):
        frame = struct.pack("!H", len(LAMP)) + LAMP
        slow = [self.connect(f"127.0.1.{n % 4 + 1}") for n in range(40)]
        for octet in frame[:-1]:
            for stream in slow:
                stream.socket.send(bytes([octet]))
        self.check_served()
        for octet in frame[-1:]:
            for stream in slow:
                stream.socket.send(bytes([octet]))
        for stream in slow:
            self.assert_lamp(stream.reply())

    def test_clients_that_never_read(self):
        query = message(0, name("big.room.example"), TXT)
        frame = (struct.pack("!H", len(query)) + query) * 200
        for n in range(8):
            stream = self.connect(f"127.0.2.{n + 1}")
            stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            stream.socket.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                for _ in range(2000):
                    stream.socket.send(frame)
            self.check_served()
        for stream in self.open:
            self.assertFalse(select.select([], [stream.socket], [], 0)[1],
                             "the server reads on though nobody takes replies")

    def test_what_a_client_leaves_unread_is_bounded(self):
        self.test_clients_that_never_read()
        before = self.memory()
        for _ in range(3):
            self.close_all()
            self.test_clients_that_never_read()
        if not self.is_sanitized():
            self.assertLess(self.memory() - before, 16 << 20)

    def test_a_client_that_half_closes_still_gets_its_replies(self):
        stream = self.connect()
        for _ in range(50):
            stream.send(LAMP)
        stream.send(signed(update()))
        stream.socket.shutdown(socket.SHUT_WR)
        replies = []
        while (reply := stream.reply()) is not None:
            replies.append(reply)
        self.assertEqual(len(replies), 51)
        self.check_served()

    def test_clients_that_half_close_in_the_middle_of_a_message(self):
        for n in range(1, len(LAMP) + 2):
            stream = self.connect(f"127.0.3.{n % 4 + 1}")
            stream.socket.sendall((struct.pack("!H", len(LAMP)) + LAMP)[:n])
            stream.socket.shutdown(socket.SHUT_WR)
        for stream in self.open:
            self.assertIsNone(stream.reply())

    def test_clients_that_reset_with_replies_on_their_way(self):
        linger = struct.pack("ii", 1, 0)
        for n in range(60):
            stream = Stream(self.server, f"127.0.4.{n % 4 + 1}")
            for _ in range(20):
                stream.send(message(0, name("big.room.example"), TXT))
            stream.send(signed(update(ident=n)))
            stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                     linger)
            stream.socket.close()
        self.check_served()

    def open_many(self, count, per_address):
        for n in range(count):
            address = n // per_address
            with contextlib.suppress(ConnectionError, socket.timeout):
                self.connect(f"127.1.{address // 250}.{address % 250 + 1}")

    def test_a_thousand_connections_of_one_client(self):
        """It gets its share, 64, and others are served."""
        self.open_many(1000, 1000)
        self.check_served()
        self.wait_until(lambda: self.descriptors() <= self.rested + 64)
        self.assertGreaterEqual(self.descriptors(), self.rested + 64)

    def test_thousands_of_connections_of_many_clients(self):
        """The oldest idle one gives way, and others are served."""
        self.open_many(1500, 50)
        self.check_served()
        self.wait_until(lambda: self.descriptors() <= self.rested + 1024)
        self.assertIsNone(self.open[0].reply())
        self.assert_lamp(self.open[-1].ask(LAMP))

    def memory(self):
        with open(f"/proc/{self.server.process.pid}/status",
                  encoding="ascii") as file:
            for line in file:
                if line.startswith("RssAnon:"):
                    return int(line.split()[1]) * 1024
        return 0

    def is_sanitized(self):
        with open(f"/proc/{self.server.process.pid}/maps",
                  encoding="utf-8") as file:
            return "lib" "asan" in file.read()

    def test_memory_returns_after_connections_and_updates(self):
        def round_of_everything():
            self.open_many(1000, 50)
            with Stream(self.server) as stream:
                for n in range(300):
                    stream.ask(signed(update(add("x.room.example", TXT,
                                                 b"\4%04d" % n), ident=n),
                                      secret=OTHER_SECRET))
            with Flow(self.server) as flow:
                flow.exchange([random.randbytes(4000) for _ in range(100)])
            self.close_all()

        round_of_everything()
        first = self.memory()
        for _ in range(3):
            round_of_everything()
        if not self.is_sanitized():
            self.assertLess(self.memory() - first, 8 << 20)


class ShortOfDescriptorsTest(HostileTest):
    """A server that may open fewer files than it may have connections."""
    workers = 1
    settings = "tcp-connections: 4000"

    @classmethod
    def setUpClass(cls):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200)
                           if hard == resource.RLIM_INFINITY else (200, hard))
        try:
            super().setUpClass()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        resource.prlimit(cls.server.process.pid, resource.RLIMIT_NOFILE,
                         (200, 200))

    def test_connections_beyond_what_can_be_opened(self):
        streams = []
        try:
            for n in range(400):
                streams.append(Stream(self.server, f"127.2.0.{n // 20 + 1}"))
            with Flow(self.server, "127.7.7.7") as other:
                self.assert_lamp(other.exchange([LAMP])[0])
            with Stream(self.server, "127.7.7.7") as other:
                other.socket.settimeout(5)
                self.assert_lamp(other.ask(LAMP))
        finally:
            for stream in streams:
                stream.socket.close()


# --- the control socket, and files --------------------------------------------

class ControlTest(HostileTest):
    def talk(self, *octets, half_close=True):
        """Everything that comes back."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
            peer.settimeout(20)
            peer.connect(os.path.join(self.server.dir, "control"))
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                for part in octets:
                    peer.sendall(part)
                if half_close:
                    peer.shutdown(socket.SHUT_WR)
            found = b""
            with contextlib.suppress(ConnectionResetError):
                while more := peer.recv(65536):
                    found += more
            return found

    def assert_usable(self):
        self.assertEqual(self.server.ctl("status").returncode, 0)

    def test_lines_that_are_no_request_get_an_error_each(self):
        lines = [b"", b"x", b"null", b"1", b"[]", b"{}", b'"status"',
                 b'{"command": 1}', b'{"command": null}', b'{"command": []}',
                 b'{"command": "no such"}', b'{"command": "status"',
                 b'{"cmd": "status"}', b"\xff\xfe\0", b"GET / HTTP/1.1",
                 b"\0" * 100, b'{"command": "\\u0000"}', b"[" * 5000,
                 b'{"a":' * 5000, b'{"command": "dump", "zone": 7}',
                 b'{"command": "dump", "zone": "' + b"a." * 3000 + b'"}']
        for line in lines:
            answer = self.talk(line + b"\n")
            self.assertIn(b'"ok":false', answer, line[:40])
        self.assert_usable()

    def test_noise(self):
        for length in (1, 10, 1000, 65535, 65536, 65537, 200000):
            self.talk(self.random.randbytes(length))
            self.talk(self.random.randbytes(length).replace(b"\n", b""))
        self.talk(self.random.randbytes(3000) + b"\n" * 3000)
        self.assert_usable()

    def test_a_line_without_end_is_refused(self):
        self.assertIn(b'"ok":false', self.talk(b"a" * 70000))
        self.assert_usable()

    def test_descriptors_that_nobody_asked_for_are_closed(self):
        fds = f"/proc/{self.server.process.pid}/fd"
        self.assert_usable()
        before = len(os.listdir(fds))
        with open(os.devnull, "rb") as null:
            for count in (1, 3, 4, 5, 60):
                with socket.socket(socket.AF_UNIX,
                                   socket.SOCK_STREAM) as peer:
                    peer.connect(os.path.join(self.server.dir, "control"))
                    socket.send_fds(peer, [b"x\n"], [null.fileno()] * count)
                    socket.send_fds(peer, [b"y\n"], [null.fileno()] * count)
                    peer.shutdown(socket.SHUT_WR)
                    while peer.recv(65536):
                        pass
        end = time.monotonic() + 20
        while len(os.listdir(fds)) > before:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)

    def test_silent_peers_do_not_hold_up_queries_and_let_go(self):
        peers = []
        for _ in range(30):
            peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            peer.connect(os.path.join(self.server.dir, "control"))
            peers.append(peer)
        self.check_served()
        self.assertNotEqual(self.server.ctl("status").returncode, 0)
        for peer in peers:
            peer.close()
        end = time.monotonic() + 20
        while self.server.ctl("status").returncode != 0:
            self.assertLess(time.monotonic(), end)


class FileTest(unittest.TestCase):
    """placed -t: refused with a line that says where, or taken; no more."""

    def setUp(self):
        self.random = random.Random(SEED)
        self.server = Server(zones={"room.example": ROOM})
        self.addCleanup(self.server.close)
        self.zone = os.path.join(self.server.dir, "room.example.zone")

    def check(self, may_pass=False, timeout=30):
        done = run(PLACED, "-t", "-c", self.server.path, timeout=timeout,
                   errors="replace")
        if may_pass and done.returncode == 0:
            return
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertTrue(done.stderr)
        for octet in done.stderr:
            self.assertTrue(octet == "\n" or " " <= octet <= "~" or
                            octet > "\x9f", repr(done.stderr))

    def write(self, path, octets):
        with open(path, "wb") as file:
            file.write(octets)

    def mutations(self, whole, count):
        for _ in range(count):
            octets = bytearray(whole)
            for _ in range(self.random.choice((1, 1, 3, 20))):
                at = self.random.randrange(len(octets))
                how = self.random.random()
                if how < 0.4:
                    octets[at] = self.random.randrange(256)
                elif how < 0.7:
                    del octets[at:at + self.random.randrange(1, 40)]
                else:
                    octets[at:at] = self.random.choice((
                        b"\0", b"\xff", b"(", b")", b'"', b"\\", b"[", b"{",
                        b"&a ", b"*a", b"9" * 30, b"\n", b"$", b"@", b"a" * 70,
                        b"." * 3, b"\x1b[2J", b"- " * 50, b": "))
                if not octets:
                    octets = bytearray(b"x")
            yield bytes(octets)

    def test_configurations_that_are_not_quite(self):
        whole = self.server.config().encode()
        for octets in self.mutations(whole, 60):
            self.write(self.server.path, octets)
            self.check(may_pass=True)

    def test_configurations_that_are_something_else(self):
        for octets in (b"", b"\0", b"\xff", self.random.randbytes(5000),
                       b"[" * 20000, b"{" * 20000, b"- " * 20000,
                       b"a: &a [*a, *a]", b"listen: &x [ *x ]",
                       b"%YAML 9.9\n---\n", b"--- \n--- \n",
                       b"workers: " + b"9" * 9000, b"x" * 300000,
                       b"zones: [ { name: \"" + b"a" * 70 + b"\" } ]"):
            self.write(self.server.path, octets)
            self.check(may_pass=octets == b"")

    def test_a_bomb_of_aliases(self):
        lines = ["a0: &a0 [ x, x, x, x, x, x, x, x, x ]"]
        for n in range(1, 12):
            lines.append(f"a{n}: &a{n} [ " + ", ".join(
                [f"*a{n - 1}"] * 9) + " ]")
        self.write(self.server.path, "\n".join(lines).encode())
        self.check()

    def test_files_that_are_no_files(self):
        for path in (self.server.dir, "/dev/zero", "/dev/full", "/proc/self/mem"):
            done = run(PLACED, "-t", "-c", path, timeout=30)
            self.assertEqual(done.returncode, 1, path)
            self.server.write("room.example.zone", f"$INCLUDE {path}\n")
            self.check()

    def test_zones_that_are_not_quite(self):
        head = ROOM.split("big TXT", 1)[0] + (
            'a LOC 41 39 35.624 N 91 32 14.718 W 216.00m 6m 0.1m 0.1m\n'
            'b SVCB 1 . alpn="h2,h3" port=53 ipv4hint=1.2.3.4\n'
            'c NAPTR 10 20 "u" "sip" "!^.*$!x!" .\n'
            '$GENERATE 1-9 h$ A 192.0.2.$\nd TYPE999 \\# 3 010203\n')
        for octets in self.mutations(head.encode(), 80):
            self.write(self.zone, octets)
            self.check(may_pass=True)

    def test_zones_that_are_something_else(self):
        soa = "@ 60 SOA ns h 1 2 3 4 5\n@ 60 NS ns\nns 60 A 127.0.0.1\n"
        for text in ("", "\0", "(" * 100000, '"', "\\", "a" * 100000,
                     "(\n" * 50000, ") ) )", "$INCLUDE room.example.zone\n",
                     "$INCLUDE\n", "$GENERATE 0-2147483647 h$ 60 A 192.0.2.1",
                     "$GENERATE 0-60000 h${0,255,n} 60 A 192.0.2.1",
                     "$GENERATE 1-5 h${" + "9" * 4000 + "} 60 A 192.0.2.1",
                     "$ORIGIN " + "a." * 200, "$TTL 99999999999",
                     "x 60 TXT " + '"y" ' * 70000,
                     "x 60 TYPE65535 \\# 65536 00", "x 60 TYPE0 \\# 0",
                     "x 60 TYPE1000 \\# 3 0102", ";" * 100000):
            self.write(self.zone, (soa + text).encode())
            self.check(may_pass=set(text) in ({";"}, set()))


if __name__ == "__main__":
    tap.main()
