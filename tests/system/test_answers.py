"""What a client gets, from a server with zones that have everything."""
import struct
import socket
import unittest

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype

import tap
from harness import Server, run

TEST = """\
$ORIGIN test.example.
$TTL 300
@ SOA ns hostmaster 7 3600 600 604800 60
@ NS ns
@ NS ns.elsewhere.example.
@ MX 10 mail
@ TXT "apex"
ns A 127.0.0.1
a A 192.0.2.1
a A 192.0.2.2
a AAAA 2001:db8::1
mail A 192.0.2.25
alias CNAME a
chain CNAME alias
out CNAME www.elsewhere.example.
other CNAME a.second.example.
dangling CNAME nothing
loop1 CNAME loop2
loop2 CNAME loop1
*.wild TXT "wild"
*.wild A 192.0.2.9
real.wild A 192.0.2.8
*.walias CNAME a
deep.below.ent A 192.0.2.7
sub NS ns.sub
sub NS ns.elsewhere.example.
sub DS 12345 13 2 0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF
ns.sub A 192.0.2.53
ns.sub AAAA 2001:db8::53
occluded.sub A 192.0.2.99
child NS ns.child
ns.child A 127.0.0.1
old DNAME new
x.new A 192.0.2.31
_http._tcp SRV 0 0 80 a
exotic TYPE65400 \\# 3 010203
where LOC 52 12 19.000 N 0 6 47.000 E 12.00m 10m 0.1m 0.1m
radio EUI48 c0-ff-ee-00-11-22
svc HTTPS 1 . alpn=h2
\\000odd\\.label A 192.0.2.77
$GENERATE 0-99 big TXT "a string that makes this set big: number $ of a hundred"
"""

SECOND = """\
$ORIGIN second.example.
$TTL 300
@ SOA ns hostmaster 1 3600 600 604800 900
@ NS ns.test.example.
a A 198.51.100.1
"""

CHILD = """\
$ORIGIN child.test.example.
$TTL 300
@ SOA ns hostmaster 1 3600 600 604800 60
@ NS ns
ns A 127.0.0.1
lamp A 192.0.2.41
"""


class ServerTest(unittest.TestCase):
    zones = {"test.example": TEST, "second.example": SECOND,
             "child.test.example": CHILD}

    @classmethod
    def setUpClass(cls):
        cls.server = Server(zones=cls.zones)
        cls.server.start()

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def ask(self, *args, **options):
        return self.server.ask(*args, **options)

    def check(self, reply, rcode="NOERROR", aa=True, answers=None):
        self.assertEqual(dns.rcode.to_text(reply.rcode()), rcode, reply)
        self.assertEqual(bool(reply.flags & dns.flags.AA), aa, reply)
        self.assertTrue(reply.flags & dns.flags.RA, reply)
        if answers is not None:
            got = sorted(f"{rrset.name} {dns.rdatatype.to_text(rrset.rdtype)} "
                         f"{item}" for rrset in reply.answer for item in rrset)
            self.assertEqual(got, sorted(answers), reply)

    def check_negative(self, reply, rcode, apex="test.example.", ttl=60):
        self.check(reply, rcode)
        self.assertEqual(len(reply.authority), 1, reply)
        soa = reply.authority[0]
        self.assertEqual(soa.rdtype, dns.rdatatype.SOA)
        self.assertEqual(soa.name, dns.name.from_text(apex))
        self.assertEqual(soa.ttl, ttl)


