"""What is in zones/examples works as it stands."""
import glob
import os
import re
import shutil
import unittest


import tap
from harness import PLACED, PLACECTL, SOURCE, Server, run

EXAMPLES = os.path.join(SOURCE, "zones", "examples")
BRICK = os.path.join(SOURCE, "..", "shared", "data", "brick",
                     "soda_brick.ttl")


class HouseTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        for path in glob.glob(os.path.join(EXAMPLES, "house", "*")):
            shutil.copy(path, cls.server.dir)
        with open(cls.server.path, encoding="utf-8") as file:
            text = file.read()
        cls.server.config = lambda: text.replace(
            "@5300", f"@{cls.server.port}")
        cls.server.write_config()
        cls.server.start()

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def test_the_configuration_is_right(self):
        path = os.path.join(EXAMPLES, "house", "placed.yaml")
        done = run(PLACED, "-t", "-c", path)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_every_room_has_a_lamp_with_a_place(self):
        for room in ("lounge", "kitchen", "bedroom", "office"):
            name = f"lamp.{room}.house.home.arpa"
            for rdtype in ("A", "AAAA", "LOC"):
                self.assertEqual(len(self.server.values(name, rdtype)), 1,
                                 f"{name} {rdtype}")

    def test_a_printer_is_found_as_a_phone_looks_for_it(self):
        domains = self.server.values("b._dns-sd._udp.house.home.arpa", "PTR")
        self.assertIn("office.house.home.arpa.", domains)
        types = self.server.values(
            "_services._dns-sd._udp.office.house.home.arpa", "PTR")
        self.assertIn("_ipp._tcp.office.house.home.arpa.", types)
        reply = self.server.ask("_ipp._tcp.office.house.home.arpa", "PTR")
        instance = reply.answer[0][0].target
        self.assertEqual(instance.labels[0], b"Office Printer")
        service = self.server.ask(instance, "SRV").answer[0][0]
        self.assertEqual(service.port, 631)
        self.assertEqual(len(self.server.ask(instance, "TXT").answer), 1)
        self.assertEqual(self.server.values(service.target.to_text(), "A"),
                         {"192.168.1.51"})

    def test_a_reading_is_refreshed_by_its_sensor(self):
        done = self.server.nsupdate(
            "zone lounge.house.home.arpa",
            "update delete temp._senml.lounge.house.home.arpa TXT",
            "update add temp._senml.lounge.house.home.arpa 30 TXT"
            ' "n=temp" "u=Cel" "v=22.5"',
            key="hmac-sha256:sensor-key."
                ":ZGVtbyBrZXkgb2YgdGhlIGhvdXNlLCBub3Qgc2VjcmV0")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(
            self.server.values("temp._senml.lounge.house.home.arpa", "TXT"),
            {'"n=temp" "u=Cel" "v=22.5"'})

    def test_what_the_lounge_used_to_be_called_still_works(self):
        reply = self.server.ask("speaker.living-room.house.home.arpa", "A")
        self.assertEqual(reply.answer[-1][0].to_text(), "192.168.1.21")

    def test_outside_there_is_the_speaker_and_no_lamp(self):
        def outside(name, rdtype):
            return self.server.dig("-b", "127.0.0.2", name, rdtype,
                                   "+short").stdout.split()
        self.assertEqual(
            outside("_airplay._tcp.lounge.house.home.arpa", "PTR"),
            ["Speaker._airplay._tcp.lounge.house.home.arpa."])
        self.assertEqual(outside("speaker.lounge.house.home.arpa", "A"),
                         ["192.168.1.21"])
        for name in ("lamp.lounge", "lamp.kitchen", "router"):
            self.assertEqual(outside(f"{name}.house.home.arpa", "A"), [])

    def test_nothing_leaves_the_house(self):
        out = self.server.dig("www.example.com", "A").stdout
        self.assertIn("status: REFUSED", out)
        self.assertIn("Blocked", out)
        out = self.server.dig("www.cam.ac.uk", "A").stdout
        self.assertIn("no uplink", out)

    def test_addresses_lead_back_to_names(self):
        self.assertEqual(
            self.server.values("20.1.168.192.in-addr.arpa", "PTR"),
            {"lamp.lounge.house.home.arpa."})

    def test_every_zone_dumps_and_comes_back_without_a_difference(self):
        for item in self.server.ctl_json("zones"):
            if "zone" not in item:
                continue
            apex = item["zone"]
            dump = self.server.ctl("dump", apex)
            self.assertEqual(dump.returncode, 0, dump.stderr)
            path = self.server.write("dump", dump.stdout)
            before = self.server.soa(apex)
            done = self.server.ctl("import", apex, path)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(self.server.soa(apex), before)


