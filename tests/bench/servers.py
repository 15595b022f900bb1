"""The servers that are compared: how each is configured, loaded and started.

Each is told to use one thread for queries, to log nothing, and to make updates
durable before it acknowledges them. A server has a folder, its home; `load`
fills it once, what is loaded there is kept and copied; `configure` writes what
names the home, and so is called again for each copy. `recurse` writes the
configuration of a server that forwards every question to one upstream.
"""
import os
import shutil
import signal
import subprocess
import time

import zone

ADDRESS = "127.0.0.1"
KEY = "bench-key"
SECRET = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

CACHE_MB = 192


class Problem(Exception):
    """A server cannot be prepared or started; says why."""


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def output(command):
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE,
                          check=False)
    if done.returncode != 0:
        raise Problem(f"{' '.join(command)}: no result")
    return done.stdout


def fields(line):
    return {key: float(value) for key, value in
            (field.split("=", 1) for field in line.split())}


class Server:
    name = ""
    title = ""
    updates = True
    answers = True  # out of zones of its own
    recurses = False
    searches = False  # for what is near
    unpacked = True  # one of the peers, with libraries of its own

    def __init__(self, build, peers, libs, port):
        self.build, self.peers, self.port = build, peers, port
        self.environment = dict(os.environ)
        if self.unpacked:
            self.environment["LD_LIBRARY_PATH"] = libs

    def path(self, program):
        for folder in ("usr/sbin", "usr/bin"):
            path = os.path.join(self.peers, folder, program)
            if os.path.exists(path):
                return path
        raise Problem(f"{self.name}: no {program} in {self.peers}")

    def load(self, home, zonefile):
        """Fills an empty home."""

    def configure(self, home, zonefile, updates):
        """Writes the configuration."""

    def recurse(self, home, upstream):
        """Writes the configuration of a recursive server."""

    def command(self, home):
        raise NotImplementedError

    def run(self, *command):
        done = subprocess.run(command, text=True, capture_output=True,
                              env=self.environment, check=False)
        if done.returncode != 0:
            raise Problem(f"{self.name}: {' '.join(command)}: "
                          f"{(done.stderr or done.stdout).strip()[-500:]}")


class Echo(Server):
    """Not a DNS server: what UDP on one core allows. It also says what an
    update costs the client, and what clients cost each other."""
    name, title, unpacked = "echo", "echo limit", False
    recurses = True

    def command(self, home):
        return [os.path.join(self.build, "bench", "echo"), str(self.port)]


class Placed(Server):
    name, title, unpacked = "placed", "placed", False
    recurses = searches = True

    def configure(self, home, zonefile, updates):
        rule = (f"    update:\n      - {{ key: {KEY}., names: [ \"*\" ],"
                " types: [ A, AAAA, SRV, TXT, PTR, LOC ] }\n")
        write(f"{home}/placed.yaml",
              f"listen: [ {ADDRESS}@{self.port} ]\n"
              f"store: {home}/store\n"
              f"control: {home}/control\n"
              "workers: 1\n"
              f"keys:\n  - {{ name: {KEY}., algorithm: hmac-sha256,"
              f" secret: \"{SECRET}\" }}\n"
              f"zones:\n  - name: {zone.NAME}\n    file: {zonefile}\n"
              f"    inside: [ 127.0.0.0/8 ]\n{rule if updates else ''}")

    def recurse(self, home, upstream):
        write(f"{home}/room.zone", "$ORIGIN room.home.arpa.\n$TTL 3600\n"
              "@ SOA ns1 hostmaster 1 3600 900 604800 300\n@ NS ns1\n"
              "ns1 A 127.0.0.1\n")
        write(f"{home}/placed.yaml",
              f"listen: [ {ADDRESS}@{self.port} ]\n"
              f"store: {home}/store\n"
              f"control: {home}/control\n"
              "workers: 1\n"
              "zones:\n  - name: room.home.arpa\n    file: room.zone\n"
              "    inside: [ 127.0.0.0/8 ]\n"
              f"uplink:\n  forward: [ {ADDRESS}@{upstream} ]\n"
              f"  reach: [ . ]\n  cache-limit: {CACHE_MB}M\n")

    def load(self, home, zonefile):
        """Seeds the store: later starts find it seeded."""
        self.configure(home, zonefile, False)
        with open(f"{home}/seed.log", "w", encoding="utf-8") as log:
            process = subprocess.Popen(self.command(home), stderr=log)
        for _ in range(3000):
            with open(f"{home}/seed.log", encoding="utf-8") as log:
                ready = "ready" in log.read()
            if ready or process.poll() is not None:
                break
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        if process.wait(60) != 0 or not ready:
            raise Problem(f"placed: no seed, see {home}/seed.log")

    def command(self, home):
        return [os.path.join(self.build, "placed"), "-c",
                f"{home}/placed.yaml"]


