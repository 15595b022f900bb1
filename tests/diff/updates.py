"""Updates at random (RFC 2136), signed, sent to placed, Knot and BIND; after
each, rcode and the zone's whole content must be equal."""
import collections
import io
import struct

import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.renderer
import dns.tsig
import dns.zone

import ask
import compare
import peers
from worlds import LABELS, ORDINARY, PLAIN, World, join, spell, value

ZONES = 12  # in one round; each is left when servers part for good reason
IN, NONE, ANY = dns.rdataclass.IN, dns.rdataclass.NONE, dns.rdataclass.ANY
SOA, NS, DS, DNAME = (dns.rdatatype.from_text(t)
                      for t in ("SOA", "NS", "DS", "DNAME"))
SECRET = peers.KEYRING[dns.name.from_text(peers.KEY)]


class RR:
    """One RR of an update; rdata is text or None."""

    def __init__(self, owner, rdtype, rdclass, ttl=0, text=None):
        self.owner, self.rdtype = owner, dns.rdatatype.from_text(rdtype)
        self.rdclass, self.ttl, self.text = rdclass, ttl, text
        self.rdata = b"" if text is None else dns.rdata.from_text(
            IN, rdtype, text, relativize=False).to_wire()

    def wire(self):
        return self.owner.to_wire() + struct.pack(
            "!HHIH", self.rdtype, self.rdclass, self.ttl,
            len(self.rdata)) + self.rdata

    def __str__(self):
        return f"{self.owner} {self.ttl} " \
               f"{dns.rdataclass.to_text(self.rdclass)} " \
               f"{dns.rdatatype.to_text(self.rdtype)} {self.text or ''}"


class Update:
    def __init__(self, zone, prerequisites, changes, ident):
        self.zone, self.ident = zone, ident
        self.prerequisites, self.changes = prerequisites, changes

    def wire(self):
        """Signed now."""
        body = self.zone.to_wire() + struct.pack("!2H", SOA, IN) + b"".join(
            rr.wire() for rr in self.prerequisites + self.changes)
        r = dns.renderer.Renderer(self.ident, 0x2800, 65535)
        r.output.seek(0, io.SEEK_END)
        r.output.write(body)
        r.counts = [1, len(self.prerequisites), len(self.changes), 0]
        r.write_header()
        r.add_tsig(dns.name.from_text(peers.KEY), SECRET, 300, self.ident, 0,
                   b"", b"", dns.tsig.HMAC_SHA256)
        return r.get_wire()

    def __str__(self):
        return "\n".join([f"update of {self.zone}",
                          *(f"  if {rr}" for rr in self.prerequisites),
                          *(f"  do {rr}" for rr in self.changes)])


