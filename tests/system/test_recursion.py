"""Who waits for the uplink while something happens: a reload, a stop, a client
that hangs up. And what a reload changes of the uplink itself."""
import socket
import struct
import threading
import time
import unittest

import dns.edns
import dns.message
import dns.rcode
import dns.tsig

import tap
from forwarder import TRUTH, Forwarder, reply_to, truth
from harness import KEYRING, Server

ROOM = """\
$ORIGIN room.example.
$TTL 300
@ SOA ns hostmaster 1 3600 600 604800 60
@ NS ns
ns A 127.0.0.1
lamp A 192.0.2.1
out CNAME www.world.example.
_reach TXT "world.example"
"""
UPLINK = "uplink:\n  forward: [ {} ]\n  {}\n"
NO_REACHABLE = 22
PRIVATE = "10.0.0.7"


class RecursionTest(unittest.TestCase):
    def setUp(self):
        self.released = threading.Event()
        self.forwarder = Forwarder({"held": self.hold, "priv": self.private})
        self.addCleanup(self.forwarder.close)
        self.addCleanup(self.released.set)
        self.forwarder.start()
        self.server = Server({"room.example": ROOM})
        self.addCleanup(self.server.close)

    def start(self, more=""):
        self.configure(more)
        self.server.start()

    def configure(self, more=""):
        self.server.settings = UPLINK.format(self.forwarder.at, more)
        self.server.write_config()

    def reload(self):
        done = self.server.ctl("reload")
        self.assertEqual(done.returncode, 0, done.stderr)

    # --- the forwarder's scripts ----------------------------------------------

    def hold(self, question):
        """Answers when the test says so; others are served meanwhile."""
        def answer():
            self.released.wait(20)
            question.send(truth(question.query))
        threading.Thread(target=answer, daemon=True).start()

    @staticmethod
    def private(question):
        question.send(reply_to(question.query, (None, "A", PRIVATE)))

    # --- clients --------------------------------------------------------------

    def wire(self, ident=7):
        return dns.message.make_query("held.world.example", "A", use_edns=0,
                                      id=ident).to_wire()

    def udp(self):
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(client.close)
        client.settimeout(20)
        client.connect(("127.0.0.1", self.server.port))
        client.send(self.wire())
        return client

    def tcp(self):
        client = socket.create_connection(("127.0.0.1", self.server.port), 20)
        self.addCleanup(client.close)
        client.sendall(struct.pack("!H", len(self.wire())) + self.wire())
        return client

    @staticmethod
    def reply(client):
        wire = client.recv(65535)
        if client.type == socket.SOCK_STREAM:
            while len(wire) < 2 or len(wire) < 2 + int.from_bytes(wire[:2],
                                                                  "big"):
                more = client.recv(65535)
                if not more:
                    raise AssertionError("hung up")
                wire += more
            wire = wire[2:]
        return dns.message.from_wire(wire)

    def wait_for(self, condition):
        end = time.monotonic() + 20
        while time.monotonic() < end:
            if condition():
                return
        self.fail("it did not come")

    def waiting(self, *clients):
        """They wait, each at its worker, and the forwarder knows."""
        self.wait_for(lambda: self.forwarder.count("held") > 0)
        self.assertEqual(self.server.values("lamp.room.example"),
                         {"192.0.2.1"})
        return clients

    def assert_true(self, reply):
        self.assertEqual(reply.rcode(), dns.rcode.NOERROR, reply)
        self.assertEqual({item.to_text() for rrset in reply.answer
                          for item in rrset if rrset.rdtype == 1}, {TRUTH})

    def ede(self, reply):
        return [option.code for option in reply.options
                if isinstance(option, dns.edns.EDEOption)]

    # --- while some wait ------------------------------------------------------

    def test_a_reload_keeps_who_waits(self):
        self.start()
        clients = self.waiting(self.udp(), self.tcp())
        self.configure("waiting-per-client: 1")
        self.reload()
        self.reload()
        self.released.set()
        for client in clients:
            self.assert_true(self.reply(client))

    def test_what_is_no_longer_in_reach_is_refused_to_who_waits(self):
        self.start()
        client, = self.waiting(self.udp())
        done = self.server.ctl("reach", "del", "world.example", "--zone",
                               "room.example")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.released.set()
        self.assertEqual(self.reply(client).rcode(), dns.rcode.REFUSED)

    def test_a_stop_tells_who_waits(self):
        self.start()
        clients = self.waiting(self.udp(), self.tcp())
        self.server.stop()
        for client in clients:
            self.assertEqual(self.reply(client).rcode(), dns.rcode.SERVFAIL)

    def test_who_hangs_up_is_nobodys_burden(self):
        self.start()
        for client in self.waiting(*(self.tcp() for _ in range(5)),
                                   self.udp()):
            client.close()
        self.released.set()
        self.assert_true(self.server.ask("held.world.example"))
        self.assert_true(self.server.ask("out.room.example"))

    def test_a_signed_question_gets_a_signed_answer(self):
        self.start()
        for _ in range(2):  # the uplink's, then the cache's
            query = dns.message.make_query("www.world.example", "A")
            query.use_tsig(KEYRING, "room-key.")
            reply = self.server.send(query)
            self.assertTrue(reply.had_tsig)
            self.assert_true(reply)

    # --- what a reload changes ------------------------------------------------

    def test_an_uplink_comes_and_goes(self):
        self.server.start()
        for _ in range(2):
            reply = self.server.ask("www.world.example", use_edns=0)
            self.assertEqual(reply.rcode(), dns.rcode.SERVFAIL)
            self.assertEqual(self.ede(reply), [NO_REACHABLE])
            self.configure()
            self.reload()
            self.assert_true(self.server.ask("www.world.example"))
            # It has a cache, though it began without an uplink.
            self.wait_for(lambda: self.is_cached("www.world.example"))
            self.server.settings = ""
            self.server.write_config()
            self.reload()

    def is_cached(self, name):
        before = len(self.forwarder.asked)
        for _ in range(10):  # whichever worker it is
            self.assert_true(self.server.ask(name))
        return len(self.forwarder.asked) == before

    def test_what_is_known_survives_a_restart_and_a_kill(self):
        self.start()
        self.assert_true(self.server.ask("www.world.example"))
        self.wait_for(lambda: self.is_cached("www.world.example"))
        for end in (self.server.stop, self.server.kill):
            end()
            self.server.start()
            self.assertTrue(self.is_cached("www.world.example"))

    def test_who_is_private_changes_at_once(self):
        self.start("private: [ world.example ]")
        for addresses, more in (({PRIVATE}, "private: [ other.example ]"),
                                (set(), "private: [ world.example ]"),
                                ({PRIVATE}, "")):
            for _ in range(6):
                self.assertEqual(self.server.values("priv.world.example"),
                                 addresses)
            self.configure(more)
            self.reload()


if __name__ == "__main__":
    tap.main()
