"""regress/system/WATCH.md: every pitfall has a row, and every test that is named
is there."""

import os
import re

from harness import TOP, equal, read

REGRESS = os.path.join(TOP, "regress")


def rows():
    text = read(os.path.join(REGRESS, "system", "WATCH.md"))
    return re.findall(r"(?m)^\| (\d+) \| (.+?) \| (.+) \|$", text)


def test_every_number_has_a_row():
    equal([int(number) for number, _, _ in rows()], list(range(1, 34)), "numbers")
    for number, _, tests in rows():
        assert "`" in tests, f"item {number}: neither a test nor one for why it does not apply"


def test_every_test_is_there():
    missing = []
    for number, _, tests in rows():
        for group, file, function in re.findall(r"`(\w+)/(\w+):(\w+)`", tests):
            path = f"system/test_{file}.py" if group == "system" else f"{group}/{file}.c"
            start = rf"def {function}\(" if group == "system" else rf"{function}\(void \*\*"
            path = os.path.join(REGRESS, path)
            if not os.path.exists(path) or not re.search(rf"(?m)^{start}", read(path)):
                missing.append(f"{number}: {group}/{file}:{function}")
    equal(missing, [], "tests that are not there")
