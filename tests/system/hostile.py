"""Messages made octet by octet, clients that are no libraries', and the server
that has to bear them: what the tests of hostile input share."""
import base64
import hashlib
import hmac
import random
import socket
import struct
import time
import unittest

import dns.message
import dns.name

from harness import SECRET, Server

NOERROR, FORMERR, _, NXDOMAIN, NOTIMP, REFUSED = range(6)
NOTAUTH, NOTZONE = 9, 10
BADVERS, BADSIG, BADKEY, BADTIME = 16, 16, 17, 18
A, NS, SOA, TXT, OPT, TSIG, ANY = 1, 2, 6, 16, 41, 250, 255
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
    zone = ROOM
    keeps_the_zone = True

    @classmethod
    def setUpClass(cls):
        cls.server = Server(zones={"room.example": cls.zone}, workers=cls.workers,
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
