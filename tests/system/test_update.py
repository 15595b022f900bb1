"""RFC 2136 as nsupdate and dnspython send it, and what the next query sees."""
import unittest
from unittest import mock

import dns.rcode

import tap
from harness import OTHER_SECRET, SECRET, Server

ROOM = """\
$ORIGIN room.example.
$TTL 300
@ SOA ns hostmaster 41 3600 600 604800 60
@ NS ns
ns A 127.0.0.1
lamp A 192.0.2.1
lamp TXT "on"
alias CNAME lamp
temp._senml 30 TXT "n=temp" "v=21.4"
sub NS ns.sub
ns.sub A 192.0.2.53
_export TXT "lamp A"
"""

RULES = """\
      - { key: room-key., names: [ "*", "@" ], types: [ A, AAAA, SRV, TXT, PTR, CNAME, NS, MX ] }
      - { key: guest-key., names: [ temp._senml ], types: [ TXT ] }
      - { key: guest-key., names: [ "*.desk" ], types: [ A ] }
      - { key: guest-key., names: [ self ], types: [ A ] }
"""


class RoomTest(unittest.TestCase):
    def setUp(self):
        self.server = Server(zones={"room.example": ROOM},
                             rules={"room.example": RULES})
        self.addCleanup(self.server.close)
        self.server.start()

    def values(self, name, rdtype="A"):
        return self.server.values(f"{name}.room.example".lstrip("."), rdtype)

    def update(self, key="room-key."):
        return self.server.update("room.example", key)

    def send(self, update, rcode="NOERROR"):
        reply = self.server.send(update)
        self.assertEqual(dns.rcode.to_text(reply.rcode()), rcode, reply)
        return reply

    def serial(self):
        return self.server.soa("room.example")


class NsupdateTest(RoomTest):
    def test_an_add_is_seen_by_the_next_query(self):
        done = self.server.nsupdate(
            "zone room.example",
            "update add clock.room.example 300 A 192.0.2.77",
            'update add clock.room.example 300 TXT "what is" "the time"')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.values("clock"), {"192.0.2.77"})
        self.assertEqual(self.values("clock", "TXT"),
                         {'"what is" "the time"'})

    def test_a_reading_is_replaced(self):
        done = self.server.nsupdate(
            "zone room.example",
            "update delete temp._senml.room.example TXT",
            'update add temp._senml.room.example 30 TXT "n=temp" "v=22.5"')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.values("temp._senml", "TXT"),
                         {'"n=temp" "v=22.5"'})

    def test_a_name_is_deleted(self):
        done = self.server.nsupdate("zone room.example",
                                    "update delete lamp.room.example")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.server.ask("lamp.room.example").rcode(),
                         dns.rcode.NXDOMAIN)

    def test_the_zone_is_found_without_being_named(self):
        done = self.server.nsupdate(
            "update add clock.room.example 300 A 192.0.2.77")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.values("clock"), {"192.0.2.77"})

    def test_tcp_works_as_well(self):
        done = self.server.nsupdate(
            "zone room.example",
            "update add clock.room.example 300 A 192.0.2.77", options=["-v"])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.values("clock"), {"192.0.2.77"})

    def test_a_prerequisite_that_holds_lets_it_pass(self):
        done = self.server.nsupdate(
            "zone room.example", "prereq yxdomain lamp.room.example",
            "prereq yxrrset lamp.room.example A 192.0.2.1",
            "prereq nxdomain clock.room.example",
            "prereq nxrrset lamp.room.example AAAA",
            "update add clock.room.example 300 A 192.0.2.77")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_prerequisite_that_fails_changes_nothing(self):
        for condition, rcode in (
                ("nxdomain lamp.room.example", "YXDOMAIN"),
                ("yxdomain clock.room.example", "NXDOMAIN"),
                ("nxrrset lamp.room.example A", "YXRRSET"),
                ("yxrrset lamp.room.example AAAA", "NXRRSET"),
                ("yxrrset lamp.room.example A 192.0.2.2", "NXRRSET")):
            done = self.server.nsupdate(
                "zone room.example", f"prereq {condition}",
                "update add clock.room.example 300 A 192.0.2.77")
            self.assertEqual(done.returncode, 2, condition)
            self.assertIn(rcode, done.stdout + done.stderr, condition)
        self.assertEqual(self.values("clock"), set())
        self.assertEqual(self.serial(), 41)

    def test_every_hmac_of_tsig_is_taken(self):
        config = self.server.config()
        names = ("sha1", "sha224", "sha256", "sha384", "sha512")
        keys = "".join(f"  - {{ name: {name}-key., algorithm: hmac-{name}, "
                       f'secret: "{SECRET}" }}\n' for name in names)
        rules = "".join(f'      - {{ key: {name}-key., names: [ "*" ], '
                        f"types: [ A ] }}\n" for name in names)
        self.server.stop()
        config = config.replace("keys:\n", "keys:\n" + keys)
        self.server.write_config(config.replace("    update:\n",
                                                "    update:\n" + rules))
        self.server.spawn()
        self.assertTrue(self.server.wait_ready(), self.server.log())
        for name in names:
            done = self.server.nsupdate(
                "zone room.example",
                f"update add {name}.room.example 300 A 192.0.2.77",
                key=f"hmac-{name}:{name}-key.:{SECRET}")
            self.assertEqual(done.returncode, 0, name + done.stderr)
            self.assertEqual(self.values(name), {"192.0.2.77"})


