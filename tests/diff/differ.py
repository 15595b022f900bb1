"""Asks placed and its peers the same, and tells where they differ.

    differ.py [-s SEED] [-n QUESTIONS] [-u UPDATES]     exit status 1: they do
    differ.py -t                                        the rules, as a table

`make diff N=100000 SEED=7` does so for long; tests/system/test_diff.py, in
`make check`, for a few seconds. The same seed asks the same.
"""
import argparse
import collections
import random
import sys
import textwrap

import ask
import compare
import peers
import updates
from worlds import HIDING, World


class Differ:
    """One world, and the servers that hold it."""

    def __init__(self, rng, folder):
        self.rng, self.world = rng, World(rng)
        visible = [zone for zone in self.world.zones
                   if not zone.apex.is_subdomain(HIDING)]
        self.rules, self.count = collections.Counter(), collections.Counter()
        self.problems, self.before = [], []
        self.placed = peers.placed(self.world.zones)
        self.peers = [peers.Nsd(folder, visible), peers.Knot(folder, visible),
                      peers.Bind(folder, self.world.zones)]
        self.clients = []

    def __enter__(self):
        try:
            self.placed.start()
            for peer in self.peers:
                peer.start()
        except BaseException:
            self.__exit__()
            raise
        self.ours = ask.Client("placed", self.placed.port, ask.WAIT)
        self.clients = [ask.Client(peer.name, peer.port)
                        for peer in self.peers]
        return self

    def __exit__(self, *_):
        for client in self.clients + ([self.ours] if self.clients else []):
            client.close()
        for peer in self.peers:
            peer.remove()
        self.placed.close()

    def problem(self, asked, text, *replies):
        self.problems.append("\n".join([f"{asked}: {text}",
                                        *(str(r) for r in replies)]))

    def choose(self):
        """A new question, or one that was asked before, in another way."""
        rng = self.rng
        asked = ask.question(rng, self.world)
        if self.before and rng.random() < .2:
            old = rng.choice(self.before)
            asked.name, asked.rdtype = old.name, old.rdtype
            if rng.random() < .5:
                asked.name = ask.spell_at_random(rng, old.name)
        self.before.append(asked)
        return asked

    def ask_peer(self, asked, full, ours):
        """What a peer answers, as (name, core): the core is None if it cannot
        be compared."""
        for number, client in enumerate(self.clients):
            if client.name != "bind" and asked.name.is_subdomain(HIDING):
                continue
            try:
                theirs = client.ask(asked)
                core = compare.whole(client, self.world, full)
            except ask.NoReply:
                self.rules[f"{client.name} does not answer; restarted"] += 1
                self.peers[number].again()
                client.close()
                self.clients[number] = ask.Client(client.name,
                                                  self.peers[number].port)
                continue
            if theirs.edns != ours.edns or (theirs.flags ^ ours.flags) & 0xf170:
                self.problem(asked, f"EDNS or flags of {client.name}", ours,
                             theirs)
            if core is not None:
                yield client.name, core

    def question(self):
        asked = self.choose()
        full = asked if asked.tcp else asked.by_tcp()
        ours, all_of_it = self.ours.ask(asked), None
        if ours.problems:
            self.problem(asked, f"our reply {ours.problems}", ours)
            return
        all_of_it = ours if asked.tcp else self.ours.ask(full)
        own = compare.truncation_problems(ours, all_of_it, asked) + \
            compare.additional_problems(self.world, self.ours, all_of_it)
        if own:
            self.problem(asked, f"our reply {own}", ours, all_of_it)
        self.count["questions"] += 1
        cores = dict(self.ask_peer(asked, full, ours))
        self.compare(full, compare.Core(all_of_it), cores, all_of_it)

    def compare(self, asked, ours, cores, reply):
        agree = {name for name, core in cores.items()
                 if not ours.differs(core)}
        for name, theirs in cores.items():
            self.count[f"compared with {name}"] += 1
            case = compare.Case(self.world, asked, ours, theirs, name, agree)
            if case.fields:
                rule = compare.explain(case)
                if rule is not None:
                    self.rules[rule[1]] += 1
                    continue
                self.problem(asked, f"{name} differs in {case.fields}", reply,
                             self.client(name).ask(asked))
            elif compare.glue(ours) != compare.glue(theirs):
                if compare.glue_is_wildcard(self.world, name, ours, theirs):
                    self.rules[compare.WILDCARD_GLUE[1]] += 1
                    continue
                self.problem(asked, f"glue of {name} differs", reply,
                             self.client(name).ask(asked))

    def client(self, name):
        return next(c for c in self.clients if c.name == name)


