"""regress/system/WATCH.md and ETCD.md: every pitfall has a row, and every test that
is named is there."""

import os
import re

from harness import TOP, equal, read

REGRESS = os.path.join(TOP, "regress")
TABLES = {"WATCH.md": 33, "ETCD.md": 32}


def rows(name):
    return re.findall(r"(?m)^\| (\d+) \| (.+?) \| (.+) \|$",
                      read(os.path.join(REGRESS, "system", name)))


def test_every_number_has_a_row():
    for name, count in TABLES.items():
        equal([int(number) for number, _, _ in rows(name)], list(range(1, count + 1)),
              f"numbers of {name}")
        for number, _, tests in rows(name):
            assert "`" in tests, \
                f"{name}, item {number}: neither a test nor one for why it does not apply"


def test_every_test_is_there():
    missing = []
    for name in TABLES:
        for number, _, tests in rows(name):
            for group, file, function in re.findall(r"`(\w+)/(\w+):(\w+)`", tests):
                path = f"system/test_{file}.py" if group == "system" else f"{group}/{file}.c"
                start = rf"def {function}\(" if group == "system" else rf"{function}\(void \*\*"
                path = os.path.join(REGRESS, path)
                if not os.path.exists(path) or not re.search(rf"(?m)^{start}", read(path)):
                    missing.append(f"{name}, {number}: {group}/{file}:{function}")
    equal(missing, [], "tests that are not there")
