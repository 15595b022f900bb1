"""A forwarder that may be told to lie: UDP, TCP and TLS at one address.

    forwarder = Forwarder(scripts={"forged": forged}).start()
    forwarder.asked          # (transport, name, type) of all that came

A script stands for the first label of the question's name; it is called as
script(question), question.send(wire) as often as it likes; on a connection also
question.octets() and question.hang_up(). Whoever has no script gets the truth:
TRUTH for A, nothing for other types. A lie is any answer with LIE in it.
"""
import os
import socket
import ssl
import struct
import subprocess
import tempfile
import threading

import dns.flags
import dns.message
import dns.name
import dns.rdatatype
import dns.rrset

TRUTH, LIE = "198.51.100.7", "198.51.100.66"


def reply_to(query, *answers, authority=(), additional=(), rcode=0, aa=False):
    """The wire of a reply. A record: (owner or None, type, rdata, ...)."""
    reply = dns.message.make_response(query, recursion_available=True)
    reply.set_rcode(rcode)
    if aa:
        reply.flags |= dns.flags.AA
    for section, records in ((reply.answer, answers),
                             (reply.authority, authority),
                             (reply.additional, additional)):
        for owner, rdtype, *rdata in records:
            owner = query.question[0].name if owner is None else \
                dns.name.from_text(owner)
            section.append(dns.rrset.from_text(owner, 300, "IN", rdtype,
                                               *rdata))
    return reply.to_wire(max_size=65535)


def truth(query):
    if query.question[0].rdtype != dns.rdatatype.A:
        return reply_to(query, authority=[
            ("example.", "SOA", "ns. host. 1 60 60 60 60")])
    return reply_to(query, (None, "A", TRUTH))


def lie(query):
    return reply_to(query, (None, "A", LIE))


class Question:
    """One message that came, and the way back."""

    def __init__(self, forwarder, transport, wire, way, peer=None):
        self.forwarder, self.transport = forwarder, transport
        self.wire, self.way, self.peer = wire, way, peer
        self.query = dns.message.from_wire(wire)
        self.name = self.query.question[0].name
        self.rdtype = self.query.question[0].rdtype

    @property
    def is_udp(self):
        return self.transport == "udp"

    def send(self, wire, by=None):
        if self.is_udp:
            (by or self.way).sendto(wire, self.peer)
        else:
            self.octets(struct.pack("!H", len(wire)) + wire)

    def octets(self, octets):
        self.way.sendall(octets)

    def hang_up(self):
        self.way.shutdown(socket.SHUT_RDWR)


class Forwarder:
    """tls: an ssl.SSLContext; what connects then speaks TLS."""

    def __init__(self, scripts=None, tls=None, address="127.0.0.1"):
        self.scripts, self.tls = scripts or {}, tls
        self.asked, self.datagrams, self.connections = [], 0, 0
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        while True:  # until both are free
            self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.udp.bind((address, 0))
            self.address = self.udp.getsockname()
            self.tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            try:
                self.tcp.bind(self.address)
                break
            except OSError:
                self.udp.close()
                self.tcp.close()
        self.udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.tcp.listen(64)
        self.udp.settimeout(.1)
        self.tcp.settimeout(.1)
        self.threads = []

    @property
    def at(self):
        return f"{self.address[0]}@{self.address[1]}"

    def count(self, label):
        """Messages whose name has that first label."""
        with self.lock:
            return sum(name.labels[0].lower() == label.encode()
                       for _, name, _ in self.asked)

    def start(self):
        for serve in (self.serve_udp, self.serve_tcp):
            self.run(serve)
        return self

    def run(self, target, *args):
        thread = threading.Thread(target=target, args=args, daemon=True)
        self.threads.append(thread)
        thread.start()

    def close(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(20)
        self.udp.close()
        self.tcp.close()

    def answer(self, question):
        with self.lock:
            self.asked.append((question.transport, question.name,
                               question.rdtype))
        label = question.name.labels[0].lower().decode("ascii", "replace")
        script = self.scripts.get(label)
        if script is None:
            question.send(truth(question.query))
        else:
            script(question)

    def serve_udp(self):
        while not self.stopping.is_set():
            try:
                wire, peer = self.udp.recvfrom(65535)
            except socket.timeout:
                continue
            self.datagrams += 1
            self.answer(Question(self, "udp", wire, self.udp, peer))

    def serve_tcp(self):
        while not self.stopping.is_set():
            try:
                stream, _ = self.tcp.accept()
            except socket.timeout:
                continue
            self.connections += 1
            self.run(self.serve_stream, stream)

    def serve_stream(self, stream):
        stream.settimeout(8)
        with stream:
            try:
                if self.tls is not None:
                    stream = self.tls.wrap_socket(stream, server_side=True)
                while not self.stopping.is_set():
                    wire = self.read_message(stream)
                    if wire is None:
                        return
                    transport = "tcp" if self.tls is None else "tls"
                    self.answer(Question(self, transport, wire, stream))
            except (OSError, ssl.SSLError):
                return  # they hung up, as they may

    def read_message(self, stream):
        wire, length = b"", 2
        while len(wire) < length:
            try:
                more = stream.recv(length - len(wire))
            except socket.timeout:
                return None
            if not more:
                return None
            wire += more
            if length == 2 and len(wire) == 2:
                length += struct.unpack("!H", wire)[0]
        return wire[2:]


class Certificates:
    """An authority, and certificates by it, made with openssl. None of it is
    trusted anywhere but where a test says so."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="placed-ca-")
        self.ca = self.make("ca", "/CN=authority", "CA:true")

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def close(self):
        self.folder.cleanup()

    def openssl(self, *words):
        subprocess.run(["openssl", *words], cwd=self.folder.name, check=True,
                       capture_output=True, timeout=60)

    def make(self, stem, subject, constraints="CA:false", name=None):
        """Signed by itself; the path of the certificate."""
        words = ["-addext", f"subjectAltName=DNS:{name}"] if name else []
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
                     "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                     "-subj", subject, "-addext",
                     f"basicConstraints=critical,{constraints}", *words,
                     "-keyout", f"{stem}.key", "-out", f"{stem}.pem")
        return self.path(f"{stem}.pem")

    def issue(self, stem, name, begin=None, end=None):
        """Signed by the authority, for a name; times as YYYYMMDDHHMMSSZ."""
        with open(self.path("ca.conf"), "w", encoding="ascii") as file:
            file.write(f"""[ca]
default_ca=here
[here]
database={self.path("index")}
new_certs_dir={self.folder.name}
rand_serial=yes
default_md=sha256
policy=any
x509_extensions=leaf
[any]
commonName=supplied
[leaf]
basicConstraints=critical,CA:false
subjectAltName=DNS:{name}
""")
        with open(self.path("index"), "w", encoding="ascii"):
            pass
        self.openssl("req", "-new", "-newkey", "ec", "-pkeyopt",
                     "ec_paramgen_curve:P-256", "-nodes", "-subj",
                     f"/CN={name}", "-keyout", f"{stem}.key", "-out",
                     f"{stem}.csr")
        times = ["-startdate", begin, "-enddate", end] if end else \
            ["-days", "2"]
        self.openssl("ca", "-batch", "-notext", "-config", "ca.conf", "-cert",
                     "ca.pem", "-keyfile", "ca.key", "-in", f"{stem}.csr",
                     "-out", f"{stem}.pem", *times)
        return self.context(stem)

    def context(self, stem):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path(f"{stem}.pem"),
                                self.path(f"{stem}.key"))
        return context