class AnswerTest(ServerTest):
    def test_a_set_is_answered_whole(self):
        self.check(self.ask("a.test.example", "A"), answers=[
            "a.test.example. A 192.0.2.1", "a.test.example. A 192.0.2.2"])

    def test_the_ttl_is_the_files(self):
        self.assertEqual(self.ask("a.test.example", "AAAA").answer[0].ttl, 300)

    def test_the_apex_has_its_soa_ns_and_mx(self):
        self.assertEqual(self.server.soa("test.example"), 7)
        self.assertEqual(len(self.ask("test.example", "NS").answer[0]), 2)
        self.assertEqual(self.server.values("test.example", "MX"),
                         {"10 mail.test.example."})

    def test_mx_and_srv_bring_the_targets_addresses(self):
        for name, rdtype, target in (
                ("test.example", "MX", "mail.test.example."),
                ("_http._tcp.test.example", "SRV", "a.test.example.")):
            with self.subTest(rdtype):
                extra = self.ask(name, rdtype).additional
                self.assertIn(target, {str(rrset.name) for rrset in extra})

    def test_the_case_of_the_question_comes_back(self):
        reply = self.ask("A.tEsT.eXaMpLe", "A")
        self.assertEqual(reply.question[0].name.to_text(), "A.tEsT.eXaMpLe.")
        self.assertEqual(reply.answer[0].name.to_text(), "A.tEsT.eXaMpLe.")
        self.check(reply)

    def test_types_of_all_kinds_are_answered(self):
        self.assertEqual(self.server.values("exotic.test.example", "TYPE65400"),
                         {"\\# 3 010203"})
        self.assertEqual(self.server.values("radio.test.example", "EUI48"),
                         {"c0-ff-ee-00-11-22"})
        self.assertEqual(len(self.server.values("where.test.example", "LOC")), 1)
        self.assertEqual(len(self.server.values("svc.test.example", "HTTPS")), 1)

    def test_odd_octets_in_labels_are_found(self):
        self.check(self.ask("\\000ODD\\.label.test.example", "A"), answers=[
            "\\000ODD\\.label.test.example. A 192.0.2.77"])

    def test_any_gives_one_set(self):
        reply = self.ask("a.test.example", "ANY")
        self.check(reply)
        self.assertEqual(len(reply.answer), 1, reply)

    def test_a_zone_that_is_not_served_is_refused(self):
        self.check(self.ask("www.elsewhere.example"), "REFUSED", aa=False)
        self.check(self.ask("."), "REFUSED", aa=False)


class NegativeTest(ServerTest):
    def test_a_name_without_the_type_is_nodata(self):
        self.check_negative(self.ask("mail.test.example", "AAAA"), "NOERROR")

    def test_a_name_that_is_not_there_is_nxdomain(self):
        self.check_negative(self.ask("no.test.example"), "NXDOMAIN")
        self.check_negative(self.ask("no.a.test.example"), "NXDOMAIN")

    def test_an_empty_non_terminal_is_nodata(self):
        self.check_negative(self.ask("below.ent.test.example"), "NOERROR")
        self.check_negative(self.ask("ent.test.example"), "NOERROR")

    def test_the_negative_ttl_is_the_smaller_of_soa_ttl_and_minimum(self):
        self.check_negative(self.ask("no.second.example"), "NXDOMAIN",
                            "second.example.", 300)


class AliasTest(ServerTest):
    def test_a_cname_is_followed_in_the_zone(self):
        self.check(self.ask("chain.test.example", "AAAA"), answers=[
            "chain.test.example. CNAME alias.test.example.",
            "alias.test.example. CNAME a.test.example.",
            "a.test.example. AAAA 2001:db8::1"])

    def test_a_cname_is_followed_into_another_served_zone(self):
        self.check(self.ask("other.test.example"), answers=[
            "other.test.example. CNAME a.second.example.",
            "a.second.example. A 198.51.100.1"])

    def test_a_cname_out_of_what_is_served_stands_alone(self):
        self.check(self.ask("out.test.example"), answers=[
            "out.test.example. CNAME www.elsewhere.example."])

    def test_a_question_for_the_cname_itself_is_not_followed(self):
        self.check(self.ask("alias.test.example", "CNAME"), answers=[
            "alias.test.example. CNAME a.test.example."])

    def test_a_cname_to_nothing_is_nxdomain_with_the_cname(self):
        reply = self.ask("dangling.test.example")
        self.check_negative(reply, "NXDOMAIN")
        self.assertEqual(len(reply.answer), 1)

    def test_a_cname_loop_ends(self):
        reply = self.ask("loop1.test.example")
        self.assertIn(reply.rcode(), (dns.rcode.NOERROR, dns.rcode.SERVFAIL))

    def test_a_dname_makes_a_cname_and_goes_on(self):
        self.check(self.ask("x.old.test.example"), answers=[
            "old.test.example. DNAME new.test.example.",
            "x.old.test.example. CNAME x.new.test.example.",
            "x.new.test.example. A 192.0.2.31"])

    def test_a_dname_does_not_cover_its_own_name(self):
        self.check_negative(self.ask("old.test.example"), "NOERROR")

    def test_a_dname_that_makes_a_name_too_long_is_yxdomain(self):
        long = ".".join(["x" * 62] * 3 + ["y" * 46, "old.test.example."])
        zone = Server(zones={"test.example": TEST.replace(
            "old DNAME new", "old DNAME a-much-longer-new-name")})
        with zone as server:
            self.assertEqual(server.ask(long).rcode(), dns.rcode.YXDOMAIN)


