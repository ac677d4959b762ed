"""WATCH.md, ETCD.md and FIELD.md: every item has a row, and every test that is named
is there."""

import os
import re

from harness import TOP, equal, read

REGRESS = os.path.join(TOP, "regress")
TABLES = {"system/WATCH.md": range(1, 34), "system/ETCD.md": range(1, 33),
          "FIELD.md": [*range(1, 10), *range(21, 39), *range(67, 73)]}


def rows(name):
    return re.findall(r"(?m)^\| (\d+) \| (.+?) \| (.+) \|$", read(os.path.join(REGRESS, name)))


def named(text):
    """[(as it is named, the file, how the function begins)]"""
    found = []
    for group, file, function in re.findall(r"`(\w+)/(\w+):(\w+)`", text):
        path = f"system/test_{file}.py" if group == "system" else f"{group}/{file}.c"
        start = rf"def {function}\(" if group == "system" else rf"{function}\(void \*\*"
        found.append((f"{group}/{file}:{function}", os.path.join(REGRESS, path), start))
    return found


def source(path, start):
    """A function with the comment above it, or None."""
    text = read(path) if os.path.exists(path) else ""
    place = re.search(rf"(?m)^{start}", text)
    if not place:
        return None
    above = text[:place.start()].rpartition("\n}\n")[2] if path.endswith(".c") else ""
    return above + re.split(r"\n}\n|\n\n\n", text[place.start():])[0]


def test_every_number_has_a_row():
    for name, numbers in TABLES.items():
        equal([int(number) for number, _, _ in rows(name)], list(numbers), f"numbers of {name}")
        for number, _, tests in rows(name):
            assert "`" in tests, \
                f"{name}, item {number}: neither a test nor one for why it does not apply"


def test_every_test_is_there():
    missing = []
    for name in TABLES:
        table = "\n".join(re.findall(r"(?m)^\|.*", read(os.path.join(REGRESS, name))))
        missing += [f"{name}: {test}" for test, path, start in named(table)
                    if source(path, start) is None]
    equal(missing, [], "tests that are not there")


def test_complaints_are_named():
    """By one of the tests that are to prove that it is none here."""
    missing = []
    for number, _, tests in rows("FIELD.md"):
        lists = [found for _, path, start in named(tests)
                 for found in re.findall(r"FIELD\.md,? ([\d, ]+)", source(path, start) or "")]
        if number not in re.findall(r"\d+", " ".join(lists)):
            missing.append(number)
    equal(missing, [], "complaints that no test names")
