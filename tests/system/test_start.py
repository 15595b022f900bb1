"""What does not start: one clear line, status 1, nothing touched."""
import hashlib
import os
import pwd
import re
import shutil
import socket
import stat
import tempfile
import unittest

import tap
from harness import PLACED, PLACECTL, SOURCE, Server, run

ZONE = """\
$ORIGIN room.example.
$TTL 300
@ SOA ns hostmaster 1 3600 600 604800 60
@ NS ns
ns A 127.0.0.1
"""


def fingerprint(folder):
    """Every file of a folder with its content, locks apart."""
    found = {}
    for base, _, files in os.walk(folder):
        for name in files:
            if name.endswith("-lock"):
                continue
            with open(os.path.join(base, name), "rb") as file:
                found[os.path.join(base, name)] = hashlib.sha256(
                    file.read()).hexdigest()
    return found


class StartTest(unittest.TestCase):
    def setUp(self):
        self.server = Server(zones={"room.example": ZONE})
        self.addCleanup(self.server.close)

    def seed(self):
        self.server.start()
        self.server.stop()

    def database(self):
        return os.path.join(self.server.store, "placed.mdb")

    def check_refused(self, *words, before=None):
        """One line that holds the words, status 1, the store as before."""
        if before is None:
            before = fingerprint(self.server.store)
        done = run(PLACED, "-c", self.server.path, timeout=30)
        self.assertEqual(done.returncode, 1, done.stderr)
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), 1, done.stderr)
        for word in words:
            self.assertIn(word, lines[0])
        self.assertEqual(fingerprint(self.server.store), before)

    def test_a_key_with_a_typo_is_named_with_its_place_and_the_right_one(self):
        config = self.server.config().replace("workers:", "workres:")
        self.server.write_config(config)
        line = config.splitlines().index("workres: 2") + 1
        self.check_refused(f"placed.yaml:{line}:1", "workres", "workers")
        self.assertFalse(os.path.exists(self.server.store))

    def test_a_value_out_of_range_is_named(self):
        self.server.write_config(
            self.server.config().replace("workers: 2", "workers: 100000"))
        self.check_refused("placed.yaml:", "workers")

    def test_a_rule_for_a_key_that_is_not_declared_is_named(self):
        self.server.write_config(self.server.config().replace(
            "key: room-key., names", "key: rome-key., names"))
        self.check_refused("placed.yaml:", "rome-key")

    def test_a_zone_given_twice_is_named(self):
        config = self.server.config()
        zone = config[config.index("  - name: room.example"):]
        self.server.write_config(config + zone)
        self.check_refused("placed.yaml:", "room.example")

    def test_a_configuration_that_is_not_there_is_named(self):
        os.unlink(self.server.path)
        self.check_refused("placed.yaml")

    def test_minus_t_checks_and_touches_nothing(self):
        done = run(PLACED, "-t", "-c", self.server.path)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertFalse(os.path.exists(self.server.store))
        self.server.write_config("nonsense: 1\n")
        done = run(PLACED, "-t", "-c", self.server.path)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)

    def test_minus_t_wants_the_certificates_that_a_start_wants(self):
        self.server.settings = "uplink: { ca-file: nowhere.pem }"
        self.server.write_config()
        done = run(PLACED, "-t", "-c", self.server.path)
        self.assertEqual(done.returncode, 1)
        self.assertIn("nowhere.pem", done.stderr)

    def test_a_port_in_use_is_named(self):
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            with self.subTest(kind), socket.socket(socket.AF_INET, kind) as sock:
                sock.bind(("127.0.0.1", self.server.port))
                if kind == socket.SOCK_STREAM:
                    sock.listen()
                self.check_refused(f"127.0.0.1@{self.server.port}", "in use")

    def test_a_second_server_on_the_port_is_refused(self):
        other = Server(zones={"room.example": ZONE})
        self.addCleanup(other.close)
        self.server.start()
        other.port = self.server.port
        other.write_config()
        done = run(PLACED, "-c", other.path, timeout=30)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("in use", done.stderr)
        self.assertEqual(self.server.soa("room.example"), 1)

    def test_a_second_server_on_the_store_is_refused(self):
        self.server.start()
        other = Server(zones={"room.example": ZONE}, store=self.server.store)
        self.addCleanup(other.close)
        done = run(PLACED, "-c", other.path, timeout=30)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertEqual(self.server.soa("room.example"), 1)

    def test_a_store_of_another_schema_is_refused(self):
        self.seed()
        with open(self.database(), "rb") as file:
            data = file.read()
        key = b"schema"
        places = [at for at in range(len(data)) if data.startswith(key, at)]
        self.assertTrue(places, "no schema version in the store")
        changed = bytearray(data)
        for at in places:
            value = data.find(b"\x00\x00\x00\x03", at + len(key), at + 32)
            self.assertGreater(value, 0, data[at:at + 32])
            changed[value + 3] = 99
        with open(self.database(), "wb") as file:
            file.write(changed)
        self.check_refused("99", self.server.store)

    def test_a_store_cut_short_is_refused(self):
        self.seed()
        size = os.path.getsize(self.database())
        os.truncate(self.database(), size // 2)
        self.check_refused("placed.mdb")

    def test_a_store_that_is_none_is_refused(self):
        self.seed()
        with open(self.database(), "wb") as file:
            file.write(b"not a database " * 4096)
        self.check_refused("placed.mdb")

    def test_a_store_without_rights_is_refused(self):
        if os.geteuid() != 0:
            self.seed()
            os.chmod(self.server.store, 0o500)
            self.addCleanup(os.chmod, self.server.store, 0o700)
            os.chmod(self.database(), 0o400)
            self.check_refused(self.server.store)
            return
        # Root may do everything but make a directory where a file is.
        with open(self.server.store, "w", encoding="utf-8") as file:
            file.write("a file")
        self.check_refused(self.server.store, before={})

    def test_a_zone_file_with_a_fault_is_named_and_the_rest_is_served(self):
        zones = {"room.example": ZONE, "bad.example": ZONE.replace(
            "room.example", "bad.example") + "lamp A 192.0.2.300\n"}
        with Server(zones=zones) as server:
            self.assertIn("bad.example.zone:6", server.log())
            self.assertEqual(server.soa("room.example"), 1)
            self.assertEqual(server.ask("lamp.bad.example").rcode(), 2)

    def test_no_file_leaves_a_line_longer_than_the_terminal_of_a_log(self):
        self.server.write_config(self.server.config() + "x" * 5000 + ": 1\n")
        done = run(PLACED, "-c", self.server.path, timeout=30)
        self.assertEqual(done.returncode, 1)
        self.assertLessEqual(len(done.stderr), 1100)

    def test_the_version_is_told(self):
        done = run(PLACED, "-v")
        self.assertEqual(done.returncode, 0)
        self.assertIn("placed", done.stdout)

    def test_an_unknown_option_is_status_2(self):
        done = run(PLACED, "-Z")
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stderr.splitlines(), [
            "placed: invalid option -- 'Z'",
            "placed --help says what there is"])

    def test_minus_t_knows_who_is_to_be_become(self):
        self.server.write_config(self.server.config() + "user: no-such-user\n")
        done = run(PLACED, "-t", "-c", self.server.path)
        self.assertEqual(done.returncode, 1)
        self.assertIn('user "no-such-user" does not exist', done.stderr)

    def test_the_manual_of_the_configuration_is_printed(self):
        done = run(PLACED, "-x", "conf")
        self.assertEqual(done.returncode, 0, done.stderr)
        for word in (".TH", "store", "listen", "workers"):
            self.assertIn(word, done.stdout)