class UpdateTest(RoomTest):
    def test_the_serial_rises_by_one_with_each_change(self):
        update = self.update()
        update.add("clock", 300, "A", "192.0.2.77")
        update.add("clock", 300, "TXT", "now")
        self.send(update)
        self.assertEqual(self.serial(), 42)

    def test_an_update_that_changes_nothing_keeps_the_serial(self):
        update = self.update()
        update.add("lamp", 300, "A", "192.0.2.1")
        update.delete("nothing", "A")
        self.send(update)
        self.assertEqual(self.serial(), 41)

    def test_one_value_is_deleted_and_its_neighbours_stay(self):
        update = self.update()
        update.add("lamp", 300, "A", "192.0.2.2")
        self.send(update)
        update = self.update()
        update.delete("lamp", "A", "192.0.2.1")
        self.send(update)
        self.assertEqual(self.values("lamp"), {"192.0.2.2"})
        self.assertEqual(self.values("lamp", "TXT"), {'"on"'})

    def test_the_last_name_below_takes_its_empty_non_terminal_along(self):
        update = self.update()
        update.delete("temp._senml")
        self.send(update)
        self.assertEqual(self.server.ask("_senml.room.example").rcode(),
                         dns.rcode.NXDOMAIN)

    def test_one_ttl_holds_for_the_whole_set(self):
        update = self.update()
        update.add("lamp", 60, "A", "192.0.2.2")
        self.send(update)
        self.assertEqual(self.server.ask("lamp.room.example").answer[0].ttl, 60)

    def test_a_cname_beside_other_data_is_passed_over(self):
        update = self.update()
        update.add("lamp", 300, "CNAME", "clock")
        self.send(update)
        self.assertEqual(self.values("lamp"), {"192.0.2.1"})

    def test_other_data_beside_a_cname_is_passed_over(self):
        update = self.update()
        update.add("alias", 0, "A", "192.0.2.9")
        self.send(update)
        self.assertEqual(self.values("alias", "CNAME"), {"lamp.room.example."})

    def test_the_last_ns_and_the_soa_stay(self):
        update = self.update()
        update.delete("@", "NS")
        update.delete("@", "NS", "ns")
        update.delete("@")
        self.send(update)
        self.assertEqual(self.values("", "NS"), {"ns.room.example."})
        self.assertGreaterEqual(self.serial(), 41)

    def test_a_name_outside_the_zone_is_notzone(self):
        update = self.update()
        update.add("www.elsewhere.example.", 300, "A", "192.0.2.1")
        self.send(update, "NOTZONE")

    def test_a_zone_that_is_not_served_is_notauth(self):
        update = self.server.update("elsewhere.example")
        update.add("www", 300, "A", "192.0.2.1")
        self.send(update, "NOTAUTH")

    def test_a_name_inside_a_zone_is_not_a_zone(self):
        update = self.server.update("lamp.room.example")
        update.add("@", 300, "A", "192.0.2.2")
        self.send(update, "NOTAUTH")

    def test_the_first_refused_record_takes_all_with_it(self):
        update = self.update("guest-key.")
        update.replace("temp._senml", 30, "TXT", "n=temp")
        update.add("lamp", 300, "A", "192.0.2.66")
        self.send(update, "REFUSED")
        self.assertEqual(self.values("temp._senml", "TXT"),
                         {'"n=temp" "v=21.4"'})

    def test_a_repeated_message_is_answered_and_not_applied_twice(self):
        update = self.update()
        update.add("clock", 300, "A", "192.0.2.77")
        wire = update.to_wire()
        self.assertEqual(self.server.raw(wire)[3] & 15, dns.rcode.NOERROR)
        between = self.update()
        between.delete("clock", "A")
        self.send(between)
        self.assertEqual(self.server.raw(wire)[3] & 15, dns.rcode.NOERROR)
        self.assertEqual(self.values("clock"), set())

    def test_many_in_one_message_are_one_change(self):
        update = self.update()
        for i in range(200):
            update.add(f"desk{i}", 300, "A", f"192.0.2.{i}")
        reply = self.server.send(update, tcp=True)
        self.assertEqual(reply.rcode(), dns.rcode.NOERROR)
        self.assertEqual(self.serial(), 42)
        self.assertEqual(self.values("desk199"), {"192.0.2.199"})


