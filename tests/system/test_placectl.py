"""placectl against a running server, and alone."""
import os
import signal
import subprocess
import time
import unittest

import dns.rcode
import dns.zone

import tap
from harness import PLACECTL, PLACED, Server, run

ROOM = """\
$ORIGIN room.example.
$TTL 300
@ SOA ns hostmaster 7 3600 600 604800 60
@ NS ns
ns A 127.0.0.1
lamp A 192.0.2.1
lamp TXT "on" "quoted \\"text\\""
alias CNAME lamp
*.guest A 192.0.2.9
sub NS ns.sub
ns.sub A 192.0.2.53
exotic TYPE65400 \\# 3 010203
"""

OTHER = ROOM.replace("room.example", "other.example")

# Of each setting that needs a restart, and of some that do not (FREE), a value
# that is not the one in force.
OTHER_VALUES = {
    "listen": "[ 127.0.0.1@53 ]", "store": "elsewhere", "store-limit": "2G",
    "workers": "3", "memo": "1M", "user": "nobody", "control": "elsewhere",
    "control-mode": "0600", "tcp-idle": "1s", "tcp-connections": "7",
    "tcp-per-address": "7", "tcp-pipeline": "7", "cache-limit": "2M",
    "ca-file": "ca.pem", "journal-limit": "2M", "udp-payload": "600",
    "version": "x", "identity": "x", "nsid": "x", "rrset-limit": "7000",
    "types-limit": "50", "log": "info", "waiting-per-client": "7",
    "ttl-max": "1h", "forward": "[ 127.0.0.1 ]",
}
FREE = {"journal-limit", "udp-payload", "version", "identity", "nsid",
        "rrset-limit", "types-limit", "log", "waiting-per-client", "ttl-max",
        "forward"}
UPLINK = {"cache-limit", "ca-file", "waiting-per-client", "ttl-max", "forward"}


class CtlTest(unittest.TestCase):
    def setUp(self):
        self.server = Server(zones={"room.example": ROOM,
                                    "other.example": OTHER})
        self.addCleanup(self.server.close)
        self.server.start()

    def ctl(self, *words, status=0):
        done = self.server.ctl(*words)
        self.assertEqual(done.returncode, status,
                         f"{words}: {done.stdout}{done.stderr}")
        if status:
            self.assertTrue(done.stderr.strip(), words)
        return done.stdout if status == 0 else done.stderr

    def wait_for(self, condition, seconds=30):
        """Until it holds; what it asks for is made by another thread."""
        end = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), end, self.server.log())

    def add(self, name="clock", address="192.0.2.77"):
        update = self.server.update("room.example")
        update.add(name, 300, "A", address)
        self.assertEqual(self.server.send(update).rcode(), dns.rcode.NOERROR)


class StatusTest(CtlTest):
    def test_status_tells_what_runs(self):
        text = self.ctl("status")
        self.assertIn("2", text)
        objects = self.server.ctl_json("status")
        self.assertTrue(objects)

    def test_zones_tells_each_zone_with_its_serial(self):
        text = self.ctl("zones")
        for line in ("room.example", "other.example"):
            self.assertIn(line, text)
        serials = {item["zone"].rstrip("."): item["serial"]
                   for item in self.server.ctl_json("zones") if "zone" in item}
        self.assertEqual(serials, {"room.example": 7, "other.example": 7})

    def test_explain_names_zone_and_step(self):
        self.assertIn("room.example", self.ctl("explain", "lamp.room.example",
                                               "A"))
        self.assertIn("room.example",
                      self.ctl("explain", "no.room.example", "A"))
        self.server.ctl_json("explain", "alias.room.example", "A")

    def test_log_tells_who_changed_what(self):
        self.add()
        text = self.ctl("log", "room.example")
        for word in ("clock.room.example", "192.0.2.77", "room-key"):
            self.assertIn(word, text)
        self.server.ctl_json("log", "room.example")

    def test_a_zone_that_is_not_there_is_status_1(self):
        for command in ("dump", "log"):
            self.assertIn("no.example", self.ctl(command, "no.example",
                                                 status=1))

    def test_an_unknown_command_is_status_2(self):
        self.ctl("dance", status=2)
        self.ctl(status=2)

    def test_no_server_is_one_clear_line(self):
        self.server.stop()
        text = self.ctl("status", status=1)
        self.assertEqual(len(text.splitlines()), 1, text)