class DemoTest(unittest.TestCase):
    """The commands that bootstrap demo prints are right: they are run here
    as they are printed, but for the port."""

    def test_the_printed_commands_work(self):
        with open(os.path.join(SOURCE, "bootstrap"), encoding="utf-8") as file:
            text = file.read()
        printed = re.search(r"cat <<'EOF'\n(.*?)\nEOF\n", text, re.S).group(1)
        commands = re.findall(r"^  (\S.*?(?:\n    .*?)*)$", printed, re.M)
        self.assertGreaterEqual(len(commands), 6)
        server = HouseTest
        server.setUpClass()
        self.addCleanup(server.tearDownClass)
        for command in commands:
            command = command.replace("5300", str(server.server.port))
            command = command.replace(
                "build/placectl -c build/demo/placed.yaml",
                f"{PLACECTL} -c {server.server.path}")
            done = run("sh", "-c", command)
            self.assertEqual(done.returncode, 0, command + done.stderr)
            if "-b 127.0.0.2 lamp" in command:
                self.assertIn("status: NXDOMAIN", done.stdout, command)
            elif "www.example.com" in command:
                self.assertIn("Blocked", done.stdout, command)
            elif command.startswith("dig"):
                self.assertIn("ANSWER SECTION", done.stdout, command)
            else:
                self.assertEqual(done.stderr, "", command)


class SodaTest(unittest.TestCase):
    zone = os.path.join(EXAMPLES, "soda", "soda.zone")

    def test_the_zone_is_what_import_plan_makes(self):
        if not os.path.exists(BRICK):
            self.skipTest("soda_brick.ttl is not here")
        done = run(PLACECTL, "import-plan", "brick", BRICK,
                   "--origin", "soda.example")
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(self.zone, encoding="utf-8") as file:
            notice, rest = file.read().split("\n\n", 1)
        self.assertIn("Brick Development Team", notice)
        self.assertEqual(done.stdout, rest)

    def test_it_has_243_rooms(self):
        with open(self.zone, encoding="utf-8") as file:
            self.assertEqual(file.read().count('"brick=Room"'), 243)

    def test_it_is_served(self):
        with open(self.zone, encoding="utf-8") as file:
            text = file.read()
        with Server(zones={"soda.example": text}) as server:
            self.assertEqual(
                server.values("temp-sensor.r510.soda.example", "TXT"),
                {'"brick=Zone_Temperature_Sensor"'})
            self.assertEqual(
                server.values("_civic.r510.soda.example", "TXT"),
                {'"BLD=Soda Hall" "FLR=5" "ROOM=R510"'})
            self.assertIn("r510.soda.example.",
                          server.values("floor-5.soda.example", "PTR"))


class CheckTest(unittest.TestCase):
    def test_every_zone_file_is_silent_under_check(self):
        for path in glob.glob(os.path.join(EXAMPLES, "*", "*.zone")):
            with open(path, encoding="utf-8") as file:
                apex = re.search(r"^\$ORIGIN (\S+)", file.read(), re.M).group(1)
            done = run(PLACECTL, "check", path, apex)
            self.assertEqual((done.returncode, done.stdout, done.stderr),
                             (0, "", ""), path)


if __name__ == "__main__":
    tap.main()
