"""placed beside NSD, Knot and BIND: random zones, the same random questions
and updates, equal answers (tests/diff/differ.py -t says where not, and why).

PLACED_DIFF_SEED asks something else; `make diff N=100000` asks for long.
"""
import os
import sys
import unittest

import tap

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "diff"))

import differ
import peers

SEED = int(os.environ.get("PLACED_DIFF_SEED", "1"))
QUESTIONS, UPDATES = 3000, 150


class DiffTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = cls.why = None
        try:
            cls.folder = peers.fetch()
        except peers.Unavailable as problem:
            cls.why = f"no peers: {problem}"

    def setUp(self):
        if self.folder is None:
            self.skipTest(self.why)
        self.lines = [f"seed {SEED}"]
        self.run_of = differ.Run(SEED, self.folder, self.lines.append)

    def judge(self):
        self.run_of.report()
        print("\n".join(self.lines), file=sys.stderr)
        self.assertEqual(self.run_of.problems, [])

    def test_questions_are_answered_as_nsd_knot_and_bind_do(self):
        self.run_of.questions(QUESTIONS)
        self.assertGreaterEqual(self.run_of.count["questions"], QUESTIONS)
        self.judge()

    def test_updates_do_what_they_do_to_knot_and_bind(self):
        self.run_of.updates(UPDATES)
        self.assertGreaterEqual(self.run_of.count["updates"], UPDATES)
        self.judge()


if __name__ == "__main__":
    tap.main()