class PermissionTest(RoomTest):
    def test_an_unsigned_update_is_refused(self):
        update = self.update(None)
        update.add("clock", 300, "A", "192.0.2.77")
        self.send(update, "REFUSED")
        self.assertEqual(self.values("clock"), set())

    def test_a_key_may_change_what_its_rules_name(self):
        update = self.update("guest-key.")
        update.replace("temp._senml", 30, "TXT", "n=temp")
        update.add("clock.desk", 300, "A", "192.0.2.7")
        self.send(update)
        self.assertEqual(self.values("temp._senml", "TXT"), {'"n=temp"'})

    def test_a_key_may_not_change_other_names_or_types(self):
        for name, rdtype, value in (("lamp", "A", "192.0.2.7"),
                                    ("temp._senml", "A", "192.0.2.7"),
                                    ("clock.desk", "TXT", "no"),
                                    ("desk", "A", "192.0.2.7")):
            with self.subTest(f"{name} {rdtype}"):
                update = self.update("guest-key.")
                update.add(name, 300, rdtype, value)
                self.send(update, "REFUSED")

    def test_who_may_not_change_a_name_learns_nothing_about_it(self):
        for name in ("lamp", "nothing"):
            for present in (True, False):
                update = self.update("guest-key.")
                if present:
                    update.present(name)
                else:
                    update.absent(name)
                update.add("lamp", 300, "A", "192.0.2.66")
                self.send(update, "REFUSED")

    def test_a_star_does_not_cover_the_lists_of_the_space(self):
        update = self.update()
        update.add("_export", 300, "TXT", "lamp AAAA")
        self.send(update, "REFUSED")

    def test_a_refusal_is_logged_with_key_name_and_type(self):
        update = self.update("guest-key.")
        update.add("lamp", 300, "A", "192.0.2.66")
        self.send(update, "REFUSED")
        self.assertTrue(self.server.wait_log("refused", 10), self.server.log())
        line = [row for row in self.server.log().splitlines()
                if "refused" in row][-1]
        for word in ("guest-key", "lamp.room.example", " A"):
            self.assertIn(word, line)

    def test_refusals_are_kept_for_the_operator(self):
        update = self.update("guest-key.")
        update.add("lamp", 300, "A", "192.0.2.66")
        self.send(update, "REFUSED")
        last = self.server.ctl("log", "--refused", "--last", "1")
        self.assertEqual(last.returncode, 0, last.stderr)
        for word in ("127.0.0.1", "guest-key", "lamp.room.example", " A"):
            self.assertIn(word, last.stdout)
        self.assertEqual(self.server.ctl("log").returncode, 2)

    def test_a_bad_signature_is_told_to_the_operator(self):
        self.server.nsupdate(
            "zone room.example", "update add x.room.example 300 A 192.0.2.7",
            key=f"hmac-sha256:room-key.:{OTHER_SECRET}")
        last = self.server.ctl("log", "--refused", "--last", "1")
        for word in ("BADSIG", "room-key."):
            self.assertIn(word, last.stdout)

    def test_a_client_with_edns_is_told_why(self):
        update = self.update("guest-key.")
        update.use_edns(0)
        update.add("lamp", 300, "A", "192.0.2.66")
        reply = self.send(update, "REFUSED")
        self.assertTrue([option for option in reply.options
                         if option.otype == 15], reply)

    def test_the_reply_to_a_signed_update_is_signed(self):
        update = self.update()
        update.add("clock", 300, "A", "192.0.2.77")
        self.assertTrue(self.send(update).had_tsig)

    def test_a_wrong_secret_is_badsig(self):
        done = self.server.nsupdate(
            "zone room.example", "update add x.room.example 300 A 192.0.2.7",
            key=f"hmac-sha256:room-key.:{OTHER_SECRET}")
        self.assertEqual(done.returncode, 2)
        self.assertIn("BADSIG", done.stdout + done.stderr)
        self.assertEqual(self.values("x"), set())

    def test_an_unknown_key_is_badkey(self):
        done = self.server.nsupdate(
            "zone room.example", "update add x.room.example 300 A 192.0.2.7",
            key=f"hmac-sha256:nobody-key.:{SECRET}")
        self.assertEqual(done.returncode, 2)
        self.assertIn("BADKEY", done.stdout + done.stderr)

    def test_a_clock_that_is_off_is_badtime(self):
        update = self.update()
        update.add("clock", 300, "A", "192.0.2.77")
        with mock.patch("time.time", return_value=1_000_000_000):
            wire = update.to_wire()
        reply = self.server.raw(wire)
        self.assertEqual(reply[3] & 15, dns.rcode.NOTAUTH)
        # The TSIG's error is BADTIME, and Other Data tells the server's time.
        self.assertEqual(reply[-10:-6], b"\x00\x12\x00\x06")
        self.assertEqual(self.values("clock"), set())