class WildcardTest(ServerTest):
    def test_a_wildcard_answers_under_the_asked_name(self):
        self.check(self.ask("any.thing.wild.test.example"), answers=[
            "any.thing.wild.test.example. A 192.0.2.9"])

    def test_a_name_that_is_there_is_not_covered(self):
        self.check_negative(self.ask("real.wild.test.example", "TXT"),
                            "NOERROR")
        self.check_negative(self.ask("x.real.wild.test.example"), "NXDOMAIN")

    def test_a_wildcard_without_the_type_is_nodata(self):
        self.check_negative(self.ask("x.wild.test.example", "MX"), "NOERROR")

    def test_the_star_itself_can_be_asked(self):
        self.check(self.ask("*.wild.test.example"), answers=[
            "*.wild.test.example. A 192.0.2.9"])

    def test_a_wildcard_cname_is_followed(self):
        self.check(self.ask("x.walias.test.example", "AAAA"), answers=[
            "x.walias.test.example. CNAME a.test.example.",
            "a.test.example. AAAA 2001:db8::1"])


class DelegationTest(ServerTest):
    def ask(self, name, rdtype="A"):
        """As another server asks: who is inside and wants recursion gets the
        child's answer."""
        return self.server.ask(name, rdtype, flags=0)

    def check_referral(self, reply):
        self.check(reply, aa=False, answers=[])
        names = {(str(rrset.name), rrset.rdtype) for rrset in reply.authority}
        self.assertIn(("sub.test.example.", dns.rdatatype.NS), names)
        glue = {item.to_text() for rrset in reply.additional for item in rrset}
        self.assertEqual(glue, {"192.0.2.53", "2001:db8::53"})

    def test_a_name_below_a_cut_is_referred_with_glue(self):
        self.check_referral(self.ask("www.sub.test.example"))

    def test_the_cut_itself_is_referred(self):
        self.check_referral(self.ask("sub.test.example", "NS"))
        self.check_referral(self.ask("sub.test.example", "A"))

    def test_an_occluded_name_is_referred(self):
        self.check_referral(self.ask("occluded.sub.test.example"))

    def test_ds_is_answered_by_the_parent(self):
        reply = self.ask("sub.test.example", "DS")
        self.check(reply)
        self.assertEqual(reply.answer[0].rdtype, dns.rdatatype.DS)

    def test_a_child_served_here_answers_for_itself(self):
        self.check(self.ask("lamp.child.test.example"), answers=[
            "lamp.child.test.example. A 192.0.2.41"])

    def test_ds_of_a_child_served_here_comes_from_the_parent(self):
        self.check_negative(self.ask("child.test.example", "DS"), "NOERROR")