class ZoneFileTest(CtlTest):
    def test_a_dump_is_the_zone_and_comes_back_without_a_difference(self):
        self.add()
        text = self.ctl("dump", "room.example")
        zone = dns.zone.from_text(text, origin="room.example.",
                                  relativize=False)
        self.assertIsNotNone(zone.get_rdataset("clock.room.example.", "A"))
        self.assertEqual(len(list(zone.iterate_rdatas())),
                         len(ROOM.splitlines()) - 2 + 1)
        path = self.server.write("dump.zone", text)
        before = self.server.soa("room.example")
        self.ctl("import", "room.example", path)
        self.assertEqual(self.server.soa("room.example"), before)
        # but for the first line, which has the time
        self.assertEqual(
            self.ctl("dump", "room.example").split("\n", 1)[1],
            text.split("\n", 1)[1])

    def test_an_import_shows_its_difference_and_makes_it_when_told(self):
        path = self.server.write("new.zone", ROOM.replace(
            "192.0.2.1\n", "192.0.2.2\n"))
        text = self.ctl("import", "room.example", path, "--dry-run")
        self.assertIn("192.0.2.1", text)
        self.assertIn("192.0.2.2", text)
        self.assertEqual(self.server.values("lamp.room.example"),
                         {"192.0.2.1"})
        self.ctl("import", "room.example", path)
        self.assertEqual(self.server.values("lamp.room.example"),
                         {"192.0.2.2"})
        self.assertGreater(self.server.soa("room.example"), 7)

    def test_an_import_keeps_what_was_registered(self):
        self.add()
        path = self.server.write("new.zone", ROOM + "desk A 192.0.2.5\n")
        self.ctl("import", "room.example", path)
        self.assertEqual(self.server.values("clock.room.example"),
                         {"192.0.2.77"})
        self.assertEqual(self.server.values("desk.room.example"),
                         {"192.0.2.5"})

    def test_an_import_with_replace_does_not(self):
        self.add()
        path = self.server.write("new.zone", ROOM)
        self.ctl("import", "room.example", path, "--replace")
        self.assertEqual(self.server.values("clock.room.example"), set())

    def test_a_file_against_what_was_registered_is_refused(self):
        self.add()
        path = self.server.write("new.zone", ROOM + "clock CNAME lamp\n")
        text = self.ctl("import", "room.example", path, status=1)
        self.assertIn("clock", text)
        self.assertEqual(self.server.values("clock.room.example"),
                         {"192.0.2.77"})

    def test_a_file_with_a_fault_changes_nothing(self):
        path = self.server.write("bad.zone", ROOM + "desk A 192.0.2.500\n")
        text = self.ctl("import", "room.example", path, status=1)
        self.assertIn("bad.zone:13", text)
        self.assertEqual(self.server.soa("room.example"), 7)

    def test_a_large_import_is_swapped_in_as_a_whole(self):
        path = self.server.write(
            "large.zone", ROOM + "$GENERATE 0-9999 d$ A 192.0.2.3\n")
        self.add()
        self.ctl("import", "room.example", path)
        for name in ("d0", "d4711", "d9999"):
            self.assertEqual(self.server.values(f"{name}.room.example"),
                             {"192.0.2.3"})
        self.assertEqual(self.server.values("clock.room.example"),
                         {"192.0.2.77"})


class CheckTest(unittest.TestCase):
    """check needs no server."""

    def setUp(self):
        self.server = Server(zones={"room.example": ROOM})
        self.addCleanup(self.server.close)

    def check(self, text, apex="room.example"):
        path = self.server.write("checked.zone", text)
        return run(PLACECTL, "check", path, apex)

    def test_a_good_file_is_silent(self):
        done = self.check(ROOM)
        self.assertEqual((done.returncode, done.stdout, done.stderr),
                         (0, "", ""))

    def test_faults_are_named_with_file_line_and_column(self):
        for row in ("desk A 192.0.2.500", "desk NOSUCH x", "desk MX 70000 lamp",
                    "desk SRV 0 0 70000 lamp",
                    "www.elsewhere.example. A 192.0.2.1", "desk A",
                    "desk LOC 91 0 0 N 0 0 0 E 0m", "desk 99999999999 A 192.0.2.1",
                    "desk TXT \"unfinished"):
            with self.subTest(row):
                done = self.check(f"{ROOM}{row}\n")
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn("checked.zone:13", done.stderr)
                self.assertEqual(len(done.stderr.splitlines()), 1)

    def test_a_file_that_holds_nothing_is_named(self):
        for text in ("", "; only a comment\n"):
            done = self.check(text)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn("checked.zone: ", done.stderr)
            self.assertEqual(len(done.stderr.splitlines()), 1)

    def test_two_lines_that_contradict_each_other_are_both_named(self):
        done = self.check(f"{ROOM}lamp CNAME desk\n")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("checked.zone:6", done.stderr)
        self.assertIn("line 13", done.stderr)


