"""Building plans through placectl import-plan, into a server, and out again."""
import glob
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
import zipfile

import tap
from harness import PLACECTL, SOURCE, Server, run

PLANS = os.path.join(SOURCE, "tests", "plans")
DATA = os.path.join(SOURCE, "..", "shared", "data")
ZONE = "plan.example"


def plan(*names):
    return [os.path.join(PLANS, name) for name in names]


def import_plan(form, files, *options):
    return run(PLACECTL, "import-plan", form, *files, "--origin", ZONE,
               *options)


def records(zone):
    """(owner, type) -> the rest, of a zone file made by import-plan."""
    found = {}
    for line in zone.splitlines():
        if line and line[0] not in ";$":
            owner, rtype, rest = (line.replace("\tTXT ", "\tTXT\t")
                                  .split("\t", 2))
            found.setdefault((owner, rtype), []).append(rest)
    return found


LOC = re.compile(r"(\d+) (\d+) ([\d.]+) ([NS]) (\d+) (\d+) ([\d.]+) ([EW]) ")


def position(loc):
    """Degrees, and as the labels of a question."""
    found = LOC.match(loc).groups()
    degrees, labels = [], []
    for at in (0, 4):
        d, m, s = (float(x) for x in found[at:at + 3])
        value = d + m / 60 + s / 3600
        degrees.append(-value if found[at + 3] in "SW" else value)
        labels.append(f"{value:.9f}{found[at + 3].lower()}")
    return degrees, ".".join(labels)


def strings(record, key):
    """The text of a key over the strings of a TXT that have it."""
    return " ".join(re.findall(f'"{key}=([^"]*)"', record))


def area(geo):
    """Square centimetres of the outer ring of a footprint."""
    at = [tuple(map(int, p.split(","))) for p in strings(geo, "fp").split()]
    return abs(sum(x * v - u * y for (x, y), (u, v)
                   in zip(at, at[1:] + at[:1]))) / 2