class MessageTest(ServerTest):
    def header(self, wire):
        return struct.unpack("!6H", wire[:12])

    def test_udp_is_cut_and_tcp_is_whole(self):
        reply = self.ask("big.test.example", "TXT")
        self.assertTrue(reply.flags & dns.flags.TC)
        self.assertLessEqual(len(reply.to_wire()), 512)
        reply = self.ask("big.test.example", "TXT", tcp=True)
        self.assertFalse(reply.flags & dns.flags.TC)
        self.assertEqual(len(reply.answer[0]), 100)

    def test_no_udp_answer_is_larger_than_the_client_takes(self):
        for size in (512, 700, 1232, 4096):
            with self.subTest(size):
                query = dns.message.make_query("big.test.example", "TXT",
                                               payload=size, use_edns=0)
                wire = self.server.raw(query.to_wire())
                self.assertLessEqual(len(wire), size)

    def test_dig_falls_over_to_tcp(self):
        done = self.server.dig("big.test.example", "TXT", "+short")
        self.assertEqual(len(done.stdout.splitlines()), 100, done.stdout)

    def test_edns_is_answered_and_absent_edns_is_not(self):
        self.assertEqual(self.ask("a.test.example", use_edns=0).edns, 0)
        self.assertEqual(self.ask("a.test.example", use_edns=False).edns, -1)

    def test_an_edns_version_to_come_is_badvers(self):
        query = dns.message.make_query("a.test.example", "A")
        query.use_edns(1)
        reply = self.server.send(query)
        self.assertEqual(reply.rcode(), dns.rcode.BADVERS)
        self.assertEqual(reply.edns, 0)
        self.assertEqual(reply.answer, [])

    def test_unknown_edns_options_are_passed_over(self):
        option = dns.edns.GenericOption(65001, b"whatever")
        self.check(self.ask("a.test.example", use_edns=0, options=[option]))

    def test_an_unknown_opcode_is_notimp(self):
        for opcode in (1, 2, 3, 6, 15):
            with self.subTest(opcode):
                wire = struct.pack("!6H", 77, opcode << 11, 0, 0, 0, 0)
                ident, flags, *_ = self.header(self.server.raw(wire))
                self.assertEqual(ident, 77)
                self.assertEqual(flags & 15, dns.rcode.NOTIMP)
                self.assertEqual(flags >> 11 & 15, opcode)

    def test_classes_other_than_in_are_refused(self):
        for rdclass in ("CH", "HS"):
            with self.subTest(rdclass):
                query = dns.message.make_query("a.test.example", "A", rdclass)
                self.assertEqual(self.server.send(query).rcode(),
                                 dns.rcode.REFUSED)

    def test_version_bind_is_kept_to_ourselves(self):
        for name in ("version.bind", "id.server"):
            with self.subTest(name):
                query = dns.message.make_query(name, "TXT", "CH")
                self.assertEqual(self.server.send(query).rcode(),
                                 dns.rcode.REFUSED)

    def test_zone_transfers_are_not_given(self):
        for rdtype in ("AXFR", "IXFR"):
            with self.subTest(rdtype):
                query = dns.message.make_query("test.example", rdtype)
                wire = self.server.raw(query.to_wire())
                self.assertIn(self.header(wire)[1] & 15,
                              (dns.rcode.REFUSED, dns.rcode.NOTIMP))

    def test_a_response_is_not_answered(self):
        query = dns.message.make_query("a.test.example", "A")
        query.flags |= dns.flags.QR
        self.assertIsNone(self.server.raw(query.to_wire(), wait=0.3))
        self.check(self.ask("a.test.example"))

    def test_a_message_shorter_than_a_header_is_not_answered(self):
        self.assertIsNone(self.server.raw(b"\0" * 11, wait=0.3))
        self.check(self.ask("a.test.example"))

    def test_a_message_with_octets_left_over_is_formerr(self):
        wire = dns.message.make_query("a.test.example", "A").to_wire() + b"x"
        self.assertEqual(self.header(self.server.raw(wire))[1] & 15,
                         dns.rcode.FORMERR)

    def test_rd_comes_back_and_recursion_is_not_there(self):
        reply = self.ask("a.test.example")
        self.assertTrue(reply.flags & dns.flags.RD)
        self.assertTrue(reply.flags & dns.flags.RA)

    def test_a_tcp_client_may_send_many_at_once(self):
        queries = [dns.message.make_query(f"x{i}.wild.test.example", "A")
                   for i in range(40)]
        data = b"".join(struct.pack("!H", len(wire)) + wire
                        for wire in (query.to_wire() for query in queries))
        with socket.create_connection(("127.0.0.1", self.server.port), 10) as tcp:
            tcp.sendall(data)
            stream = tcp.makefile("rb")
            seen = set()
            for _ in queries:
                size, = struct.unpack("!H", stream.read(2))
                seen.add(dns.message.from_wire(stream.read(size)).id)
        self.assertEqual(seen, {query.id for query in queries})

    def test_a_tcp_client_may_send_octet_by_octet(self):
        wire = dns.message.make_query("a.test.example", "A").to_wire()
        with socket.create_connection(("127.0.0.1", self.server.port), 10) as tcp:
            tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for octet in struct.pack("!H", len(wire)) + wire:
                tcp.sendall(bytes([octet]))
            stream = tcp.makefile("rb")
            size, = struct.unpack("!H", stream.read(2))
            self.check(dns.message.from_wire(stream.read(size)))