class Maker:
    """Makes updates for a zone whose content is `state`: owner -> type ->
    (TTL, rdata texts)."""

    def __init__(self, rng, world, zone):
        self.rng, self.world, self.zone = rng, world, zone

    def name(self, state):
        rng, apex = self.rng, self.zone.apex
        roll = rng.random()
        if roll < .01:
            return dns.name.from_text("elsewhere.example.")
        if roll < .12:
            return apex
        if roll < .65:
            return rng.choice(list(state))
        suffix = rng.choice((apex, rng.choice(list(state))))
        return join([rng.choice(rng.choice((LABELS, PLAIN)))], suffix) or apex

    def rdtype(self, types):
        rng = self.rng
        if types and rng.random() < .6:
            return rng.choice(list(types))
        return rng.choice(ORDINARY + ["CNAME"] * 4 + ["DNAME"] * 2 +
                          ["NS"] * 3 + ["DS", "SOA", "SOA"])

    def rdata(self, rdtype, types):
        """New, or what is there."""
        rng = self.rng
        if rdtype in types and rng.random() < .4:
            return rng.choice(types[rdtype][1])
        if rdtype == "SOA":
            serial = rng.choice((0, 1, 5, 12, 2 ** 31 + 3, 2 ** 32 - 1))
            return f"ns.isp.example. h.test. {serial} 3600 600 604800 60"
        return value(rng, rdtype, spell(self.world.target(self.zone)))

    def ttl(self, rdtype, types):
        """Mostly what the RRset has: Knot parts from the others over it."""
        if rdtype in types and self.rng.random() < .95:
            return types[rdtype][0]
        return self.rng.choice((0, 60, 300, 86400))

    def prerequisite(self, state):
        rng, owner = self.rng, self.name(state)
        types = state.get(owner, {})
        rdtype = self.rdtype(types)
        form = rng.randrange(5)
        if form < 2:
            return [RR(owner, "ANY", (ANY, NONE)[form])]
        if form < 4:
            return [RR(owner, rdtype, (ANY, NONE)[form - 2])]
        texts = list(types.get(rdtype, (0, []))[1])
        if rng.random() < .3 or not texts:
            texts.append(self.rdata(rdtype, types))
        elif rng.random() < .3:
            texts.pop()
        return [RR(owner, rdtype, IN, 0, text) for text in texts]

    def change(self, state):
        rng, owner = self.rng, self.name(state)
        types = state.get(owner, {})
        rdtype = self.rdtype(types)
        form = rng.randrange(8)
        if rdtype == "SOA" and owner != self.zone.apex and rng.random() < .8:
            rdtype = "A"  # seldom: Knot ends over it
        if owner.labels[0] == b"*" and rdtype in ("NS", "DS", "DNAME"):
            rdtype = "TXT"  # undefined: RFC 4592 sections 4.2, 4.4 and 4.5
        if form < 4:
            return RR(owner, rdtype, IN, self.ttl(rdtype, types),
                      self.rdata(rdtype, types))
        if form < 6:
            return RR(owner, rdtype, NONE, 0, self.rdata(rdtype, types))
        if form < 7:
            return RR(owner, rdtype, ANY)
        return RR(owner, "ANY", ANY)

    def spoil(self, rr, asked):
        """What RFC 2136 3.2.5 and 3.4.1.3 call a format error."""
        rng = self.rng
        for _ in range(rng.choice((0,) * 30 + (1,))):
            roll = rng.randrange(4)
            if roll == 0 and rr.rdclass != IN:
                rr.ttl = 60
            elif roll == 1 and rr.rdclass == IN and not asked:
                rr.rdtype = dns.rdatatype.AXFR
            elif roll == 2:
                rr.rdclass = dns.rdataclass.CH
            elif rr.rdclass == ANY:
                rr.rdtype, rr.rdata = dns.rdatatype.A, b"\1\2\3\4"
        return rr

    def make(self, state):
        rng = self.rng
        prerequisites = [
            rr for _ in range(rng.choice((0, 0, 0, 1, 1, 2)))
            for rr in self.prerequisite(state)]
        changes = [self.change(state) for _ in range(rng.choice((0, 1, 1, 1, 2,
                                                                 3, 5)))]
        for rr in prerequisites:
            self.spoil(rr, True)
        for rr in changes:
            self.spoil(rr, False)
        return Update(self.zone.apex, prerequisites, changes,
                      rng.randrange(65536))


def content(zone):
    """A dns.zone as a set, names in lower case, and as Maker's state."""
    rrs, state = set(), {}
    for owner, rdataset in zone.iterate_rdatasets():
        key = owner.canonicalize()
        rdtype = dns.rdatatype.to_text(rdataset.rdtype)
        for rdata in rdataset:
            rrs.add((key, rdataset.rdtype, rdataset.ttl, ask.rdata_key(rdata)))
        state.setdefault(key, {})[rdtype] = (
            rdataset.ttl, [rdata.to_text() for rdata in rdataset])
    return rrs, state