# --- runs ------------------------------------------------------------------

QUESTIONS_A_WORLD = 2000
UPDATES_A_ZONE = 25

# What is so by design; the comparison allows for it or checks it exactly.
INTENDED = [
    ("a chain goes on in another zone served here",
     "RFC 1034 4.3.2 step 3(a): 'go back to step 1'. NSD and Knot answer from "
     "one zone alone, BIND unless it recurses; the test asks them on, and what "
     "they say together must be equal."),
    ("additional data",
     "RFC 1034 4.3.2 step 6 leaves it open but for a referral's glue, which "
     "must be equal. Ours: addresses for NS, MX, SRV, SVCB and HTTPS, from any "
     "zone served here, and what RFC 6763 12.1 names for PTR: SRV, TXT and "
     "their addresses. The test makes the same from single questions; it must "
     "be equal."),
    ("truncation",
     "RFC 2181 9: TC where required data is left out. Sizes differ by "
     "compression, so all is compared by TCP; of ours the test checks that TC "
     "is set exactly when the whole does not fit, that RRsets are whole and "
     "glue is there (RFC 9471)."),
    ("a question for CNAME below a DNAME ends with the CNAME that was made",
     "RFC 6672 3.2 step 3(c) goes on; none of the four does."),
    ("permission comes before prerequisites",
     "RFC 2136 3.2 comes before 3.3, an oracle for who may change nothing; "
     "ours is REFUSED first (tests/system/test_update.py)."),
]


def table():
    """All rules, for -t and for who wonders."""
    rules = [(title, text) for _, title, text in
             compare.RULES + [compare.WILDCARD_GLUE] + updates.RULES]
    return "\n".join(
        textwrap.fill(title, 78) + "\n" +
        textwrap.indent(textwrap.fill(text, 74), "    ")
        for title, text in INTENDED + rules)


class Run:
    """Worlds, one after the other, until all is asked."""

    def __init__(self, seed, folder, show=print):
        self.rng, self.folder, self.show = random.Random(seed), folder, show
        self.count, self.rules = collections.Counter(), collections.Counter()
        self.problems = []

    def add(self, done):
        self.count += done.count
        self.rules += done.rules
        self.problems += done.problems
        for problem in done.problems:
            self.show(f"DIFFERS {problem}\n")

    def questions(self, count):
        while count > 0:
            world = random.Random(self.rng.random())
            with Differ(world, self.folder) as differ:
                for _ in range(min(count, QUESTIONS_A_WORLD)):
                    differ.question()
            self.add(differ)
            count -= QUESTIONS_A_WORLD

    def updates(self, count):
        while count > 0:
            world = random.Random(self.rng.random())
            with updates.Updater(world, self.folder) as updater:
                for number in range(updates.ZONES):
                    left = count - updater.count["updates"]
                    updater.zone(number, min(left, UPDATES_A_ZONE))
            self.add(updater)
            count -= updater.count["updates"]

    def report(self):
        for what, number in sorted(self.count.items()):
            self.show(f"{number:8} {what}")
        self.show("where we differ, and why (differ.py -t says more):")
        for what, number in self.rules.most_common():
            self.show(f"{number:8} {what}")
        self.show(f"{len(self.problems)} unexplained")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("-s", "--seed", type=int, default=1)
    parser.add_argument("-n", "--questions", type=int, default=10000)
    parser.add_argument("-u", "--updates", type=int, default=1000)
    parser.add_argument("-t", "--table", action="store_true")
    options = parser.parse_args()
    if options.table:
        print(table())
        return 0
    print(f"seed {options.seed}")
    run = Run(options.seed, peers.fetch())
    run.questions(options.questions)
    run.updates(options.updates)
    run.report()
    return int(bool(run.problems))


if __name__ == "__main__":
    sys.exit(main())
