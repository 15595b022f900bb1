"""A real placed on loopback, and real clients to ask it.

    server = Server(zones={"lounge.example": ZONE_TEXT})
    server.start()                    # returns when the log says it is ready
    server.ask("lamp.lounge.example", "A")
    server.stop()                     # SIGTERM, expects exit status 0
"""
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.tsig
import dns.tsigkeyring
import dns.update

BUILD = os.environ.get("PLACED_BUILD", "build")
SOURCE = os.environ.get("PLACED_SOURCE", ".")
PLACED = os.path.join(BUILD, "placed")
PLACECTL = os.path.join(BUILD, "placectl")

SECRET = "c2VjcmV0IG9mIHRoZSB0ZXN0cywgMzIgb2N0ZXRzISE="
OTHER_SECRET = "YW5vdGhlciBzZWNyZXQgb2YgdGhlIHRlc3RzLCAzMiE="
ALL_TYPES = ("[ A, AAAA, SRV, TXT, PTR, LOC, CNAME, MX, NS, DNAME, EUI48, "
             "EUI64 ]")
START_SECONDS = 120
WAIT = 10.0

KEYRING = dns.tsigkeyring.from_text({"room-key.": SECRET})


def free_port():
    """A port that is free for UDP and TCP now, below the ephemeral ones."""
    while True:
        port = random.randint(20000, 32000)
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, \
                    socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp:
                udp.bind(("127.0.0.1", port))
                tcp.bind(("127.0.0.1", port))
                return port
        except OSError:
            continue


def run(*command, **options):
    options.setdefault("timeout", 120)
    return subprocess.run([str(part) for part in command], text=True,
                          capture_output=True, check=False, **options)


class Server:
    """zones: apex -> zone text (or None: nothing seeds it)."""

    def __init__(self, zones=None, workers=2, settings="", rules=None,
                 config=None, store=None):
        self.dir = tempfile.mkdtemp(prefix="placed-")
        self.port = free_port()
        self.workers = workers
        self.settings = settings
        self.rules = rules or {}
        self.store = store or os.path.join(self.dir, "store")
        self.path = os.path.join(self.dir, "placed.yaml")
        self.log_path = os.path.join(self.dir, "log")
        self.process = None
        self.zones = dict(zones or {})
        for apex, text in self.zones.items():
            if text is not None:
                self.write(f"{apex}.zone", text)
        self.write_config(config)

    def write(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def write_config(self, config=None):
        self.write("placed.yaml", config or self.config())

    def config(self):
        lines = [
            f"listen: [ 127.0.0.1@{self.port} ]",
            f"store: {self.store}",
            f"control: {self.dir}/control",
            f"workers: {self.workers}",
            self.settings,
            "keys:",
            f"  - {{ name: room-key., algorithm: hmac-sha256,"
            f" secret: \"{SECRET}\" }}",
            f"  - {{ name: guest-key., algorithm: hmac-sha512,"
            f" secret: \"{OTHER_SECRET}\" }}",
        ]
        if self.zones:
            lines.append("zones:")
        for apex, text in self.zones.items():
            lines.append(f"  - name: {apex}")
            if text is not None:
                lines.append(f"    file: {apex}.zone")
            lines.append("    inside: [ 127.0.0.0/8 ]")
            lines.append("    update:")
            lines.append(self.rules.get(
                apex, '      - { key: room-key., names: [ "*", "@" ],'
                f" types: {ALL_TYPES} }}"))
        return "\n".join(lines) + "\n"

    # --- the process -----------------------------------------------------

    def start(self):
        """Starts, again with another port if somebody took it meanwhile."""
        for _ in range(5):
            self.spawn()
            if self.wait_ready():
                return self
            if "in use" not in self.log():
                break
            self.port = free_port()
            self.write_config()
        raise AssertionError(f"placed did not become ready:\n{self.log()}")

    def spawn(self, prefix=()):
        with open(self.log_path, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [*prefix, PLACED, "-c", self.path], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log)

    def wait_ready(self):
        return self.wait_log("ready")

    def wait_log(self, word, seconds=START_SECONDS):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if word in self.log():
                return True
            if self.process.poll() is not None:
                return word in self.log()
            time.sleep(0.005)
        return False

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(60)
        if status != 0:
            raise AssertionError(f"placed ended with {status}:\n{self.log()}")

    def kill(self):
        self.process.kill()
        self.process.wait(60)

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def close(self):
        """At the end of a test: stops what runs, removes what was written."""
        try:
            if self.alive():
                self.stop()
        finally:
            if self.alive():
                self.kill()
            shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()

    # --- clients ---------------------------------------------------------

    def send(self, message, tcp=False):
        call = dns.query.tcp if tcp else dns.query.udp
        return call(message, "127.0.0.1", port=self.port, timeout=WAIT)

    def ask(self, name, rdtype="A", tcp=False, **options):
        query = dns.message.make_query(name, rdtype, **options)
        return self.send(query, tcp)

    def values(self, name, rdtype="A"):
        """The answer's rdata as a set of texts, empty if there is none."""
        reply = self.ask(name, rdtype)
        if reply.flags & dns.flags.TC:
            reply = self.ask(name, rdtype, tcp=True)
        wanted = dns.rdatatype.from_text(rdtype)
        return {item.to_text() for rrset in reply.answer
                if rrset.rdtype == wanted for item in rrset}

    def soa(self, apex):
        return self.ask(apex, "SOA").answer[0][0].serial

    def raw(self, wire, wait=WAIT):
        """Octets by UDP; None if there is no answer in time."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.settimeout(wait)
            udp.connect(("127.0.0.1", self.port))
            udp.send(wire)
            try:
                return udp.recv(65535)
            except socket.timeout:
                return None

    def update(self, apex, key="room-key."):
        """An UpdateMessage to fill and send()."""
        if key is None:
            return dns.update.UpdateMessage(apex)
        ring = dns.tsigkeyring.from_text(
            {"room-key.": SECRET, "guest-key.": OTHER_SECRET})
        algorithm = (dns.tsig.HMAC_SHA512 if key == "guest-key."
                     else dns.tsig.HMAC_SHA256)
        return dns.update.UpdateMessage(apex, keyring=ring, keyname=key,
                                        keyalgorithm=algorithm)

    def dig(self, *words):
        return run("dig", "@127.0.0.1", "-p", self.port, "+tries=1", *words)

    def kdig(self, *words):
        return run("kdig", "@127.0.0.1", "-p", self.port, *words)

    def drill(self, *words):
        return run("drill", "-p", self.port, "@127.0.0.1", *words)

    def nsupdate(self, *lines, key="hmac-sha256:room-key.:" + SECRET,
                 options=()):
        text = "\n".join((f"server 127.0.0.1 {self.port}", *lines, "send", ""))
        words = ["nsupdate", *options] + (["-y", key] if key else [])
        return run(*words, input=text)

    def ctl(self, *words):
        return run(PLACECTL, "-c", self.path, *words)

    def ctl_json(self, *words):
        """The objects that placectl --json prints; its status must be 0."""
        done = run(PLACECTL, "-c", self.path, "--json", *words)
        if done.returncode != 0:
            raise AssertionError(f"{words}: {done.stderr}{done.stdout}")
        return [json.loads(line) for line in done.stdout.splitlines()]