class Parting:
    """One update after which a peer differs from us."""

    def __init__(self, peer, update, before, ours, theirs, rcodes):
        self.peer, self.update, self.before = peer, update, before
        self.ours, self.theirs, self.rcodes = ours, theirs, rcodes

    def __str__(self):
        def show(rrs):
            return "\n".join(f"    {rr[0]} {rr[2]} "
                             f"{dns.rdatatype.to_text(rr[1])} {rr[3].hex()}"
                             for rr in sorted(rrs))
        touched = {rr.owner.canonicalize() for rr in self.update.changes +
                   self.update.prerequisites}
        return "\n".join([
            f"{self.update}\n  placed {dns.rcode.to_text(self.rcodes[0])}, "
            f"{self.peer} {dns.rcode.to_text(self.rcodes[1])}",
            "  before:", show({rr for rr in self.before
                               if rr[0] in touched or rr[1] == SOA}),
            "  only ours:", show(self.ours - self.theirs),
            f"  only {self.peer}'s:", show(self.theirs - self.ours)])


EARLY = (dns.rcode.FORMERR, dns.rcode.NOTZONE)
PREREQUISITE = (dns.rcode.NXDOMAIN, dns.rcode.YXDOMAIN, dns.rcode.NXRRSET,
                dns.rcode.YXRRSET)


def form_comes_first(p):
    return p.rcodes[0] in EARLY and p.rcodes[1] in PREREQUISITE + EARLY and \
        p.ours == p.theirs


def without_serial(rrs):
    return {rr if rr[1] != SOA else rr[:2] for rr in rrs}


def without_ttl(rrs):
    return {rr[:2] + rr[3:] for rr in without_serial(rrs)}


def knot_keeps_ttl(p):
    """An RR was added that is there with another TTL."""
    return p.peer == "knot" and p.rcodes == (0, 0) and \
        without_ttl(p.ours) == without_ttl(p.theirs) and any(
            rr[3] != b"" and rr[:2] == (c.owner.canonicalize(), c.rdtype)
            for c in p.update.changes if c.rdclass == IN for rr in p.before)


def bind_drops_ds(p):
    """Only DS where there is no cut differ."""
    cuts = {rr[0] for rr in p.ours if rr[1] == NS}
    apart = without_serial(p.ours) ^ without_serial(p.theirs)
    return p.peer == "bind" and p.rcodes == (0, 0) and all(
        rr[1] == DS and rr[0] not in cuts for rr in apart)


def bind_wants_servers(p):
    return p.peer == "bind" and p.rcodes[1] == dns.rcode.REFUSED and \
        p.theirs == p.before and any(
            rr[1] == NS and rr[0] == p.update.zone and
            compare.name_in(rr[3], NS).is_subdomain(p.update.zone)
            for rr in p.ours | p.before)


def bind_counts_twice(p):
    keys = [(rr.owner, rr.rdtype, rr.rdata) for rr in p.update.prerequisites
            if rr.rdclass == IN]
    return p.peer == "bind" and p.rcodes[1] == dns.rcode.NXRRSET and \
        p.theirs == p.before and len(keys) != len(set(keys))


def knot_refuses_dname(p):
    return p.peer == "knot" and p.rcodes[1] == dns.rcode.REFUSED and \
        p.theirs == p.before and (
            any(rr[1] == DNAME for rr in p.before) or
            any(rr.rdtype == DNAME for rr in p.update.changes))


def dname_at_cut(p):
    """Only DNAME and NS differ (and what Knot leaves of the TTLs), where a
    DNAME was or came."""
    plain = without_ttl if p.peer == "knot" else without_serial
    dnames = {rr[0] for rr in p.before | p.ours | p.theirs if rr[1] == DNAME}
    dnames |= {rr.owner.canonicalize() for rr in p.update.changes
               if rr.rdtype == DNAME}
    return p.rcodes == (0, 0) and all(
        rr[1] == SOA or (rr[0] in dnames and rr[1] in (NS, DNAME))
        or (p.peer == "bind" and rr[1] == DS)  # as bind_drops_ds()
        for rr in plain(p.ours) ^ plain(p.theirs))