class KeepTest(RoomTest):
    def test_a_message_that_comes_again_after_a_crash_changes_nothing(self):
        update = self.update()
        update.add("clock", 300, "A", "192.0.2.77")
        wire = update.to_wire()
        self.assertIsNotNone(self.server.raw(wire))
        self.assertEqual(self.values("clock"), {"192.0.2.77"})
        gone = self.update()
        gone.delete("clock")
        self.send(gone)
        self.server.kill()
        self.server.start()
        reply = self.server.raw(wire)
        self.assertEqual(reply[3] & 15, 0)
        self.assertEqual(self.values("clock"), set())

    def test_what_was_acknowledged_is_there_after_kill(self):
        update = self.update()
        update.replace("temp._senml", 30, "TXT", "n=temp")
        update.add("clock", 300, "A", "192.0.2.77")
        self.send(update)
        self.server.kill()
        self.server.start()
        self.assertEqual(self.values("clock"), {"192.0.2.77"})
        self.assertEqual(self.values("temp._senml", "TXT"), {'"n=temp"'})
        self.assertEqual(self.serial(), 42)

    def test_a_changed_zone_file_is_not_read_again_by_itself(self):
        self.server.write("room.example.zone",
                          ROOM.replace("192.0.2.1", "192.0.2.200"))
        self.server.stop()
        self.server.start()
        self.assertEqual(self.values("lamp"), {"192.0.2.1"})


if __name__ == "__main__":
    tap.main()
