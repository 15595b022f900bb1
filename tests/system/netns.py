"""Places apart on one machine: network namespaces, joined by cables that can be
pulled, and what is on a cable.

    room, parent = Space(), Space()
    cable = Cable(room, "10.9.1.2/24", parent, "10.9.1.1/24")
    with room.entered():            # this thread's sockets and processes
        ...
    tap = Capture(room, cable.name) # all DNS messages on it from now on
    cable.pull()

Nothing has a name outside of this process, so nothing is left behind however it
ends. Only root may do it: why_not() says why it cannot be done here.
"""
import contextlib
import ctypes
import errno
import os
import shutil
import socket
import struct
import subprocess
import sys
import unittest

import dns.exception
import dns.message
import dns.name

from harness import Server

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "diff"))

import peers  # pylint: disable=wrong-import-position

CLONE_NEWNET = 0x40000000
HERE = "/proc/thread-self/ns/net"
ETH_P_ALL, ETH_P_IP = 3, 0x0800
SOL_PACKET, PACKET_STATISTICS, PACKET_OUTGOING = 263, 6, 4
SO_RCVBUFFORCE = 33
UNREACHABLE = 3
CAPTURE_OCTETS = 64 << 20

LIBC = ctypes.CDLL(None, use_errno=True)


def call(name, *args):
    if getattr(LIBC, name)(*args) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")


def ip(*words):
    done = subprocess.run(["ip", *words], text=True, capture_output=True,
                          check=False, timeout=30)
    if done.returncode != 0:
        raise OSError(f"ip {' '.join(words)}: {done.stderr.strip()}")


def why_not():
    """None, or why there are no namespaces here."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if shutil.which("ip") is None:
        return "no ip (iproute2)"
    try:
        ends = Space(), Space()
        Cable(ends[0], "10.9.0.1/30", ends[1], "10.9.0.2/30")
    except OSError as problem:
        return f"no network namespaces: {problem}"
    for end in ends:
        end.close()
    return None


class Space:
    """A network namespace with its loopback up."""

    def __init__(self):
        home = os.open(HERE, os.O_RDONLY | os.O_CLOEXEC)
        try:
            call("unshare", CLONE_NEWNET)
            self.descriptor = os.open(HERE, os.O_RDONLY | os.O_CLOEXEC)
            call("setns", home, CLONE_NEWNET)
        finally:
            os.close(home)
        self.path = f"/proc/{os.getpid()}/fd/{self.descriptor}"
        self.ends = 0
        with self.entered():
            # What the kernel says by itself over IPv6 is not of interest.
            with contextlib.suppress(OSError), open(
                    "/proc/sys/net/ipv6/conf/default/disable_ipv6", "w",
                    encoding="ascii") as file:
                file.write("1")
            ip("link", "set", "lo", "up")

    @contextlib.contextmanager
    def entered(self):
        home = os.open(HERE, os.O_RDONLY | os.O_CLOEXEC)
        try:
            call("setns", self.descriptor, CLONE_NEWNET)
            yield self
        finally:
            call("setns", home, CLONE_NEWNET)
            os.close(home)

    def next_end(self):
        self.ends += 1
        return f"end{self.ends}"

    def has(self, end, address):
        with self.entered():
            ip("address", "add", address, "dev", end)
            ip("link", "set", end, "up")

    def close(self):
        os.close(self.descriptor)


class Cable:
    """From one space to another, each end with an address and prefix."""

    def __init__(self, a, a_address, b, b_address):
        self.a, self.b = a, b
        self.name, self.far = a.next_end(), b.next_end()
        ip("link", "add", self.name, "netns", a.path, "type", "veth", "peer",
           "name", self.far, "netns", b.path)
        a.has(self.name, a_address)
        b.has(self.far, b_address)

    def set(self, space, end, state):
        with space.entered():
            ip("link", "set", end, state)

    def pull(self):
        """At a's end: no way there, and the kernel says so."""
        self.set(self.a, self.name, "down")

    def plug(self):
        self.set(self.a, self.name, "up")

    def cut(self):
        """Far away: what is sent from a is lost, and nobody says anything."""
        self.set(self.b, self.far, "down")

    def mend(self):
        self.set(self.b, self.far, "up")


class Switch:
    """One link for many spaces."""

    def __init__(self):
        self.space = Space()
        with self.space.entered():
            ip("link", "add", "bridge", "type", "bridge")
            ip("link", "set", "bridge", "up")

    def join(self, space, address):
        here, there = self.space.next_end(), space.next_end()
        ip("link", "add", there, "netns", space.path, "type", "veth", "peer",
           "name", here, "netns", self.space.path)
        with self.space.entered():
            ip("link", "set", here, "master", "bridge", "up")
        space.has(there, address)

    def close(self):
        self.space.close()


