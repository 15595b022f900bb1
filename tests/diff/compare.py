"""Is what placed answers what it must, and what the others answer?

The core of a reply, which is rcode, AA, answer and authority, must be equal.
Where it is not, RULES must say why, and which sentence we follow. The
additional section is compared where it is part of the protocol (the glue of a
referral) and otherwise with the policy of server/answer.c.
"""
import struct

import dns.flags
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from ask import Question, rdata_key
from worlds import HIDING

CHAIN = 11  # server/query.h, QUERY_CHAIN_MAX
CORE = ("rcode", "aa", "answer", "authority")
A, AAAA, NS, CNAME, SOA, PTR, MX, TXT, SRV, DNAME, DS, ANY, SVCB, HTTPS = (
    dns.rdatatype.from_text(t) for t in (
        "A", "AAAA", "NS", "CNAME", "SOA", "PTR", "MX", "TXT", "SRV", "DNAME",
        "DS", "ANY", "SVCB", "HTTPS"))


class Core:
    """What is compared, of one reply or of several put together."""

    def __init__(self, reply, answer=None):
        self.rcode, self.aa = reply.rcode, reply.aa
        self.answer = reply.answer if answer is None else answer
        self.authority = reply.authority
        self.additional = reply.additional

    def differs(self, other):
        return {field for field in CORE
                if getattr(self, field) != getattr(other, field)}


def name_in(key, rdtype):
    """The name in an rdata's wire form: where it points to."""
    at = {MX: 2, SRV: 6, SVCB: 2, HTTPS: 2}.get(rdtype, 0)
    return dns.name.from_wire(key, at)[0]


def zone_for(world, name, rdtype):
    """The zone that a question belongs to (DS: RFC 4035 section 3.1.4.1)."""
    zone = world.zone_of(name)
    if zone is not None and rdtype == DS and name == zone.apex:
        zone = world.zone_of(name.parent()) or zone
    return zone


def chain(answer, rdtype, start):
    """(name, RRs that lead from it, where to) for each step of a chain."""
    cnames = {rr[0]: rr for rr in answer if rr[1] == CNAME}
    dnames = {rr[0]: rr for rr in answer if rr[1] == DNAME}
    name, seen = start.canonicalize(), set()
    while name in cnames and name not in seen and rdtype != CNAME:
        seen.add(name)
        target = name_in(cnames[name][3], CNAME)
        made = [rr for owner, rr in dnames.items()
                if name.is_subdomain(owner) and name != owner]
        if not made and rdtype == ANY:
            return
        yield name, {cnames[name], *made}, target
        name = target


def whole(client, world, asked, hops=0, seen=()):
    """A peer's reply, gone on with where its chain leaves the zone: all three
    answer from one zone alone, and RFC 1034 4.3.2 begins anew with each name.
    None: the chain enters what this peer does not serve."""
    if client.name != "bind" and asked.name.is_subdomain(HIDING):
        return None
    reply = client.ask(asked)
    if reply.message is None or not reply.aa:
        return Core(reply)
    zone, kept = zone_for(world, asked.name, asked.rdtype), set()
    seen = {*seen, asked.name.canonicalize()}
    for _, rrs, target in chain(reply.answer, asked.rdtype, asked.name):
        kept |= rrs
        hops += 1
        there = zone_for(world, target, asked.rdtype)
        if there is zone and target not in seen and hops < CHAIN:
            seen.add(target)
            continue
        made = Core(reply, kept)
        made.authority, made.additional, made.rcode = set(), set(), 0
        if there is None or target in seen or hops >= CHAIN:
            return made
        rest = whole(client, world,
                     Question(target, dns.rdatatype.to_text(asked.rdtype),
                              asked.tcp, asked.rd, asked.payload,
                              asked.dnssec_ok, asked.ident), hops, seen)
        if rest is None:
            return None
        made.answer = kept | rest.answer
        made.authority, made.additional = rest.authority, rest.additional
        made.rcode = rest.rcode
        return made
    return Core(reply)


# --- additional data -------------------------------------------------------

def sets_of(section):
    """(owner, type) -> RRs."""
    sets = {}
    for rr in section:
        sets.setdefault(rr[:2], set()).add(rr)
    return sets


