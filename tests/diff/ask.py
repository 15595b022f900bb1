"""Questions at random, and what came back in a form that can be compared."""
import os
import select
import socket
import struct

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rdatatype

from worlds import ASKED, LABELS, OUTSIDE, PLAIN, join

FIELDS = ("rcode", "flags", "answer", "authority", "additional", "edns")
WAIT = 10.0
WAIT_PEER = 2.0


def rdata_key(rdata):
    """Wire form, names in lower case (where they are left alone for DNSSEC,
    too)."""
    if rdata.rdtype in (dns.rdatatype.SVCB, dns.rdatatype.HTTPS):
        rdata = rdata.replace(target=rdata.target.canonicalize())
    return rdata.to_digestable()


class Question:
    def __init__(self, name, rdtype, tcp, rd, payload, dnssec_ok, ident):
        self.name, self.rdtype = name, dns.rdatatype.from_text(rdtype)
        self.tcp, self.rd = tcp, rd
        self.payload, self.dnssec_ok = payload, dnssec_ok  # None: no EDNS
        self.ident = ident

    def wire(self):
        out = struct.pack("!6H", self.ident, 0x100 if self.rd else 0,
                          1, 0, 0, int(self.payload is not None))
        out += self.name.to_wire() + struct.pack("!2H", self.rdtype, 1)
        if self.payload is not None:
            out += struct.pack("!BHHIH", 0, 41, self.payload,
                               0x8000 if self.dnssec_ok else 0, 0)
        return out

    def limit(self):
        """Octets that a reply may have."""
        if self.tcp:
            return 65535
        return min(max(self.payload or 0, 512), 1232)

    def by_tcp(self):
        return Question(self.name, dns.rdatatype.to_text(self.rdtype), True,
                        self.rd, self.payload, self.dnssec_ok, self.ident)

    def __str__(self):
        edns = "no EDNS" if self.payload is None else \
            f"EDNS {self.payload}{' DO' if self.dnssec_ok else ''}"
        return f"{self.name} {dns.rdatatype.to_text(self.rdtype)}" \
               f" {'TCP' if self.tcp else 'UDP'}" \
               f"{' RD' if self.rd else ''} {edns}"


def spell_at_random(rng, name):
    return dns.name.Name([bytes(rng.choice((octet, ord(chr(octet).swapcase())
                                            if octet < 128 else octet))
                                for octet in label) for label in name.labels])


def question(rng, world):
    zone = rng.choice(world.zones)
    owner = rng.choice(list(zone.spelt))
    roll, name = rng.random(), zone.spelt[owner]
    if roll < .25:
        for _ in range(rng.choice((1, 1, 2))):
            name = join([rng.choice(rng.choice((LABELS, PLAIN)))], name) or name
    elif roll < .4:
        name = name.parent()
    elif roll < .5:
        name = world.target(zone)
    elif roll < .6:
        name = world.name(zone)
    elif roll < .63:
        name = rng.choice(OUTSIDE)
    rdtype = rng.choice(ASKED)
    if rng.random() < .4:
        rdtype = rng.choice(list(zone.sets[owner]))
    if rng.random() < .2:
        name = spell_at_random(rng, name)
    payload = rng.choice((None, None, 0, 512, 700, 1232, 4096))
    # RD never: for who is inside it, we would ask a child's servers
    return Question(name, rdtype, rng.random() < .25, False, payload,
                    rng.random() < .5, rng.randrange(65536))


class Reply:
    """Sections as sets of (owner, type, TTL, rdata), names in lower case."""

    def __init__(self, wire, asked):
        self.wire = wire
        self.problems = []
        try:
            self.message = dns.message.from_wire(wire)
        except dns.exception.DNSException as problem:
            self.message = None
            self.problems.append(f"cannot be parsed: {problem!r}")
            return
        m = self.message
        self.rcode = m.rcode()
        self.flags = m.flags
        self.tc = bool(m.flags & dns.flags.TC)
        self.aa = bool(m.flags & dns.flags.AA)
        self.answer, self.authority, self.additional = (
            self.flatten(s) for s in (m.answer, m.authority, m.additional))
        # ours: OPT or none, its version and flags
        self.edns = (m.edns, m.ednsflags & 0xffff)
        self.check(asked)

    def flatten(self, section):
        return {(rrset.name.canonicalize(), rrset.rdtype, rrset.ttl,
                 rdata_key(rdata)) for rrset in section
                for rdata in rrset}

    def check(self, asked):
        """What no reply may do, whoever gives it."""
        counts = struct.unpack("!4H", self.wire[4:12])
        parsed = [len(self.answer), len(self.authority),
                  len(self.additional) + (self.message.edns >= 0)]
        question = asked.wire()[12:12 + len(asked.name.to_wire()) + 4]
        if counts[0] != 1 or self.wire[12:12 + len(question)] != question:
            self.problems.append("does not repeat the question")
        if list(counts[1:]) != parsed:
            self.problems.append(f"has RRs more than once: {counts}")
        if len(self.wire) > asked.limit():
            self.problems.append(f"{len(self.wire)} octets are too many")
        if self.message.id != asked.ident:
            self.problems.append("has another ID")

    def key(self):
        return tuple(getattr(self, field) for field in FIELDS)

    def differs(self, other):
        return {field for field in FIELDS
                if getattr(self, field) != getattr(other, field)}

    def __str__(self):
        if self.message is None:
            return f"{self.wire.hex()} {self.problems}"
        return f"{len(self.wire)} octets\n{self.message}"


class NoReply(Exception):
    """Says who did not answer what."""


class Client:
    """Asks one server, by UDP or by a TCP connection that is kept."""

    def __init__(self, name, port, wait=WAIT_PEER):
        self.name, self.address, self.wait = name, ("127.0.0.1", port), wait
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.settimeout(wait)
        self.udp.connect(self.address)
        self.tcp = None

    def close(self):
        self.udp.close()
        if self.tcp is not None:
            self.tcp.close()

    def ask_udp(self, wire):
        self.udp.send(wire)
        while True:
            reply = self.udp.recv(65535)
            if reply[:2] == wire[:2]:
                return reply

    def take(self, count):
        octets = b""
        while len(octets) < count:
            some = self.tcp.recv(count - len(octets))
            if not some:
                raise ConnectionError("closed")
            octets += some
        return octets

    def ask_tcp(self, wire, again=True):
        try:
            if self.tcp is None:
                self.tcp = socket.create_connection(self.address, self.wait)
                again = False
            self.tcp.sendall(struct.pack("!H", len(wire)) + wire)
            return self.take(struct.unpack("!H", self.take(2))[0])
        except OSError:
            if self.tcp is not None:
                self.tcp.close()
            self.tcp = None
            if not again:
                raise
        return self.ask_tcp(wire, False)

    def ask(self, asked):
        wire = asked.wire()
        try:
            reply = self.ask_tcp(wire) if asked.tcp else self.ask_udp(wire)
        except OSError as problem:
            raise NoReply(f"{self.name}, {asked}: {problem!r}") from problem
        return Reply(reply, asked)