class Capture:
    """Every IPv4 packet on an interface of a space, kept by the kernel until
    it is looked at."""

    def __init__(self, space, end):
        with space.entered():
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM,
                                        socket.htons(ETH_P_ALL))
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE,
                               CAPTURE_OCTETS)
        self.socket.bind((end, ETH_P_ALL))
        self.socket.setblocking(False)
        self.streams = {}  # flow: octets not yet a message
        self.messages = []  # (outgoing, dns.message.Message)
        self.others = []  # packets that are neither UDP nor TCP
        self.broken = []  # what is no DNS message
        self.lost = 0

    def close(self):
        self.socket.close()

    def read(self):
        """Takes what came until now. Returns self."""
        while True:
            try:
                packet, (_, protocol, kind, *_) = self.socket.recvfrom(1 << 17)
            except BlockingIOError:
                break
            except OSError as problem:
                if problem.errno != errno.ENETDOWN:  # told once
                    raise
                continue
            if protocol == ETH_P_IP:
                self.take(packet, kind == PACKET_OUTGOING)
        statistics = self.socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8)
        self.lost += struct.unpack("@II", statistics)[1]
        return self

    def take(self, packet, out):
        total = struct.unpack("!H", packet[2:4])[0]
        body = packet[(packet[0] & 15) * 4:total]
        if packet[9] == socket.IPPROTO_UDP:
            self.message(body[8:], out)
        elif packet[9] == socket.IPPROTO_TCP:
            flow = packet[12:20] + body[:4]
            self.stream(flow, body[(body[12] >> 4) * 4:], out)
        elif packet[9] == socket.IPPROTO_ICMP and body[0] == UNREACHABLE and \
                body[17] == socket.IPPROTO_UDP:
            # The kernel quotes a reply that came too late.
            self.message(body[8 + (body[8] & 15) * 4 + 8:], out)
        else:
            self.others.append(packet)

    def stream(self, flow, octets, out):
        """In order and once: a cable between two namespaces loses nothing."""
        held = self.streams.get(flow, b"") + octets
        while len(held) >= 2 + struct.unpack("!H", (held + b"\0\0")[:2])[0]:
            if len(held) < 2:
                break
            length = 2 + struct.unpack("!H", held[:2])[0]
            self.message(held[2:length], out)
            held = held[length:]
        self.streams[flow] = held

    def message(self, wire, out):
        try:
            self.messages.append((out, dns.message.from_wire(
                wire, question_only=True)))
        except dns.exception.DNSException:
            self.broken.append(wire)

    def count(self, name):
        """Messages that left with a question for it."""
        return sum(rr.name.canonicalize() == name
                   for out, message in self.messages if out
                   for rr in message.question)

    def questions(self):
        """What left by this end: (name in lower case, type, class)."""
        return {(rr.name.canonicalize(), rr.rdtype, rr.rdclass)
                for out, message in self.messages if out
                for rr in message.question}


class Place(Server):
    """A placed in a space, at port 53 of its addresses."""

    def __init__(self, space, addresses, zones, inside="127.0.0.0/8",
                 uplink="", **options):
        self.space, self.addresses, self.inside = space, addresses, inside
        super().__init__(zones=zones, settings=uplink, **options)
        self.port = 53
        self.write_config()

    def config(self):
        listen = ", ".join(f"{address}@53"
                           for address in ("127.0.0.1", *self.addresses))
        return super().config().replace(
            f"listen: [ 127.0.0.1@{self.port} ]", f"listen: [ {listen} ]"
        ).replace("inside: [ 127.0.0.0/8 ]", f"inside: [ {self.inside} ]")

    def spawn(self, prefix=()):
        with self.space.entered():
            super().spawn(prefix)

    def send(self, message, tcp=False):
        with self.space.entered():
            return super().send(message, tcp)


class Text:
    """A zone as tests/diff wants it."""

    def __init__(self, apex, text):
        self.apex = dns.name.from_text(apex)
        self.words = text

    def text(self):
        return self.words


class Abroad:
    """Somebody else's nameserver in a space, at port 53 of an address; mixed
    into tests/diff's."""
    space = address = None

    def configure(self):
        self.port = 53
        super().configure()
        for name in ("named.conf", "knot.conf"):
            path = os.path.join(self.home, name)
            if os.path.exists(path):
                with open(path, encoding="utf-8") as file:
                    text = file.read()
                peers.write(path, text.replace(peers.ADDRESS, self.address))

    def spawn(self):
        with self.space.entered():
            super().spawn()

    def answers(self, apex):
        query = dns.message.make_query(apex, "SOA", flags=0)
        with self.space.entered(), socket.socket(
                socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.settimeout(.2)
            udp.connect((self.address, 53))
            try:
                udp.send(query.to_wire())
                reply = udp.recv(65535)
            except OSError:
                return False
        return reply[2] & 4 != 0 and reply[7] > 0


class Bind(Abroad, peers.Bind):
    def __init__(self, folder, space, address, zones):
        self.space, self.address = space, address
        super().__init__(folder, [Text(*zone) for zone in zones.items()])


class Knot(Abroad, peers.Knot):
    def __init__(self, folder, space, address, zones):
        self.space, self.address = space, address
        super().__init__(folder, [Text(*zone) for zone in zones.items()])


WHY_NOT = why_not()


@unittest.skipIf(WHY_NOT, WHY_NOT)
class SpacesTest(unittest.TestCase):
    """Skipped where there are no namespaces, as are those derived from it."""

    @classmethod
    def keep(cls, thing, how="close"):
        """Until the end of the class."""
        cls.addClassCleanup(getattr(thing, how))
        return thing

    @classmethod
    def peers(cls):
        try:
            return peers.fetch()
        except peers.Unavailable as problem:
            raise unittest.SkipTest(f"no peers: {problem}") from problem