class SettingTest(unittest.TestCase):
    def test_nsid_version_and_identity_are_told_if_set(self):
        settings = "nsid: lounge-1\nversion: placed test\nidentity: lounge"
        with Server(zones={"second.example": SECOND},
                    settings=settings) as server:
            option = dns.edns.GenericOption(dns.edns.NSID, b"")
            reply = server.ask("a.second.example", use_edns=0, options=[option])
            told = [bytes(item.data) for item in reply.options
                    if item.otype == dns.edns.NSID]
            self.assertEqual(told, [b"lounge-1"])
            self.assertEqual(server.ask("a.second.example", use_edns=0).options,
                             ())
            for name, text in (("version.bind", '"placed test"'),
                               ("id.server", '"lounge"')):
                query = dns.message.make_query(name, "TXT", "CH")
                reply = server.send(query)
                self.assertEqual(reply.answer[0][0].to_text(), text)


class ClientTest(ServerTest):
    """Every client parses what we send."""

    names = (("a", "A"), ("chain", "AAAA"), ("x.old", "A"), ("no", "A"),
             ("www.sub", "A"), ("x.wild", "TXT"), ("where", "LOC"),
             ("_http._tcp", "SRV"), ("big", "TXT"), ("", "SOA"))

    def each(self):
        for name, rdtype in self.names:
            yield f"{name}.test.example".lstrip("."), rdtype

    def test_dig_understands_every_answer(self):
        for name, rdtype in self.each():
            done = self.server.dig(name, rdtype)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertIn("Got answer", done.stdout)
            self.assertNotIn("WARNING: Message", done.stdout)
            self.assertNotIn("malformed", done.stdout)

    def test_kdig_understands_every_answer(self):
        for name, rdtype in self.each():
            done = self.server.kdig(name, rdtype, "+edns", "+nsid")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            warnings = [line for line in done.stdout.splitlines()
                        if "WARNING" in line and "truncated" not in line]
            self.assertEqual(warnings, [])
            self.assertNotIn(";; ERROR", done.stdout + done.stderr)

    def test_drill_understands_every_answer(self):
        for name, rdtype in self.each():
            done = self.server.drill(name, rdtype)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertIn("rcode", done.stdout)

    def test_delv_understands_every_answer(self):
        for name, rdtype in self.each():
            if name.startswith("www.sub."):
                continue  # delv takes us for a resolver: no referrals
            # It asks the root for keys unless it is told not to validate.
            done = run("delv", "@127.0.0.1", "-p", self.server.port, "-i",
                       "+noroot", name, rdtype)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertRegex(done.stdout, "^; (authoritative|negative)", name)
            self.assertNotRegex(done.stdout + done.stderr,
                                "FORMERR|format error|unexpected", name)


if __name__ == "__main__":
    tap.main()
