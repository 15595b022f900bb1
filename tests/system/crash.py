"""What may be in a zone after a crash, by what was acknowledged before it."""

APEX = "room.example"
HEAD = """\
$ORIGIN {apex}.
$TTL 300
@ SOA ns hostmaster 1 3600 600 604800 60
@ NS ns
ns A 127.0.0.1
"""


class File:
    """A zone file: a number that tells it apart, addresses at the names that
    updates change too, and names of its own."""

    def __init__(self, apex, number, own, shared=()):
        self.shared = frozenset(shared)
        lines = [f'_file TXT "{number}"']
        lines += [f"g{n}.floor A 10.{n >> 16}.{n >> 8 & 255}.{n & 255}"
                  for n in own]
        self.text = HEAD.format(apex=apex) + "\n".join(
            lines + [f"{name} A {address}" for name, address in shared]) + "\n"
        self.lines = frozenset(
            f"{owner}.{apex}. 300 IN {rest}" for owner, rest in
            (line.split(" ", 1) for line in lines)) | {
                f"{apex}. 300 IN NS ns.{apex}.",
                f"ns.{apex}. 300 IN A 127.0.0.1"}


def lines_of_dump(text):
    """The records of a dump, but for the SOA; how many with it; its serial."""
    lines = [line for line in text.splitlines()
             if line and not line.startswith(";")]
    soa = [line for line in lines if " SOA " in line]
    assert len(soa) == 1, text
    return (frozenset(lines) - frozenset(soa), len(lines),
            int(soa[0].split()[6]))


class Import:
    """One that was begun: which updates may have come before it, and whether
    it was acknowledged."""

    def __init__(self, file, replace, first):
        self.file, self.replace, self.first = file, replace, first
        self.last = None
        self.acknowledged = False

    def apply(self, key, state):
        if key in self.file.shared:
            return state or "file"
        if state == "update" and not self.replace:
            return state
        return None


class Room:
    """
    The zone of the test. Of each address at a name that updates change it
    keeps the set of states it may be in: None (not there), "file" or "update",
    by who brought it. An import that runs beside updates is at one point
    among them for each record, but we do not know at which.
    """

    NAMES = [f"{device}.{desk}" for desk in ("desk1", "desk2", "desk3")
             for device in ("lamp", "clock", "phone", "mouse")]
    ADDRESSES = [f"192.0.2.{n}" for n in range(1, 6)]

    def __init__(self, rng):
        self.number = 0
        self.file = self.new_file(rng, 0)
        self.states = {(name, address): frozenset(
            ["file" if (name, address) in self.file.shared else None])
            for name in self.NAMES for address in self.ADDRESSES}
        self.round_begins()

    def new_file(self, rng, own):
        """With some `own` names of its own."""
        self.number += 1
        first = rng.randrange(1000)
        shared = [(name, address) for name in self.NAMES
                  for address in self.ADDRESSES if rng.random() < 0.2]
        return File(APEX, self.number, range(first, first + own), shared)

    def changed_file(self, rng):
        """One that differs from the last by a few names."""
        self.number += 1
        own = {int(line[1:line.index(".")]) for line in self.file.lines
               if line.startswith("g")}
        for _ in range(rng.randint(0, 20)):
            own ^= {rng.randrange(1000)}
        shared = [(name, address) for name in self.NAMES
                  for address in self.ADDRESSES if rng.random() < 0.2]
        return File(APEX, self.number, sorted(own), shared)

    def round_begins(self):
        self.updates = []  # each a dict from key to its new state
        self.acknowledged = 0
        self.imported = None

    def random_update(self, rng, update):
        """Puts two to six changes into update."""
        change = {}
        for _ in range(rng.randint(2, 6)):
            name = rng.choice(self.NAMES)
            address = rng.choice(self.ADDRESSES)
            what = rng.choice(("add", "add", "add", "one", "set", "name"))
            if what == "add":
                update.add(name, 300, "A", address)
                change[name, address] = "update"
            elif what == "one":
                update.delete(name, "A", address)
                change[name, address] = None
            else:
                update.delete(*((name, "A") if what == "set" else (name,)))
                change.update(((name, a), None) for a in self.ADDRESSES)
        self.updates.append(change)

    def update_acknowledged(self):
        self.acknowledged = len(self.updates)

    def import_begins(self, file, replace):
        self.imported = Import(file, replace, self.acknowledged)
        return self.imported

    def import_ended(self, acknowledged):
        self.imported.last = len(self.updates)
        self.imported.acknowledged = acknowledged

    def states_after(self, key, count, imported):
        """What key may be after the first `count` updates."""
        changes = [(n, change[key]) for n, change in
                   enumerate(self.updates[:count]) if key in change]
        if imported is None:
            return frozenset([changes[-1][1]]) if changes else self.states[key]
        states = set()
        last = count if imported.last is None else min(imported.last, count)
        places = {imported.first, last} | {
            n + 1 for n, _ in changes if imported.first <= n < last}
        for place in places:
            before = [state for n, state in changes if n < place]
            after = [state for n, state in changes if n >= place]
            if after:
                states.add(after[-1])
            else:
                states |= {imported.apply(key, state) for state in
                           (before[-1:] or self.states[key])}
        return frozenset(states)

    def explains(self, lines, count, imported):
        """The states, if these lines can be all there is; else None."""
        file = imported.file if imported else self.file
        if not file.lines <= lines:
            return None
        states, there = {}, len(file.lines)
        for key in self.states:
            is_there = f"{key[0]}.{APEX}. 300 IN A {key[1]}" in lines
            there += is_there
            states[key] = frozenset(
                state for state in self.states_after(key, count, imported)
                if (state is not None) == is_there)
            if not states[key]:
                return None
        return states if there == len(lines) else None

    def observe(self, lines):
        """The model goes on from what is there, by all that explains it: who
        brought a record is not seen. False if nothing does."""
        imports = {None, self.imported}
        if self.imported and self.imported.acknowledged:
            imports = {self.imported}
        found = []
        for imported in imports:
            for count in {self.acknowledged, len(self.updates)}:
                states = self.explains(lines, count, imported)
                if states is not None:
                    found.append(states)
                    file = imported.file if imported else self.file
        if not found:
            return False
        self.file = file  # files tell themselves apart
        self.states = {key: frozenset().union(
            *(states[key] for states in found)) for key in self.states}
        self.round_begins()
        return True