class Floor(Placed):
    """Not a DNS server either: the echo and a bare LMDB look-up, in a store
    that placed has seeded; as an updater, bare LMDB commits of as much."""
    name, title = "floor", "bare LMDB"
    recurses = searches = False

    def command(self, home):
        if not os.path.exists(f"{home}/loaded"):
            return super().command(home)  # as long as it is being seeded
        return [os.path.join(self.build, "bench", "floor"), "udp",
                str(self.port), f"{home}/store/placed.mdb", zone.NAME]

    def commits(self, home, seconds):
        return [os.path.join(self.build, "bench", "floor"), "commit",
                str(seconds), f"{home}/store/placed.mdb"]


class Nsd(Server):
    name, title, updates = "nsd", "NSD", False

    def configure(self, home, zonefile, updates):
        write(f"{home}/nsd.conf", f"""server:
  ip-address: {ADDRESS}@{self.port}
  server-count: 1
  database: ""
  username: ""
  chroot: ""
  zonesdir: "{home}"
  pidfile: "{home}/pid"
  xfrdfile: "{home}/xfrd.state"
  xfrdir: "{home}"
  zonelistfile: "{home}/zone.list"
  cookie-secret-file: "{home}/cookie"
  rrl-ratelimit: 0
  minimal-responses: yes
  verbosity: 0
remote-control:
  control-enable: no
zone:
  name: {zone.NAME}
  zonefile: {zonefile}
""")

    def command(self, home):
        return [self.path("nsd"), "-d", "-c", f"{home}/nsd.conf"]


class Knot(Server):
    name, title = "knot", "Knot"

    def load(self, home, zonefile):
        # Without its database folder knotd starts, and refuses every update.
        os.makedirs(f"{home}/db")
        shutil.copy(zonefile, f"{home}/zone")

    def configure(self, home, zonefile, updates):
        write(f"{home}/knot.conf", f"""server:
    rundir: {home}
    listen: {ADDRESS}@{self.port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: stderr
    any: warning
database:
    storage: {home}/db
    journal-db-mode: robust
key:
  - id: {KEY}
    algorithm: hmac-sha256
    secret: {SECRET}
acl:
  - id: update
    address: {ADDRESS}
    key: {KEY}
    action: update
zone:
  - domain: {zone.NAME}
    file: {home}/zone
    semantic-checks: off
    zonefile-sync: -1
    acl: update
""")

    def command(self, home):
        return [self.path("knotd"), "-c", f"{home}/knot.conf"]


class Bind(Server):
    name, title = "bind", "BIND"

    def load(self, home, zonefile):
        shutil.copy(zonefile, f"{home}/zone")

    def configure(self, home, zonefile, updates):
        policy = (f"update-policy {{ grant {KEY} zonesub ANY; }};"
                  if updates else "")
        write(f"{home}/named.conf", f"""options {{
	directory "{home}";
	listen-on port {self.port} {{ {ADDRESS}; }};
	listen-on-v6 {{ none; }};
	pid-file "{home}/pid";
	session-keyfile "{home}/session.key";
	lock-file none;
	dnssec-validation no;
	empty-zones-enable no;
	notify no;
	recursion no;
	querylog no;
}};
controls {{ }};
key "{KEY}" {{ algorithm hmac-sha256; secret "{SECRET}"; }};
zone "{zone.NAME}" {{ type primary; file "{home}/zone"; {policy} }};
""")

    def command(self, home):
        return [self.path("named"), "-f", "-n", "1", "-c",
                f"{home}/named.conf", "-L", f"{home}/named.log"]