def knot_apex_ds(p):
    return p.peer == "knot" and p.rcodes == (0, 0) and all(
        rr[1] == SOA or rr[:2] == (p.update.zone, DS)
        for rr in without_ttl(p.ours) ^ without_ttl(p.theirs))


def bind_fails_halfway(p):
    """The serial is 2^31 away from the one there is."""
    return p.peer == "bind" and p.rcodes[1] == dns.rcode.SERVFAIL and \
        p.theirs == p.before and any(
            rr.rdtype == SOA and rr.owner == p.update.zone
            for rr in p.update.changes)


def knot_lax_form(p):
    return p.peer == "knot" and p.rcodes[0] == dns.rcode.FORMERR and \
        p.ours == p.before


RULES = [
    (form_comes_first, "form and zone are checked before prerequisites",
     "RFC 2136 3.2 has prerequisites first; ours refuses what is malformed "
     "(FORMERR) or out of zone (NOTZONE) before it tells anything about names, "
     "for the reason that permission comes first."),
    (knot_keeps_ttl, "Knot: an RR that is there keeps its TTL",
     "RFC 2136 3.4.2.2: a duplicate is replaced by the RR of the update, and "
     "so its TTL; RFC 2181 5.2: one TTL for an RRset. BIND does so, too."),
    (knot_refuses_dname, "Knot: an update that a DNAME forbids is REFUSED",
     "RFC 2136 3.4.2.2 passes over what may not stand together, and the rest "
     "is done; what is below a DNAME is occluded (RFC 6672 2.4), and may be "
     "there (RFC 2136 7.18). BIND does so, too."),
    (bind_drops_ds, "BIND: a DS without NS is passed over",
     "RFC 2136 3.4.2.2 knows no such exception. (At the apex all pass it over: "
     "RFC 4035 2.4.)"),
    (dname_at_cut, "BIND, Knot: DNAME and NS come to one name",
     "RFC 6672 2.3: they do not stand together but at an apex; ours passes "
     "over the later one. A DNAME that replaces another is lost in Knot; RFC "
     "6672 2.4 lets a name have one, so ours takes the new one, and BIND."),
    (knot_apex_ds, "Knot: a DS may come to the apex",
     "RFC 4035 2.4: a DS must not stand at a zone's apex; ours and BIND pass "
     "it over."),
    (knot_lax_form, "Knot: what RFC 2136 calls a format error is done",
     "RFC 2136 2.5.2, 2.5.3, 3.4.1: class ANY and NONE have TTL 0; FORMERR, "
     "as of BIND."),
    (bind_fails_halfway, "BIND: a serial 2^31 away is SERVFAIL",
     "RFC 1982 3.2 leaves it undefined which of the two is less; RFC 2136 "
     "3.4.2.2 ignores an SOA that is not greater, and ours takes it for that."),
    (bind_wants_servers, "BIND: apex NS in the zone must have addresses",
     "RFC 2136 3.4.2 knows no such exception; Knot does as we do."),
    (bind_counts_twice, "BIND: an RR given twice in a prerequisite fails it",
     "RFC 2136 3.2.5 collects a set, and RFC 2181 5 has no RR twice in one. "
     "Knot does as we do."),
]


