"""kanata.conf(5) has every key that the grammar knows, in its place, with a type,
a default and an example, and no other."""

import glob
import os
import re
import subprocess

from harness import TOP, Skipped

MANUAL = os.path.join(TOP, "kanata.conf.5")


def tables():
    """{table: [key, ...]} out of the grammar's sources."""
    found = {}
    for path in glob.glob(os.path.join(TOP, "kanatad", "*.c")):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for name, body in re.findall(
                r"static const struct key (\w+)\[\] = \{\n(.*?)\n\};", text, re.S):
            found[name] = re.findall(r'\{ "([^"]+)", KEY_', body)
            assert found[name], f"no key in {name} of {path}"
    assert len(found) >= 10, f"only {sorted(found)}"
    return found


def manual():
    """{table: {key: what is said of it}} out of the manual's lists."""
    found = {}
    with open(MANUAL, encoding="utf-8") as file:
        text = file.read()
    for name, body in re.findall(r'^\.\\" table (\w+)\n\.Bl .*?\n(.*?)^\.El$', text, re.S | re.M):
        items = re.split(r"^\.It ", body, flags=re.M)[1:]
        found[name] = {}
        for item in items:
            head = re.match(r"Ic (\w+) : (.+)\n", item)
            assert head, f"no type in {name}: {item.splitlines()[0]}"
            found[name][head[1]] = item
    return found


def test_every_key():
    said = manual()
    for name, keys in tables().items():
        assert name in said, f"no list for {name}"
        assert sorted(keys) == sorted(said[name]), \
            f"{name}: {sorted(set(keys) ^ set(said[name]))} differ"
    assert sorted(said) == sorted(tables())


def test_every_key_has_default_and_example():
    for name, items in manual().items():
        for key, text in items.items():
            assert re.search(r"^Default:", text, re.M), f"{name}: {key} has no default"
            assert re.search(r'^Example:\n\.(Dl "?|Bd .*\n)%s:' % key, text, re.M), \
                f"{name}: {key} has no example"


def test_lint():
    try:
        done = subprocess.run(["mandoc", "-Tlint", "-Wwarning", MANUAL], capture_output=True,
                              text=True)
    except FileNotFoundError:
        raise Skipped("no mandoc") from None
    assert done.returncode == 0 and not done.stdout, done.stdout