class UpkeepTest(CtlTest):
    def without_other(self):
        config = self.server.config()
        return config[:config.index("  - name: other.example")]

    def test_a_zone_leaves_and_comes_back_with_what_it_had(self):
        config = self.server.config()
        self.server.write_config(self.without_other())
        self.ctl("reload")
        self.assertEqual(self.server.ask("lamp.other.example").rcode(),
                         dns.rcode.REFUSED)
        self.server.write_config(config)
        self.ctl("reload")
        self.assertEqual(self.server.values("lamp.other.example"),
                         {"192.0.2.1"})

    def test_a_wrong_configuration_is_refused_and_the_old_one_stays(self):
        self.server.write_config(self.server.config() + "nonsense: 1\n")
        self.assertIn("nonsense", self.ctl("reload", status=1))
        self.assertEqual(self.server.values("lamp.other.example"),
                         {"192.0.2.1"})

    def changed(self, setting, value):
        """The configuration with another value in one place."""
        if setting.startswith("uplink: "):
            setting, value = "uplink", f"{{ {setting[8:]}: {value} }}"
        lines = [line for line in self.server.config().splitlines()
                 if not line.startswith(f"{setting}:")]
        return "\n".join([f"{setting}: {value}", *lines]) + "\n"

    def test_what_needs_a_restart_is_what_the_manual_says(self):
        manual = run(PLACED, "-x", "conf").stdout.replace("\n", " ")
        told = {}
        for row in manual.split(".TP ")[1:]:
            name = row.split()[1].replace("\\-", "-")
            told.setdefault(name, "Needs a restart." in row)
        self.assertEqual(set(OTHER_VALUES), {
            name for name in told if told[name]} | FREE)
        socket = os.path.join(self.server.dir, "control")
        for setting, value in OTHER_VALUES.items():
            where = "uplink: " if setting in UPLINK else ""
            self.server.write_config(self.changed(where + setting, value))
            done = run(PLACECTL, "-s", socket, "reload")
            with self.subTest(setting):
                self.assertEqual("needs a restart" in done.stderr,
                                 told[setting], done.stderr)
                self.assertEqual(done.returncode, told[setting],
                                 done.stderr)

    def test_a_new_zone_is_seeded_at_reload(self):
        self.add_zone("third.example", ROOM.replace("room.", "third."))
        self.ctl("reload")
        self.wait_for(lambda: self.server.values("lamp.third.example") ==
                      {"192.0.2.1"})

    def add_zone(self, apex, text):
        self.server.zones[apex] = text
        self.server.write(f"{apex}.zone", text)
        self.server.write_config()

    def test_a_reload_while_zones_are_seeded_waits_and_is_not_lost(self):
        self.add_zone("large.example", ROOM.replace("room.", "large.") +
                      "".join(f"n{i} A 192.0.2.1\n" for i in range(60000)))
        self.ctl("reload")
        self.add_zone("third.example", ROOM.replace("room.", "third."))
        self.server.process.send_signal(signal.SIGHUP)
        self.ctl("reload")
        self.add_zone("fourth.example", ROOM.replace("room.", "fourth."))
        self.ctl("reload")
        for apex in ("third.example", "fourth.example", "large.example"):
            self.wait_for(lambda zone=apex: self.server.values(
                f"lamp.{zone}") == {"192.0.2.1"})
        self.assertNotIn("not reloaded", self.server.log())

    def test_who_waits_with_a_reload_hears_that_the_server_stops(self):
        self.add_zone("large.example", ROOM.replace("room.", "large.") +
                      "".join(f"n{i} A 192.0.2.1\n" for i in range(200000)))
        self.ctl("reload")
        with subprocess.Popen(
                [PLACECTL, "-s", os.path.join(self.server.dir, "control"),
                 "reload"], stderr=subprocess.PIPE, text=True) as waiting:
            self.wait_for(lambda: "once the zones" in self.server.log())
            self.server.stop()
            self.assertRegex(waiting.communicate(timeout=60)[1],
                             "is stopping|hung up before")
            self.assertEqual(waiting.returncode, 1)

    def test_drop_erases_only_a_zone_that_is_not_configured(self):
        self.ctl("drop", "other.example", status=1)
        self.assertEqual(self.server.values("lamp.other.example"),
                         {"192.0.2.1"})
        self.server.write_config(self.without_other())
        self.ctl("reload")
        self.ctl("drop", "other.example")
        self.assertNotIn("other.example", self.ctl("zones"))

    def test_a_backup_of_a_running_server_can_be_served(self):
        self.add()
        folder = os.path.join(self.server.dir, "backup")
        self.ctl("backup", folder)
        other = Server(zones={"room.example": None, "other.example": None},
                       store=folder)
        self.addCleanup(other.close)
        other.start()
        self.assertEqual(other.values("clock.room.example"), {"192.0.2.77"})
        self.assertEqual(other.soa("other.example"), 7)

    def test_a_backup_of_a_stopped_store_can_be_served(self):
        self.add()
        self.server.stop()
        folder = os.path.join(self.server.dir, "backup")
        self.ctl("backup", folder)
        other = Server(zones={"room.example": None}, store=folder)
        self.addCleanup(other.close)
        other.start()
        self.assertEqual(other.values("clock.room.example"), {"192.0.2.77"})

    def test_stop_ends_the_server_with_status_0(self):
        self.ctl("stop")
        self.assertEqual(self.server.process.wait(30), 0)

    def test_sighup_reloads(self):
        self.server.write_config(self.without_other())
        self.server.process.send_signal(1)
        self.wait_for(lambda: self.server.ask("lamp.other.example").rcode() ==
                      dns.rcode.REFUSED)


if __name__ == "__main__":
    tap.main()
