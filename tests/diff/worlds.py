"""Random zones: what a server may be asked to hold, and every hazard in it.

    world = World(random.Random(1))
    for zone in world.zones:            # zone.apex, zone.text(), zone.names
        ...

A world has zones nested in one another, with and without a cut in the one
above; in them wildcards, empty non-terminals, cuts with glue, without, and
with names hidden beneath, DNAMEs, CNAMEs in chains and loops, names that differ
in case alone, and labels with any octet. The same random generator makes the
same world.
"""
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

IN = dns.rdataclass.IN
LABELS = [b"a", b"b", b"c", b"A", b"lamp", b"Lamp", b"_tcp", b"_http", b"ns",
          b"*", b"*", b"x y", b"a.b", b"\\", b"\x00", b"\xff\xfe", b"@", b"\"",
          b";", b"$", b"(", b"0", b"-", b"**", b"*a", b"z" * 63]
PLAIN = [b"a", b"b", b"c", b"lamp", b"ns", b"www", b"x", b"y"]
OUTSIDE = [dns.name.from_text(text) for text in (
    "elsewhere.example.", "test.", "ns.isp.example.", ".", "atest.")]

# Apexes, and whether the zone above cuts there.
APEXES = [("a.test.", False), ("b.test.", False), ("c.b.test.", True),
          ("d.c.b.test.", False), ("e.x.b.test.", True), ("f.test.", False),
          ("y.a.test.", False), ("g.test.", False), ("n.g.test.", False)]
# Here data may stand below DNAMEs. Only BIND loads that; for NSD it must not
# even come from another zone.
HIDING = dns.name.from_text("g.test.")


def spell(name):
    """As text, with \\DDD for whatever a parser may take amiss."""
    labels = name.labels[:-1]
    return "".join("".join(
        chr(octet) if chr(octet).isalnum() and octet < 128
        or octet in b"-_*" else f"\\{octet:03}" for octet in label) + "."
        for label in labels) or "."


def value(rng, rdtype, target):
    """Rdata as text, and often the same for two callers: sets collide."""
    number = rng.randrange(8)
    return {
        "A": lambda: f"192.0.2.{number}",
        "AAAA": lambda: f"2001:db8::{number}",
        "TXT": lambda: " ".join(
            ['"v=%d"' % number] + ['"%s"' % ("t" * rng.choice((3, 200)))]
            * rng.choice((0, 0, 0, 1, 3))),
        "MX": lambda: f"{number} {target}",
        "SRV": lambda: f"{number} 1 80 {target}",
        "PTR": lambda: f"{target}",
        "NS": lambda: f"{target}",
        "CNAME": lambda: f"{target}",
        "DNAME": lambda: f"{target}",
        "DS": lambda: f"{number} 13 2 " + "%064x" % number,
        "LOC": lambda: "52 12 %d.000 N 0 7 30.000 E 12.00m 1m 10m 2m" % number,
        "HINFO": lambda: f'"cpu {number}" "os"',
        "CAA": lambda: f'0 issue "ca{number}.example"',
        "NAPTR": lambda: f'{number} 1 "s" "SIP" "" {target}',
        "HTTPS": lambda: f"{number + 1} {target}",
        "SVCB": lambda: f"{number + 1} {target} port=53",
        "EUI48": lambda: f"00-00-5e-00-53-0{number}",
        "TYPE65280": lambda: "\\# 3 0a0b0%d" % number,
    }[rdtype]()


ORDINARY = ["A", "A", "A", "AAAA", "AAAA", "TXT", "TXT", "MX", "SRV", "PTR",
            "LOC", "HINFO", "CAA", "NAPTR", "HTTPS", "SVCB", "EUI48",
            "TYPE65280"]
ASKED = ORDINARY + ["NS", "SOA", "CNAME", "DNAME", "DS", "DS", "ANY"]
SINGLE = {"CNAME", "DNAME", "SOA"}