def cut_of(core):
    return next((rr[0] for rr in core.authority if rr[1] == NS), None)


def glue(core):
    """RRs of the additional section that a referral cannot do without."""
    cut = cut_of(core)
    hosts = {name_in(rr[3], NS) for rr in core.authority if rr[1] == NS}
    return {rr for rr in core.additional if cut is not None
            and rr[0] in hosts and rr[0].is_subdomain(cut)
            and rr[1] in (A, AAAA)}


def targets(owner, rdtype, key):
    """Which (name, type) belong beside an RR."""
    if rdtype in (NS, MX, SRV, SVCB, HTTPS):
        name = name_in(key, rdtype)
        if name == dns.name.root:
            name = owner
        return [(name, A), (name, AAAA)]
    if rdtype == PTR and owner.labels[0][:1] == b"_":
        return [(name_in(key, PTR), SRV), (name_in(key, PTR), TXT)]
    return []


def policy(world, client, core):
    """The additional section as we want it, from zones and single answers."""
    want, cut = {}, cut_of(core)
    present = sets_of(core.answer | core.authority)
    zone = cut and max((z for z in world.zones if cut.is_subdomain(z.apex)
                        and z.apex != cut), key=lambda z: len(z.apex.labels))
    if cut:
        for rr in core.authority:
            host = name_in(rr[3], NS)
            for text in ("A", "AAAA"):
                have = zone.sets.get(host, {}).get(text) \
                    if zone.holds(host) else None
                if have:
                    kind = dns.rdatatype.from_text(text)
                    want[host, kind] = {
                        (host, kind, have[0], rdata_key(dns.rdata.from_text(
                            dns.rdataclass.IN, kind, value)))
                        for value in have[1]}
    todo = [rr for rr in core.answer | core.authority]
    while todo:
        for name, kind in targets(todo[0][0], todo[0][1], todo[0][3]):
            if (name, kind) in want or (name, kind) in present \
                    or world.zone_of(name) is None:
                continue
            reply = client.ask(Question(name, dns.rdatatype.to_text(kind),
                                        True, False, None, False, 7))
            direct = {rr for rr in reply.answer if rr[:2] == (name, kind)}
            if direct and reply.aa:
                want[name, kind] = direct
                todo += list(direct)
        del todo[0]
    return set().union(*want.values())


def additional_problems(world, client, full):
    """Of our own reply by TCP, where everything fits."""
    want = policy(world, client, full)
    if full.additional == want:
        return []
    return [f"additional: too much {sorted(full.additional - want)}, "
            f"missing {sorted(want - full.additional)}"]


def truncation_problems(ours, full, asked):
    """Of our own UDP reply, beside what TCP gives."""
    problems, limit = [], asked.limit()
    if ours.tc:
        if len(full.wire) <= limit:
            problems.append("TC, and yet the whole reply would fit")
        if not ours.answer <= full.answer or \
                not ours.authority <= full.authority:
            problems.append("holds what the whole reply does not")
    elif asked.rdtype != ANY:
        if Core(ours).differs(Core(full)):
            problems.append("another answer than by TCP, and no TC")
        if glue(ours) != glue(full):
            problems.append("glue is missing, and no TC (RFC 9471 3.1)")
    sets = sets_of(full.answer | full.authority | full.additional)
    for section in (ours.answer, ours.authority, ours.additional):
        for key, rrs in sets_of(section).items():
            if asked.rdtype != ANY and rrs != sets.get(key):
                problems.append(f"part of an RRset: {key}")
    return problems


# --- where they differ -----------------------------------------------------

class Case:
    """One question, our reply and one peer's; what the other peers say."""

    def __init__(self, world, asked, ours, theirs, peer, agree):
        self.world, self.asked = world, asked
        self.ours, self.theirs, self.peer = ours, theirs, peer
        self.agree = agree  # peers whose core equals ours
        self.fields = ours.differs(theirs)

    def names(self):
        """The name asked for and those that the chain goes through."""
        steps = list(chain(self.ours.answer, self.asked.rdtype,
                           self.asked.name))
        return [self.asked.name] + [step[2] for step in steps]