class PlanCase(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="placed-plan-")
        self.addCleanup(shutil.rmtree, self.dir)

    def write(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def takes(self, form, files, *options):
        """Imports, checks the zone file, gives it and the report."""
        done = import_plan(form, files, *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        checked = run(PLACECTL, "check", self.write("zone", done.stdout),
                      ZONE)
        self.assertEqual((checked.returncode, checked.stdout, checked.stderr),
                         (0, "", ""))
        return done.stdout, done.stderr


class FormatTest(PlanCase):
    def test_a_file_a_floor(self):
        zone, report = self.takes("geojson", plan("office-floor-gf.geojson",
                                                  "office-floor-1.geojson"),
                                  "--altitude", "20")
        got = records(zone)
        self.assertEqual(got["rm-101", "LOC"],
                         ["56 27 36.144 N 2 58 47.640 W 23.00m 20m 0.10m "
                          "0.10m"])
        self.assertIn('"lvl=1"', got["_geo.rm-101", "TXT"][0])
        self.assertEqual(got["_civic.rm-101", "TXT"],
                         ['"FLR=1" "ROOM=101" "NAM=Meeting Room Large"'])
        self.assertIn('"h1=', got["_geo.rm-003", "TXT"][0])
        self.assertTrue(report.endswith("11 rooms, 1 spot, 7 left out\n"),
                        report)

    def test_openstreetmap(self):
        zone, report = self.takes("osm", plan("arcade.osm"))
        self.assertIn('"lvl=1,2"', records(zone)["_geo.loft", "TXT"][0])
        self.assertIn("way/108", report)

    def test_imdf_as_a_folder_or_an_archive(self):
        folder, _ = self.takes("imdf", plan("tower.imdf"))
        archive = os.path.join(self.dir, "tower.zip")
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
            for path in sorted(glob.glob(os.path.join(PLANS, "tower.imdf",
                                                      "*"))):
                out.write(path, "tower/" + os.path.basename(path))
            out.writestr("__MACOSX/tower/._unit.geojson", b"\0\5")
        packed, _ = self.takes("imdf", [archive])
        self.assertEqual(folder.splitlines()[1:], packed.splitlines()[1:])

    def imdf(self, folder, **files):
        """The tower with other files, in a folder below self.dir."""
        path = os.path.join(self.dir, folder)
        shutil.copytree(os.path.join(PLANS, "tower.imdf"), path)
        for name, text in files.items():
            with open(os.path.join(path, f"{name}.geojson"), "w",
                      encoding="utf-8") as file:
                file.write(text)
        return path

    def test_imdf_a_folder_deeper(self):
        folder, _ = self.takes("imdf", plan("tower.imdf"))
        self.imdf("download/tower")
        deeper, _ = self.takes("imdf", [os.path.join(self.dir, "download")])
        self.assertEqual(folder.splitlines()[1:], deeper.splitlines()[1:])

    def test_imdf_with_files_that_are_not_as_they_should_be(self):
        with open(os.path.join(PLANS, "tower.imdf", "venue.geojson"),
                  encoding="utf-8") as file:
            text = re.sub(r",(\s*[]}])", r"\1", file.read())
        venue = json.dumps(json.loads(text)["features"][0])
        folder, _ = self.takes("imdf", plan("tower.imdf"))
        zone, report = self.takes(
            "imdf", [self.imdf("odd", venue=venue, detail="", notes="{oops",
                               opening="")])
        self.assertEqual(folder.splitlines()[1:], zone.splitlines()[1:])
        self.assertIn("detail.geojson: left out: the file is empty", report)
        self.assertIn("notes.geojson: left out: no file of IMDF", report)
        done = import_plan("imdf", [self.imdf("broken", unit="{oops")])
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("unit.geojson:1:", done.stderr)

    def test_a_wall_is_no_place_among_fixtures(self):
        feature = {"type": "Feature", "feature_type": "fixture", "id": "w",
                   "properties": {"category": "wall", "name": {"en": "Wall"}},
                   "geometry": {"type": "Point", "coordinates": [0, 52]}}
        _, report = self.takes("imdf", [self.imdf("walled", fixture=json.dumps(
            {"type": "FeatureCollection", "features": [feature]}))])
        self.assertIn("left out: not a place: wall (1): w", report)

    def archive(self, name, *files):
        path = os.path.join(self.dir, name)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
            for member, octets in files:
                out.writestr(member, octets)
        return path

    def test_an_archive_that_unpacks_to_gigabytes_is_refused(self):
        path = self.archive("a.zip", ("unit.geojson",
                                      b"[" + b"{}," * (12 << 20) + b"{}]"))
        self.assertLess(os.path.getsize(path), 200 << 10)
        done = import_plan("imdf", [path])
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("more than 2 GiB of memory", done.stderr)
        path = self.archive("b.zip", ("unit.geojson", b" " * (513 << 20)))
        self.assertIn("too large", import_plan("imdf", [path]).stderr)

    def test_an_archive_with_a_wrong_octet_is_told(self):
        with open(os.path.join(PLANS, "tower.imdf", "unit.geojson"),
                  "rb") as file:
            units = file.read()
        path = os.path.join(self.dir, "a.zip")
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as out:
            out.writestr("unit.geojson", units)
        with open(path, "r+b") as file:
            octets = file.read()
            file.seek(octets.index(b"category") + 1)
            file.write(b"u")
        done = import_plan("imdf", [path])
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("the archive is damaged", done.stderr)

    def test_a_name_out_of_the_folder_in_an_archive_stays_a_name(self):
        with open(os.path.join(PLANS, "tower.imdf", "unit.geojson"),
                  "rb") as file:
            path = self.archive("a.zip", ("../../unit.geojson", file.read()))
        self.takes("imdf", [path])
        self.assertFalse(os.path.exists(os.path.join(
            self.dir, "..", "..", "unit.geojson")))

    def test_a_model_beside_its_geometry(self):
        zone, report = self.takes(
            "brick", plan("office.ttl", "office-floor-1.geojson"))
        got = records(zone)
        self.assertIn(("rm-101", "LOC"), got)
        self.assertNotIn(("rm-199", "LOC"), got)
        self.assertIn("room_199", report)
        self.assertEqual(got["_feeds.ahu-1", "PTR"],
                         ["vav.rm-101", "vav.rm-199"])

    def test_the_same_plan_gives_the_same_file(self):
        first, _ = self.takes("osm", plan("arcade.osm"))
        second, _ = self.takes("osm", plan("arcade.osm"))
        self.assertEqual(first, second)


class OptionTest(PlanCase):
    def test_rooms_below_their_floor(self):
        zone, _ = self.takes("geojson", plan("office-floor-1.geojson"),
                             "--by-level")
        got = records(zone)
        self.assertIn(("rm-101.level-1", "LOC"), got)
        self.assertEqual(got["level-1", "TXT"], ['"type=floor" "lvl=1"'])

    def test_only_what_the_filter_lets_through(self):
        zone, _ = self.takes("geojson", plan("office-floor-1.geojson"),
                             "--room-filter", "type=bathroom")
        self.assertEqual([owner for owner, rtype in records(zone)
                          if rtype == "LOC"], ["bathroom"])

    def test_names_before_numbers(self):
        zone, _ = self.takes("geojson", plan("office-floor-1.geojson"),
                             "--prefer", "name", "--building", "HQ")
        got = records(zone)
        self.assertIn(("meeting-room-large", "LOC"), got)
        self.assertIn('"BLD=HQ"', got["_civic.rm-102", "TXT"][0])

    def test_the_nameserver_is_given(self):
        zone, _ = self.takes("geojson", plan("office-floor-1.geojson"),
                             "--ns", "ns1.house.example.")
        got = records(zone)
        self.assertEqual(got["@", "NS"], ["ns1.house.example."])
        self.assertNotIn(("ns", "A"), got)

    def test_the_height_of_a_floor(self):
        zone, _ = self.takes("osm", plan("arcade.osm"),
                             "--floor-height", "4")
        got = records(zone)
        self.assertIn(" -4.00m ", got["rm-12", "LOC"][0])
        self.assertIn('"z=0,400"', got["_geo.rm-12", "TXT"][0])

    def test_wrong_use_is_told(self):
        file = plan("arcade.osm")[0]
        for words in ((), ("osm",), ("osm", file),
                      ("dwg", file, "--origin", ZONE),
                      ("osm", file, "--origin", "a..b"),
                      ("osm", file, "--origin", ".".join(["a" * 60] * 4)),
                      ("osm", file, "--origin", ZONE, "--altitude", "high"),
                      ("osm", file, "--origin", ZONE, "--floor-height", "0"),
                      ("osm", file, "--origin", ZONE, "--level", "x"),
                      ("osm", file, "--origin", ZONE, "--prefer", "x"),
                      ("osm", file, "--origin", ZONE, "--ns", "a..b")):
            done = run(PLACECTL, "import-plan", *words)
            self.assertEqual((done.returncode, done.stdout), (2, ""), words)
            self.assertTrue(done.stderr.startswith("placectl: "), words)


class ReportTest(PlanCase):
    def test_everything_is_a_place_or_is_listed(self):
        with open(plan("office-floor-gf.geojson")[0],
                  encoding="utf-8") as file:
            features = {str(f["properties"]["id"])
                        for f in json.load(file)["features"]}
        done = import_plan("geojson", plan("office-floor-gf.geojson"),
                           "--json")
        report = json.loads(done.stderr)
        left = {entry["id"] for entry in report["left"]}
        self.assertTrue(report["ok"])
        self.assertEqual(report["zone"], ZONE + ".")
        self.assertEqual(report["rooms"], 8)  # one of them in two parts
        self.assertEqual(left, {"1", "8", "9", "11", "12", "14"})
        self.assertEqual(len(features) - len(left),
                         report["rooms"] - 1 + report["spots"])
        self.assertEqual([entry["id"] for entry in report["notes"]], ["10"])

    def test_what_is_broken_is_one_line_with_file_and_line(self):
        for form, name, text, where in (
                ("geojson", "a.geojson", '{"type":\n"Feature', 2),
                ("geojson", "b.geojson", "", 1),
                ("osm", "c.osm", "<osm>\n<node\n</osm>", 3),
                ("brick", "d.ttl", "@prefix : <http://x/#> .\n:a :b ;;;", 2)):
            path = self.write(name, text)
            done = import_plan(form, [path])
            self.assertEqual((done.returncode, done.stdout), (1, ""), name)
            self.assertTrue(done.stderr.startswith(f"{path}:{where}"),
                            done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)

    def test_files_that_are_not_there_or_not_plans(self):
        archive = self.write("e.zip", "PK\3\4 no")
        os.mkdir(os.path.join(self.dir, "empty"))
        for form, path in (("geojson", "/nowhere.geojson"),
                           ("imdf", "/nowhere"), ("imdf", archive),
                           ("imdf", os.path.join(self.dir, "empty")),
                           ("geojson", self.dir)):
            done = import_plan(form, [path])
            self.assertEqual((done.returncode, done.stdout), (1, ""), path)
            self.assertIn(path, done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)

    def test_a_plan_without_places_is_refused(self):
        path = self.write("walls.geojson", json.dumps({
            "type": "FeatureCollection", "features": [{
                "type": "Feature", "properties": {"type": "wall"},
                "geometry": {"type": "Polygon", "coordinates":
                             [[[0, 0], [0, 1e-4], [1e-4, 1e-4], [0, 0]]]}}]}))
        done = import_plan("geojson", [path])
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("not a room: wall (1): feature 1", done.stderr)
        self.assertIn("nothing in the plan became a place", done.stderr)

    def test_a_plan_from_standard_input(self):
        with open(plan("arcade.osm")[0], encoding="utf-8") as file:
            done = subprocess.run(
                [PLACECTL, "import-plan", "osm", "-", "--origin", ZONE],
                stdin=file, capture_output=True, text=True, check=False,
                timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(("loft", "LOC"), records(done.stdout))


class ServedTest(PlanCase):
    def test_a_plan_is_imported_and_asked_for(self):
        zone, _ = self.takes("osm", plan("arcade.osm"))
        with Server(zones={ZONE: zone}) as server:
            answer = server.values(f"loft.{ZONE}", "LOC")
            self.assertEqual(len(answer), 1)
            self.assertEqual(
                server.values(f"_civic.rm-12.{ZONE}", "TXT"),
                {'"FLR=-1" "ROOM=12"'})
            again = run(PLACECTL, "-c", server.path, "import", ZONE,
                        self.write("again", zone), "--dry-run")
            self.assertEqual(again.returncode, 0, again.stderr)
            self.assertNotIn("\n+ ", "\n" + again.stdout)
            self.assertNotIn("\n- ", "\n" + again.stdout)

    def test_what_goes_out_comes_back_at_its_place_and_levels(self):
        zone, _ = self.takes("osm", plan("arcade.osm"))
        with Server(zones={ZONE: zone}) as server:
            out = server.ctl("places", ZONE, "--geojson")
        self.assertEqual(out.returncode, 0, out.stderr)
        back, _ = self.takes("geojson", [self.write("back.geojson",
                                                    out.stdout)])

        def places(text):
            got = records(text)
            geo = {owner: got.get((f"_geo.{owner}", "TXT"), [""])[0]
                   for owner, _ in got}
            return sorted((rest[0], "fp=" in geo[owner] and
                           strings(geo[owner], "lvl"))
                          for (owner, rtype), rest in got.items()
                          if rtype == "LOC")
        self.assertEqual(places(zone), places(back))


@unittest.skipUnless(os.path.isdir(DATA), "the real buildings are not here")
class InsideTest(PlanCase):
    """Each room of the real buildings contains its own label on its level:
    asked there, _in names it, or a smaller room inside of it."""

    def rooms(self, zone):
        """owner -> (labels of its place, levels, footprint)."""
        got = records(zone)
        return {owner: (position(rest[0])[1],
                        strings(got[f"_geo.{owner}", "TXT"][0], "lvl"),
                        got[f"_geo.{owner}", "TXT"][0])
                for (owner, rtype), rest in got.items()
                if rtype == "LOC" and (f"_geo.{owner}", "TXT") in got
                and '"fp=' in got[f"_geo.{owner}", "TXT"][0]}

    def asked(self, form, files, least):
        zone, _ = self.takes(form, files)
        rooms = self.rooms(zone)
        self.assertGreaterEqual(len(rooms), least)
        with Server(zones={ZONE: zone}) as server:
            for owner, (at, levels, geo) in rooms.items():
                for level in levels.split(",") if levels else [""]:
                    name = f"{at}.l{level}" if level else at
                    reply = server.ask(f"{name}._in.{ZONE}", "PTR")
                    hits = [str(rr.target).removesuffix(f".{ZONE}.")
                            for rr in reply.answer[0]] if reply.answer else []
                    self.assertIn(owner, hits, name)
                    around = area(geo)
                    for hit in hits[:hits.index(owner)]:
                        self.assertLessEqual(area(rooms[hit][2]), around, name)

    def test_the_shopping_centre(self):
        self.asked("osm", [os.path.join(DATA, "osm-indoor", "caserne.osm")],
                   66)

    def test_the_station(self):
        self.asked("osm", [os.path.join(DATA, "osm-indoor",
                                        "gare-de-l-est.geojson")], 130)

    def test_the_office(self):
        self.asked("geojson", sorted(glob.glob(os.path.join(
            DATA, "westport-house", "*.geojson"))), 61)


@unittest.skipUnless(os.path.isdir(DATA), "the real buildings are not here")
class RealTest(PlanCase):
    def counts(self, form, files, *options):
        zone, _ = self.takes(form, files, *options)
        done = import_plan(form, files, "--json", *options)
        report = json.loads(done.stderr)
        places = [owner for owner, rtype in records(zone) if rtype == "LOC"]
        self.assertEqual(len(places), len(set(places)))
        return report, places

    def test_the_shopping_centre_either_way(self):
        base = os.path.join(DATA, "osm-indoor", "caserne.")
        xml, names = self.counts("osm", [base + "osm"])
        geo, others = self.counts("osm", [base + "geojson"])
        self.assertEqual((xml["rooms"], xml["spots"]),
                         (geo["rooms"], geo["spots"]))
        self.assertEqual(set(names), set(others))
        with open(base + "geojson", encoding="utf-8") as file:
            rooms = [f["id"] for f in json.load(file)["features"]
                     if f["properties"].get("indoor") == "room"]
        self.assertEqual(len(rooms), 59)
        self.assertFalse(set(rooms) & {e["id"] for e in geo["left"]})
        self.assertLessEqual({"h-m", "tape-a-loeil", "monoprix-2"},
                             set(names))

    def test_the_station(self):
        path = os.path.join(DATA, "osm-indoor", "gare-de-l-est.geojson")
        report, names = self.counts("osm", [path])
        with open(path, encoding="utf-8") as file:
            rooms = [f["id"] for f in json.load(file)["features"]
                     if f["properties"].get("indoor") == "room"]
        self.assertEqual(len(rooms), 81)
        self.assertFalse(set(rooms) & {e["id"] for e in report["left"]})
        self.assertIn("salle-dattente", names)

    def test_the_office_by_files_or_by_their_index(self):
        folder = os.path.join(DATA, "westport-house")
        files = sorted(glob.glob(os.path.join(folder, "*.geojson")))
        one, _ = self.counts("geojson", files)
        index, _ = self.counts("geojson", [os.path.join(folder, "main.json")])
        self.assertEqual(len(files), 7)
        self.assertEqual((one["rooms"], len(one["left"])),
                         (index["rooms"], len(index["left"])))
        total = sum(len(json.load(open(path, encoding="utf-8"))["features"])
                    for path in files)
        self.assertEqual(total, one["rooms"] + len(one["left"]))

    def test_the_models(self):
        for name, rooms in (("soda", 243), ("rice", 90)):
            report, places = self.counts(
                "brick", [os.path.join(DATA, "brick", f"{name}_brick.ttl")])
            self.assertEqual((report["rooms"], places), (rooms, []))


if __name__ == "__main__":
    tap.main()
