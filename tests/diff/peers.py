"""The servers that are compared, each a process of its own on loopback.

tests/peers unpacks them from Debian's packages; nothing is installed.
"""
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "system"))

from harness import BUILD, KEYRING, SECRET, SOURCE, Server, free_port

ADDRESS = "127.0.0.1"
KEY = "room-key."


class Unavailable(Exception):
    """The peers cannot be had here; says why."""


def fetch():
    """The folder with the peers in it, and their LD_LIBRARY_PATH."""
    folder = os.environ.get("PLACED_PEERS", os.path.join(BUILD, "peers"))
    for build in (os.path.dirname(BUILD), os.path.join(SOURCE, "build")):
        shared = os.path.join(build, "peers")  # make check-san, check-tsan
        if os.path.exists(os.path.join(shared, "done")):
            folder = os.environ.get("PLACED_PEERS", shared)
    try:
        done = subprocess.run(
            ["sh", os.path.join(SOURCE, "tests", "peers"), folder], text=True,
            capture_output=True, check=False, timeout=120)
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise Unavailable(str(problem)) from problem
    if done.returncode != 0:
        words = done.stderr.split("\n")
        raise Unavailable(next((w for w in reversed(words) if w), "no peers"))
    return folder, done.stdout.strip()


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


class Peer:
    name = program = ""

    def __init__(self, peers, zones, updates=False):
        self.folder, self.libraries = peers
        self.zones, self.updates = zones, updates
        self.home = tempfile.mkdtemp(prefix=f"placed-{self.name}-")
        self.port, self.process = 0, None

    def file(self, zone):
        return os.path.join(self.home, f"{zone.apex}zone".replace("*", "_"))

    def path(self):
        return os.path.join(self.folder, "usr", "sbin", self.program)

    def configure(self):
        raise NotImplementedError

    def command(self):
        raise NotImplementedError

    def start(self):
        for zone in self.zones:
            write(self.file(zone), zone.text())
        for _ in range(5):
            self.port = free_port()
            self.configure()
            self.spawn()
            if self.wait_ready():
                return self
            self.close()
        raise AssertionError(f"{self.name} did not start:\n{self.log()}")

    def spawn(self):
        environment = dict(os.environ, LD_LIBRARY_PATH=self.libraries)
        with open(os.path.join(self.home, "log"), "w",
                  encoding="utf-8") as log:
            self.process = subprocess.Popen(
                self.command(), env=environment, cwd=self.home,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def log(self):
        with open(os.path.join(self.home, "log"), encoding="utf-8",
                  errors="replace") as log:
            return log.read()[-3000:]

    def answers(self, apex):
        """True if an SOA question is answered with authority."""
        wire = (b"\0\1\0\0\0\1\0\0\0\0\0\0" + apex.to_wire() + b"\0\6\0\1")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.settimeout(.2)
            udp.connect((ADDRESS, self.port))
            try:
                udp.send(wire)
                reply = udp.recv(65535)
            except OSError:
                return False
        return reply[2] & 4 != 0 and reply[7] > 0

    def wait_ready(self):
        """All zones are loaded, or the process is gone."""
        left, end = [zone.apex for zone in self.zones], time.monotonic() + 10
        while left and time.monotonic() < end:
            if self.process.poll() is not None:
                return False
            if self.answers(left[-1]):
                left.pop()
            else:
                time.sleep(.02)
        if left:
            raise AssertionError(
                f"{self.name} does not serve {left[-1]}:\n{self.log()}")
        return True

    def again(self):
        """Knot loops for ever over some SVCB: away with it, and anew."""
        self.process.kill()
        self.process.wait(20)
        self.start()

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(3)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(20)
        self.process = None

    def remove(self):
        self.close()
        shutil.rmtree(self.home, ignore_errors=True)


class Nsd(Peer):
    name = program = "nsd"

    def configure(self):
        text = f"""server:
  ip-address: {ADDRESS}@{self.port}
  server-count: 1
  database: ""
  username: ""
  chroot: ""
  zonesdir: "{self.home}"
  pidfile: "{self.home}/pid"
  xfrdfile: "{self.home}/xfrd.state"
  xfrdir: "{self.home}"
  zonelistfile: "{self.home}/zone.list"
  cookie-secret-file: "{self.home}/cookie"
  rrl-ratelimit: 0
  ipv4-edns-size: 1232
  minimal-responses: yes
  verbosity: 1
remote-control:
  control-enable: no
"""
        for zone in self.zones:
            text += f"zone:\n  name: \"{zone.apex}\"\n" \
                    f"  zonefile: {self.file(zone)}\n"
        write(f"{self.home}/nsd.conf", text)

    def command(self):
        return [self.path(), "-d", "-c", f"{self.home}/nsd.conf"]


class Knot(Peer):
    name, program = "knot", "knotd"

    def configure(self):
        os.makedirs(f"{self.home}/db", exist_ok=True)
        text = f"""server:
    rundir: {self.home}
    listen: {ADDRESS}@{self.port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
    udp-max-payload: 1232
log:
  - target: stderr
    any: warning
database:
    storage: {self.home}/db
    journal-db-max-size: 64M
key:
  - id: {KEY}
    algorithm: hmac-sha256
    secret: {SECRET}
acl:
  - id: transfer
    address: {ADDRESS}
    action: transfer
  - id: update
    address: {ADDRESS}
    key: {KEY}
    action: update
zone:
"""
        for zone in self.zones:
            text += f"""  - domain: "{zone.apex}"
    file: {self.file(zone)}
    semantic-checks: off
    zonefile-sync: -1
    acl: [transfer, update]
"""
        write(f"{self.home}/knot.conf", text)

    def command(self):
        return [self.path(), "-c", f"{self.home}/knot.conf"]


class Bind(Peer):
    name, program = "bind", "named"

    def configure(self):
        policy = (f"update-policy {{ grant {KEY} zonesub ANY; }};"
                  if self.updates else "")
        text = f"""options {{
	directory "{self.home}";
	listen-on port {self.port} {{ {ADDRESS}; }};
	listen-on-v6 {{ none; }};
	pid-file "{self.home}/pid";
	session-keyfile "{self.home}/session.key";
	lock-file none;
	dnssec-validation no;
	empty-zones-enable no;
	notify no;
	recursion no;
	querylog no;
	minimal-responses no-auth;
	zero-no-soa-ttl no;
	allow-transfer {{ {ADDRESS}; }};
	check-names primary ignore;
	check-mx ignore;
	check-mx-cname ignore;
	check-srv-cname ignore;
	check-integrity no;
	check-sibling no;
	check-wildcard no;
	check-dup-records ignore;
}};
controls {{ }};
logging {{ category default {{ default_stderr; }}; }};
key "{KEY}" {{ algorithm hmac-sha256; secret "{SECRET}"; }};
"""
        for zone in self.zones:
            text += f"zone \"{zone.apex}\" {{ type primary;" \
                    f" file \"{self.file(zone)}\"; {policy} }};\n"
        write(f"{self.home}/named.conf", text)

    def command(self):
        return [self.path(), "-f", "-n", "1", "-c",
                f"{self.home}/named.conf"]


def placed(zones, workers=2):
    """A harness.Server that holds the zones and lets the key change all."""
    rule = f"      - {{ key: {KEY}, names: [ \"*\", \"@\" ], types: [ ANY ] }}"
    texts = {str(zone.apex): zone.text() for zone in zones}
    return Server(zones=texts, workers=workers,
                  rules={apex: rule for apex in texts})