def any_is_part(case):
    """Whole RRsets of those at the name, and at least one."""
    if case.asked.rdtype != ANY or case.fields - {"answer"}:
        return False
    if not case.ours.answer or not case.theirs.answer:
        return False
    ours, theirs = sets_of(case.ours.answer), sets_of(case.theirs.answer)
    return all(ours.get(key, rrs) == rrs for key, rrs in theirs.items()) and (
        set(ours) <= set(theirs) or set(theirs) <= set(ours)
        or case.peer != "bind")


def is_source(key, name):
    """A wildcard that the name may be made from, or what is below one."""
    return any(label == b"*" and
               name.is_subdomain(dns.name.Name(key.labels[at + 1:]))
               for at, label in enumerate(key.labels))


def strays(case):
    """A zone holds, in the space of another that answers, a name on the way to
    the one that is sought."""
    for name in case.names():
        holders = {zone_for(case.world, name, case.asked.rdtype),
                   case.world.zone_of(name)} - {None}
        for holder in holders:
            way = len(holder.apex.labels) + (name != holder.apex)
            if any(key.is_subdomain(holder.apex)
                   and (name.fullcompare(key)[2] >= way or is_source(key, name))
                   for zone in case.world.zones if zone is not holder
                   for key in zone.sets):
                return True
    return False


def nsd_tree(case):
    return case.peer == "nsd" and case.agree and strays(case)


def bind_synthesized(case):
    return (case.peer == "bind" and case.asked.rdtype == ANY
            and any(rr[1] == DNAME for rr in case.ours.answer)
            and case.theirs.answer <= case.ours.answer)


def chain_never_ends(case):
    endless = any(rr[1] == DNAME and name_in(rr[3], DNAME).is_subdomain(rr[0])
                  for rr in case.ours.answer)
    return (endless and case.theirs.answer <= case.ours.answer
            and case.fields <= {"answer", "rcode"}
            and {case.ours.rcode, case.theirs.rcode} <= {0, dns.rcode.YXDOMAIN})


RULES = [
    (chain_never_ends, "a DNAME that points below itself never ends",
     "RFC 1034 3.6.2 has chains followed, and 5.3.3 has work bounded. Ours is "
     "BIND's bound, 11 steps; Knot stops after 5, NSD after the first."),
    (any_is_part, "ANY: fewer RRsets than there are",
     "RFC 8482 4.1 lets a server answer with a single RRset, or a larger "
     "subset. Ours does over UDP, and gives all by TCP; NSD and Knot do "
     "always, BIND never."),
    (nsd_tree, "NSD: a name in one zone exists in the other too",
     "RFC 1034 4.3.2 step 2 looks for the zone which is the nearest ancestor "
     "to QNAME, and steps 3 to 6 see that one alone; what the zone above holds "
     "there is occluded. NSD keeps one tree of names for all zones. Only where "
     "another peer says what we say."),
    (bind_synthesized, "BIND: a synthesized CNAME ends a question for ANY",
     "RFC 6672 3.2 step 3(c) goes back to step 1 after the substitution, "
     "whatever QTYPE is; Knot and NSD do."),
]


def glue_is_wildcard(world, peer, ours, theirs):
    """All that the peer has more comes from a wildcard below the cut."""
    cut = cut_of(ours)
    zone = cut and max((z for z in world.zones if cut.is_subdomain(z.apex)
                        and z.apex != cut), key=lambda z: len(z.apex.labels))
    return peer in ("nsd", "knot") and glue(ours) <= glue(theirs) and all(
        rr[0] not in zone.sets and any(
            dns.name.Name([b"*"]).concatenate(above) in zone.sets
            for above in ancestors(rr[0], cut))
        for rr in glue(theirs) - glue(ours))


def ancestors(name, top):
    while name != top:
        name = name.parent()
        yield name


WILDCARD_GLUE = (
    glue_is_wildcard, "NSD, Knot: glue is made from a wildcard below the cut",
    "RFC 1034 4.3.2 step 3(b) takes glue RRs, which are there or are not; "
    "wildcards are for step 3(c), where no cut was met. BIND does as we do.")


def explain(case):
    """The rule that explains the difference, or None."""
    return next((rule for rule in RULES if rule[0](case)), None)