class Updater:
    def __init__(self, rng, folder):
        self.rng = rng
        self.world = World(rng, 12, [(f"u{number}.test.", False)
                                     for number in range(ZONES)])
        self.placed = peers.placed(self.world.zones)
        self.peers = [kind(folder, self.world.zones, updates=True)
                      for kind in (peers.Knot, peers.Bind)]
        self.clients = {}
        self.rules, self.count = collections.Counter(), collections.Counter()
        self.problems, self.lost = [], []

    def __enter__(self):
        try:
            self.placed.start()
            for peer in self.peers:
                peer.start()
        except BaseException:
            self.__exit__()
            raise
        self.clients = {s.name: ask.Client(s.name, s.port, ask.WAIT)
                        for s in self.peers}
        self.clients["placed"] = ask.Client("placed", self.placed.port,
                                            ask.WAIT)
        return self

    def __exit__(self, *_):
        for client in self.clients.values():
            client.close()
        for peer in self.peers:
            peer.remove()
        self.placed.close()

    def send(self, name, update):
        wire = update.wire()
        mac = wire[-38:-6]  # SHA-256, before ID, error and other data
        reply = self.clients[name].ask_tcp(wire)
        try:
            return dns.message.from_wire(reply, keyring=peers.KEYRING,
                                         request_mac=mac).rcode()
        except dns.exception.DNSException as problem:
            self.problems.append(f"{update}\n{name}: {problem!r}")
            return None

    def dump(self, name, apex):
        if name == "placed":
            done = self.placed.ctl("dump", str(apex))
            if done.returncode != 0:
                raise AssertionError(done.stderr)
            return content(dns.zone.from_text(
                done.stdout, apex, relativize=False, check_origin=False))
        port = self.clients[name].address[1]
        zone = dns.zone.Zone(apex, relativize=False)
        dns.query.inbound_xfr("127.0.0.1", zone, port=port, lifetime=20)
        return content(zone)

    def zone(self, number, count):
        """`count` updates of one zone; fewer if all peers have parted."""
        zone = self.world.zones[number]
        maker = Maker(self.rng, self.world, zone)
        together = [peer.name for peer in self.peers]
        before, state = self.dump("placed", zone.apex)
        for _ in range(count):
            if not together:
                break
            update = maker.make(state)
            rcode = self.send("placed", update)
            after, state = self.dump("placed", zone.apex)
            self.count["updates"] += 1
            self.count[dns.rcode.to_text(rcode or 0)] += 1
            for name in list(together):
                try:
                    theirs = self.send(name, update)
                    there = self.dump(name, zone.apex)[0]
                except (OSError, dns.exception.DNSException):
                    self.lose(name, update)
                    together.remove(name)
                    continue
                parting = Parting(name, update, before, after, there,
                                  (rcode, theirs))
                if not self.agrees(parting):
                    together.remove(name)
            for name in together:
                self.look(name, update)
            before = after

    def look(self, name, update):
        """The next question sees the change: asked of what was touched."""
        for rr in update.changes:
            asked = ask.Question(
                rr.owner, dns.rdatatype.to_text(rr.rdtype), False, False, 1232,
                False, self.rng.randrange(65536))
            if rr.rdtype in (dns.rdatatype.AXFR, dns.rdatatype.ANY):
                continue
            ours, theirs = (self.clients[who].ask(asked)
                            for who in ("placed", name))
            led_away = {dns.rdatatype.CNAME, DNAME} & {
                got[1] for got in ours.answer | theirs.answer}
            if led_away or ours.tc or theirs.tc:
                continue  # into zones where they may have parted
            self.count["questions after updates"] += 1
            if compare.Core(ours).differs(compare.Core(theirs)):
                self.problems.append(f"{update}\n{asked}: {name} differs\n"
                                     f"{ours}\n{theirs}")

    def lose(self, name, update):
        """Knot ends over an SOA below the apex: anew, for the next zone."""
        peer = next(peer for peer in self.peers if peer.name == name)
        peer.again()
        self.clients[name].close()
        self.clients[name] = ask.Client(name, peer.port, ask.WAIT)
        self.rules[f"{name} does not answer any more"] += 1
        self.lost.append(f"{name} after {update}\n{peer.log()[-400:]}")

    def agrees(self, parting):
        """True if that peer goes on with us."""
        same = parting.ours == parting.theirs
        if same and parting.rcodes[0] == parting.rcodes[1]:
            return True
        rule = next((rule for rule in RULES if rule[0](parting)), None)
        if rule is None:
            log = next(peer.log() for peer in self.peers
                       if peer.name == parting.peer)
            self.problems.append(f"{parting}\n  {log[-400:]}")
        else:
            self.rules[rule[1]] += 1
        return same