def unit_capabilities():
    """What the systemd unit leaves to root, as setpriv(1) wants it."""
    path = os.path.join(SOURCE, "server", "placed.service.in")
    with open(path, encoding="utf-8") as file:
        line = re.search(r"^CapabilityBoundingSet=(.*)$", file.read(), re.M)
    return ["+" + name.removeprefix("CAP_").lower()
            for name in line.group(1).split()]


@unittest.skipUnless(os.geteuid() == 0, "only root can become another")
class UserTest(unittest.TestCase):
    """Started as root, with `user:` in the configuration."""

    def setUp(self):
        self.nobody = pwd.getpwnam("nobody")
        self.dir = tempfile.mkdtemp(prefix="placed-user-", dir="/tmp")
        self.addCleanup(shutil.rmtree, self.dir)
        os.chmod(self.dir, 0o755)
        self.store = os.path.join(self.dir, "store")
        self.server = Server(zones={"room.example": None}, store=self.store,
                             settings="user: nobody")
        self.addCleanup(self.server.close)
        self.control = os.path.join(self.dir, "run", "control")
        self.server.write_config(self.server.config().replace(
            f"{self.server.dir}/control", self.control))

    def owner(self, path):
        status = os.stat(path)
        return status.st_uid, status.st_gid

    def check_served(self, prefix=()):
        nobody = (self.nobody.pw_uid, self.nobody.pw_gid)
        self.server.spawn(prefix)
        self.assertTrue(self.server.wait_ready(), self.server.log())
        self.assertEqual(self.server.soa("room.example"), 1)
        for path in (self.store, os.path.join(self.store, "placed.mdb"),
                     self.control):
            self.assertEqual(self.owner(path), nobody, path)

    def test_root_is_given_up_for_good(self):
        self.check_served()
        with open(f"/proc/{self.server.process.pid}/status",
                  encoding="utf-8") as file:
            lines = dict(line.rstrip("\n").split(":\t", 1) for line in file)
        uid, gid = str(self.nobody.pw_uid), str(self.nobody.pw_gid)
        self.assertEqual(lines["Uid"].split(), [uid] * 4)
        self.assertEqual(lines["Gid"].split(), [gid] * 4)
        self.assertEqual(lines["Groups"].split(), [gid])
        for name in ("CapEff", "CapPrm"):
            self.assertEqual(int(lines[name], 16), 0, name)

    def test_the_socket_is_for_the_user_and_its_group(self):
        self.check_served()
        mode = os.stat(self.control).st_mode
        self.assertEqual(stat.S_IMODE(mode), 0o660)
        done = run(PLACECTL, "-s", self.control, "zones")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_it_starts_again_on_its_own_store(self):
        self.check_served()
        self.server.stop()
        self.assertFalse(os.path.exists(self.control))
        self.check_served()

    def test_an_empty_folder_that_root_made_becomes_the_user_s(self):
        os.mkdir(self.store)
        self.check_served()

    def test_a_folder_of_root_s_with_something_in_it_stays_root_s(self):
        os.mkdir(self.store, 0o755)
        with open(os.path.join(self.store, "precious"), "w",
                  encoding="utf-8"):
            pass
        done = run(PLACED, "-c", self.server.path, timeout=30)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertIn(self.store, done.stderr)
        self.assertEqual(self.owner(self.store), (0, 0))
        self.assertEqual(os.listdir(self.store), ["precious"])

    @unittest.skipUnless(shutil.which("setpriv"), "needs setpriv")
    def test_what_the_systemd_unit_leaves_to_root_is_enough(self):
        self.check_served(["setpriv", "--bounding-set",
                           ",".join(["-all"] + unit_capabilities())])


if __name__ == "__main__":
    tap.main()