class Pdns(Server):
    """With its caches, which keep what they have seen for up to a minute."""
    name, title = "pdns", "PowerDNS-LMDB"

    def load(self, home, zonefile):
        self.configure(home, zonefile, True)
        util = [self.path("pdnsutil"), f"--config-dir={home}"]
        self.run(*util, "load-zone", zone.NAME, zonefile)
        self.run(*util, "rectify-zone", zone.NAME)
        self.run(*util, "import-tsig-key", KEY, "hmac-sha256", SECRET)
        self.run(*util, "set-meta", zone.NAME, "TSIG-ALLOW-DNSUPDATE", KEY)

    def configure(self, home, zonefile, updates):
        lib = self.path("pdns_server").rsplit("/usr/", 1)[0] + "/usr/lib"
        modules = next(
            f"{lib}/{arch}/pdns" for arch in os.listdir(lib)
            if os.path.isdir(f"{lib}/{arch}/pdns"))
        # With one thread behind the receiver, queries wait for updates.
        threads = 3 if updates else 1
        write(f"{home}/pdns.conf", f"""module-dir={modules}
launch=lmdb
lmdb-filename={home}/pdns.lmdb
lmdb-sync-mode=sync
lmdb-map-size=8000
daemon=no
guardian=no
socket-dir={home}
local-address={ADDRESS}
local-port={self.port}
receiver-threads=1
distributor-threads={threads}
signing-threads=1
loglevel=3
zone-cache-refresh-interval=3600
dnsupdate={'yes' if updates else 'no'}
allow-dnsupdate-from=127.0.0.0/8
""")

    def command(self, home):
        return [self.path("pdns_server"), f"--config-dir={home}"]


class Recursor(Server):
    answers, recurses, updates = False, True, False


class Unbound(Recursor):
    name, title = "unbound", "Unbound"

    def recurse(self, home, upstream):
        write(f"{home}/unbound.conf", f"""server:
  interface: {ADDRESS}@{self.port}
  outgoing-interface: {ADDRESS}
  num-threads: 1
  do-daemonize: no
  username: ""
  chroot: ""
  directory: "{home}"
  pidfile: ""
  use-syslog: no
  module-config: "iterator"
  do-not-query-localhost: no
  access-control: 127.0.0.0/8 allow
  msg-cache-size: {CACHE_MB // 3}m
  rrset-cache-size: {CACHE_MB // 3 * 2}m
forward-zone:
  name: "."
  forward-addr: {ADDRESS}@{upstream}
remote-control:
  control-enable: no
""")

    def command(self, home):
        return [self.path("unbound"), "-d", "-c", f"{home}/unbound.conf"]


class Dnsmasq(Recursor):
    name, title = "dnsmasq", "dnsmasq"

    def recurse(self, home, upstream):
        write(f"{home}/dnsmasq.conf", f"""port={self.port}
listen-address={ADDRESS}
bind-interfaces
no-resolv
no-hosts
no-poll
user=root
group=root
pid-file={home}/pid
cache-size=200000
cache-rr=SRV,TXT
dns-forward-max=1000
server={ADDRESS}#{upstream}
""")

    def command(self, home):
        return [self.path("dnsmasq"), "-k", "-C", f"{home}/dnsmasq.conf"]


class KnotResolver(Recursor):
    """Its modules are looked for in fixed places: it sees the peers' folders
    over the system's, nobody else does."""
    name, title = "kresd", "Knot Resolver"

    def recurse(self, home, upstream):
        write(f"{home}/kresd.conf", f"""
for _, m in ipairs({{'priming', 'ta_update', 'ta_signal_query', 'ta_sentinel',
		    'detect_time_skew', 'detect_time_jump'}}) do
	pcall(modules.unload, m)
end
trust_anchors.remove('.')
net.outgoing_v4('{ADDRESS}')
net.listen('{ADDRESS}', {self.port}, {{kind = 'dns'}})
cache.open({CACHE_MB} * MB, 'lmdb://{home}/cache')
policy.add(policy.all(policy.STUB('{ADDRESS}@{upstream}')))
""")

    def command(self, home):
        mounts = "".join(
            f"mount -t overlay overlay -o ro,lowerdir={self.peers}{folder}:"
            f"{folder} {folder} && " for folder in ("/usr/lib", "/usr/share"))
        return ["unshare", "-rm", "sh", "-c",
                f"{mounts} exec {self.path('kresd')} -n -c "
                f"{home}/kresd.conf {home}"]


ALL = [Echo, Floor, Placed, Nsd, Knot, Bind, Pdns, Unbound, Dnsmasq,
       KnotResolver]
