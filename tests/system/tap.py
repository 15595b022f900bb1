"""unittest cases as TAP on stdout, for automake's driver."""
import re
import sys
import unittest


def sentence(test):
    """test_a_name_reads_so in AnswerTest: 'answer: a name reads so'."""
    group = re.sub(r"Test$", "", type(test).__name__)
    group = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", group).lower()
    name = getattr(test, "_testMethodName", str(test))
    return f"{group}: {name.removeprefix('test_').replace('_', ' ')}"


class Result(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.number = 0

    def line(self, verdict, test, note="", text=""):
        self.number += 1
        print(f"{verdict} {self.number} - {sentence(test)}{note}")
        for row in text.splitlines():
            print("#", row)
        sys.stdout.flush()

    def addSuccess(self, test):
        self.line("ok", test)

    def addSkip(self, test, reason):
        self.line("ok", test, f" # SKIP {reason}")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.line("not ok", test, text=self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self.line("not ok", test, text=self.errors[-1][1])

    def addSubTest(self, test, subtest, err):
        if err:
            super().addSubTest(test, subtest, err)
            where = self._exc_info_to_string(err, test)
            self.line("not ok", test, f" ({subtest._subDescription()})", where)


def main():
    module = sys.modules["__main__"]
    loader = unittest.defaultTestLoader
    if len(sys.argv) > 1:
        suite = loader.loadTestsFromNames(sys.argv[1:], module)
    else:
        suite = loader.loadTestsFromModule(module)
    result = Result()
    suite.run(result)
    print(f"1..{result.number}")
    sys.exit(0 if result.wasSuccessful() else 1)
