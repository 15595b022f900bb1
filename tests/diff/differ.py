"""Asks placed and its peers the same, and tells where they differ.

    differ.py [-s SEED] [-n QUESTIONS] [-u UPDATES]

`make diff N=100000 SEED=7` does so for long; tests/system/test_diff.py, in
`make check`, for a few seconds. The same seed asks the same.
"""
import collections
import random

import ask
import compare
import peers
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
            peer.close()
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
