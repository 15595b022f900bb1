"""Updates that are forged, or out of all proportion: those that are not signed
leave no trace, and those that are find limits."""
import contextlib
import struct
import time

import dns.message
import dns.rcode

import tap
from harness import OTHER_SECRET
from hostile import (A, ANY, CH, FORMERR, IN, LAMP, NOERROR, NONE, NOTAUTH,
                     NOTIMP, NS, OPT, REFUSED, ROOM, SOA, TXT, UPDATE,
                     HostileTest, Stream, add, flipped, is_case, is_tsig_type,
                     message, name, rcode_of, rr, signed, update)


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
    zone = ROOM.split("big TXT", 1)[0]

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


if __name__ == "__main__":
    tap.main()