class Zone:
    """sets: owner, in its lower-case form -> type -> (TTL, rdata texts)."""

    def __init__(self, rng, apex, own_server=True):
        self.apex = dns.name.from_text(apex)
        self.sets = {}
        self.spelt = {}
        minimum = rng.choice((5, 60, 900))
        # BIND wants its apex NS to be within reach: not below a DNAME.
        self.apex_dname = rng.random() < .12
        self.put(self.apex, "SOA", rng.choice((30, 300)),
                 f"ns.isp.example. host.test. {rng.randrange(1, 9)} 3600 600 "
                 f"604800 {minimum}")
        self.put(self.apex, "NS", 300, "ns.isp.example.")
        if own_server and not self.apex_dname:
            target = dns.name.from_text("ns1", self.apex)
            self.put(self.apex, "NS", 300, spell(target))
            self.put(target, "A", 300, "192.0.2.53")

    def put(self, owner, rdtype, ttl, text):
        """Adds an RR if it may stand beside what is there."""
        key = owner.canonicalize()
        types = self.sets.get(key, {})
        others = set(types) - {rdtype}
        if "CNAME" in others or (rdtype == "CNAME" and others):
            return False
        if {"NS", "DNAME"} <= others | {rdtype} and owner != self.apex:
            return False
        if rdtype in SINGLE and rdtype in types:
            return False
        if owner == self.apex and rdtype == "DNAME" and not self.apex_dname:
            return False
        if key.labels[0] == b"*" and rdtype in ("NS", "DNAME", "DS"):
            return False  # undefined: RFC 4592 sections 4.2, 4.4 and 4.5
        self.sets.setdefault(key, types)
        self.spelt.setdefault(key, owner)
        old = types.get(rdtype, (ttl, []))
        made = dns.rdata.from_text(IN, rdtype, text, dns.name.root)
        if all(made != dns.rdata.from_text(IN, rdtype, had, dns.name.root)
               for had in old[1]):
            old[1].append(text)
        types[rdtype] = old
        return True

    def text(self):
        """The SOA first; then each DS, for BIND takes a name that the NS just
        read point to for glue of the owner before, and its DS for theirs."""
        sets = [(owner, rdtype) for owner, types in self.sets.items()
                for rdtype in types]
        sets.sort(key=lambda s: (s[1] != "SOA", s[1] != "DS"))
        lines = []
        for owner, rdtype in sets:
            ttl, texts = self.sets[owner][rdtype]
            lines += [f"{spell(self.spelt[owner])} {ttl} IN {rdtype} {text}"
                      for text in texts]
        return "\n".join(lines) + "\n"

    def holds(self, name):
        return name.is_subdomain(self.apex)

    def dname_above(self, name):
        """The owner of the DNAME next above the name, or None."""
        while name != self.apex and name.is_subdomain(self.apex):
            name = name.parent()
            if "DNAME" in self.sets.get(name.canonicalize(), {}):
                return name.canonicalize()
        return None

    def below_dname(self, name):
        return self.dname_above(name) is not None

    def drop_dname_at(self, owner):
        types = self.sets.get(owner, {})
        types.pop("DNAME", None)
        if not types and owner in self.sets:
            del self.sets[owner], self.spelt[owner]

    def drop_dnames_above(self, name):
        while (owner := self.dname_above(name)) is not None:
            self.drop_dname_at(owner)


def join(labels, suffix):
    """None if the name would be too long."""
    try:
        return dns.name.Name(labels).concatenate(suffix)
    except dns.name.NameTooLong:
        return None


class World:
    def __init__(self, rng, size=45, apexes=None):
        self.rng = rng
        self.zones = [Zone(rng, apex, apexes is None)
                      for apex, _ in apexes or APEXES]
        for zone, (_, cut) in zip(self.zones, apexes or APEXES):
            if cut:
                self.cut(self.zone_of(zone.apex.parent()), zone.apex)
        for zone in self.zones:
            for _ in range(size):
                self.grow(zone)
        self.uncover()

    def zone_of(self, name):
        """The deepest zone that holds the name, or None."""
        holders = [zone for zone in self.zones if zone.holds(name)]
        return max(holders, key=lambda z: len(z.apex.labels), default=None)

    def name(self, zone):
        """Beside or below what is there, or new."""
        rng, suffix = self.rng, zone.apex
        if rng.random() < .6:
            suffix = rng.choice(list(zone.spelt.values()))
        labels = [rng.choice(rng.choice((LABELS, PLAIN)))
                  for _ in range(rng.choice((0, 1, 1, 1, 2, 3)))]
        return join(labels, suffix) or zone.apex

    def target(self, zone):
        rng = self.rng
        roll = rng.random()
        if roll < .1:
            return rng.choice(OUTSIDE)
        if roll < .25:
            zone = rng.choice(self.zones)
        if roll < .8:
            return rng.choice(list(zone.spelt.values()))
        return self.name(zone)

    def cut(self, zone, owner):
        """A delegation: its servers inside it, beside it, or elsewhere."""
        rng = self.rng
        for _ in range(rng.choice((1, 1, 2, 3))):
            roll = rng.random()
            if roll < .5:
                host = join([rng.choice(PLAIN)], owner) or owner
            elif roll < .7:
                host = join([rng.choice(PLAIN)], zone.apex)
            else:
                host = self.target(zone)
            zone.put(owner, "NS", 200, spell(host))
            if zone.holds(host) and rng.random() < .7:
                self.glue(zone, host)
        if rng.random() < .4:
            zone.put(owner, "DS", 200, value(rng, "DS", ""))
        if rng.random() < .4:  # hidden by the cut
            hidden = join([rng.choice(PLAIN)], owner)
            if hidden is not None:
                zone.put(hidden, "TXT", 200, '"hidden"')

    def glue(self, zone, host):
        for rdtype in self.rng.choice((["A"], ["AAAA"], ["A", "AAAA"])):
            zone.put(host, rdtype, 200, value(self.rng, rdtype, ""))

    def grow(self, zone):
        rng = self.rng
        owner, roll = self.name(zone), rng.random()
        target = spell(self.target(zone))
        if roll < .10 and owner != zone.apex:
            self.cut(zone, owner)
        elif roll < .17:
            zone.put(owner, "DNAME", rng.choice((0, 60, 300)), target)
        elif roll < .33:
            zone.put(owner, "CNAME", rng.choice((0, 60, 300)), target)
        else:
            rdtype = rng.choice(ORDINARY)
            for _ in range(rng.choice((1, 1, 1, 2, 5))):
                zone.put(owner, rdtype, rng.choice((0, 60, 300, 86400)),
                         value(rng, rdtype, target))

    def uncover(self):
        """Away with what stands below a DNAME, and with a DNAME that covers
        a zone."""
        zones = [z for z in self.zones if not z.apex.is_subdomain(HIDING)]
        for zone in zones:
            for above in zones:
                if above is not zone:
                    above.drop_dname_at(zone.apex.canonicalize())
                above.drop_dnames_above(zone.apex)
        for zone in zones:
            for key in list(zone.sets):
                if any(above.below_dname(key) for above in zones):
                    del zone.sets[key], zone.spelt[key]
