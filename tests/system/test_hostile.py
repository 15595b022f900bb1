"""A hostile client's messages against the real daemon: cut, bent, with options
and signatures that are not quite, or noise. Whatever comes, it answers as the
RFCs say or not at all, keeps its zone, and serves others meanwhile."""
import contextlib
import struct
import time

import tap
from harness import OTHER_SECRET
from hostile import (A, ANY, BADKEY, BADSIG, BADTIME, BADVERS, CH, FORMERR, IN,
                     LAMP, NOERROR, NONE, NOTAUTH, NOTIMP, NOTZONE, NS,
                     NXDOMAIN, OPT, REFUSED, SOA, TSIG, TXT, UPDATE,
                     HostileTest, Reply, Stream, add, flipped, is_case,
                     is_tsig_type, message, name, opt, rcode_of, rr, signed,
                     update, with_more)


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


if __name__ == "__main__":
    tap.main()
