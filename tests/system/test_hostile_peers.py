"""Connections that give nothing and take everything, peers of the control socket
that talk nonsense, files that are not what they should be."""
import contextlib
import os
import random
import resource
import select
import socket
import struct
import time
import unittest

import tap
from harness import OTHER_SECRET, PLACED, Server, run
from hostile import (LAMP, ROOM, SEED, TXT, Flow, HostileTest, Stream, add,
                     message, name, signed, update)


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
        cls.rested = cls.descriptors()  # before anybody has connected

    @classmethod
    def descriptors(cls):
        return len(os.listdir(f"/proc/{cls.server.process.pid}/fd"))

    def wait_until(self, what, seconds=30):
        end = time.monotonic() + seconds
        while not what():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)

    def setUp(self):
        super().setUp()
        self.open = []
        self.check_served()
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
            maps = file.read()
        return "libasan" in maps or "libtsan" in maps

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
        refused, waiting = 0, list(peers)
        while refused < len(peers) - 8:  # so many conversations at once
            told = select.select(waiting, [], [], 20)[0]
            self.assertTrue(told)
            for peer in told:
                self.assertIn(b"busy", peer.recv(4096))
                waiting.remove(peer)
                refused += 1
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
        for path in (self.server.dir, "/dev/zero", "/dev/full",
                     "/proc/self/mem"):
            done = run(PLACED, "-t", "-c", path, timeout=30)
            self.assertEqual(done.returncode, 1, path)
            self.server.write("room.example.zone", f"$INCLUDE {path}\n")
            self.check()

    def test_a_pipe_that_nobody_writes_to_is_an_empty_zone_file(self):
        os.unlink(self.zone)
        os.mkfifo(self.zone)
        self.check()
        self.server.start()
        self.server.stop()

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
