"""Recorded histories through the rules: what kanatad replay prints of NAME.jsonl is
NAME.out.  After a change that is meant: GOLDEN=write regress/run replay.
"""

import os
import subprocess

from harness import ROOT, USER, built_tree, equal, read, temp_dir, write

HERE = os.path.dirname(os.path.abspath(__file__))
HEAD = '{"history":1}\n'
AT = '{"at":"2026-01-01T10:00:00.000Z",'


def replay(path, *options):
    """No network, no root, no files but the one: it must not need them."""
    user = ["-u", USER.pw_name] if ROOT else []
    done = subprocess.run([os.path.join(built_tree(), "sbin", "kanatad"), *user, *options,
                           "replay", path], env={}, cwd="/", stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=60, encoding="utf-8")
    return done.returncode, done.stdout, done.stderr


def names():
    found = sorted(name[:-6] for name in os.listdir(HERE) if name.endswith(".jsonl"))
    assert len(found) > 10, f"only {len(found)} histories in {HERE}"
    return found


def test_golden():
    for name in names():
        rc, out, err = replay(os.path.join(HERE, f"{name}.jsonl"), "-v")
        equal((rc, err), (0, ""), name)
        path = os.path.join(HERE, f"{name}.out")
        if os.environ.get("GOLDEN") == "write":
            write(path, out, 0o644)
        equal(out.splitlines(), read(path).splitlines(), name)


def test_not_verbose():
    rc, out, err = replay(os.path.join(HERE, "outage.jsonl"))
    equal((rc, err), (0, ""), "replay")
    assert " heard " not in out and " create " in out, out


def test_other_rules():
    """-f: the same history, had the configuration been another one."""
    conf = write(os.path.join(temp_dir(), "kanata.conf"),
                 "key: never-used\nns: default\ncomponents:\n"
                 "    api: {watch: deployment/api, name: Renamed, down_after: 20m}\n")
    rc, out, err = replay(os.path.join(HERE, "outage.jsonl"), "-f", conf)
    equal((rc, out, err), (0, "nothing would have been posted\n", ""), "with a long down_after")
    write(conf, read(conf).replace("20m", "2m"))
    rc, out, err = replay(os.path.join(HERE, "outage.jsonl"), "-f", conf)
    assert "10:03:00.000Z  create \"Renamed is down\"" in out, out
    write(conf, "components: 1\n")
    rc, out, err = replay(os.path.join(HERE, "outage.jsonl"), "-f", conf)
    equal((rc, out), (1, ""), "with a bad configuration")
    assert f"{conf}:1:" in err, err


BAD = {
    "": ": expected a recorded history: there is nothing in the file",
    "\n \n": ": expected a recorded history",
    "[]\n": ":1:1: expected an object of JSON",
    "PK\x03\x04\n": ":1:2: expected an object of JSON",
    '{"history":2}\n': ":1:1: `history`: expected 1",
    AT + '"note":"x"}\n': ':1:1: expected {"history":1}',
    HEAD + '{"note":"x"}\n': ":2:1: `at`: expected a time such as",
    HEAD + '{"at":"yesterday","note":"x"}\n': ":2:1: `at`: expected a time such as",
    HEAD + AT + '"note":1}\n': ":2:1: `note`: expected a text",
    HEAD + AT + '"healht":{}}\n': ":2:1: `healht`: expected one of rules, component, text, health",
    HEAD + AT + '"note":"x","mark":"read"}\n': ":2:1: `mark`: expected one of",
    HEAD + '{"at":"2026-01-01T10:00:00.000Z"}\n': ":2:1: `at`: expected beside it",
    HEAD + AT + '"mark":"x"}': ":2:1: `mark`: expected forget, read, begin or end",
    HEAD + AT + '"health":[]}\n': ":2:1: `health`: expected an object",
    HEAD + AT + '"health":{"health":"ok"}}\n': ":2:1: `component`: expected the id of one",
    HEAD + "\n\n" + AT + '"health":{"component":"a","health":"good"}}\n':
        ":4:1: `health`: expected ok, idle, rolling,",
    HEAD + AT + '"health":{"component":"a","health":"ok","cause":"rain"}}\n':
        ":2:1: `cause`: expected a cause as in kanatactl",
    HEAD + AT + '"health":{"component":"a","ready":-1}}\n': ":2:1: `ready`: expected a whole number",
    HEAD + AT + '"health":{"component":"a","since":"1h"}}\n': ":2:1: `since`: expected a time",
    HEAD + AT + '"health":{"component":"a","paused":1}}\n': ":2:1: `paused`: expected true or false",
    HEAD + AT + '"health":{"component":"a","colour":1}}\n': ":2:1: `colour`: no such key here",
    HEAD + AT + '"health":{"component":"' + "a" * 129 + '"}}\n':
        ":2:1: `component`: expected a text of at most 128 bytes",
    HEAD + AT + '"component":{"id":"a","down_after":30}}\n':
        ":2:1: `down_after`: expected a duration such as 30s",
    HEAD + AT + '"component":{"id":"a","rollout":"loud"}}\n':
        ":2:1: `rollout`: expected maintenance or quiet",
    HEAD + AT + '"component":{}}\n': ":2:1: `id`: expected that of a component",
    HEAD + AT + '"page":{"id":"a"}}\n': ":2:1: `page`: expected the id of a page",
    HEAD + AT + '"page":{"page":"p","id":"a","status":"RED"}}\n': ":2:1: `status`: expected OPERATIONAL",
    HEAD + AT + '"record":{"key":"incident/1","value":{"v":9}}}\n': ":2:1: such a record there is not",
    HEAD + AT + '"record":{"value":{}}}\n': ":2:1: `key`: expected that of a record",
    HEAD + AT + '"closed":{"components":[1]}}\n': ":2:1: `components`: expected an array of ids",
    HEAD + AT + '"watcher":-1,"mark":"end"}\n': ":2:1: `watcher`: expected the number of one",
    HEAD + AT + '"note":"x"}}\n': ":2:",
    HEAD + AT + '"note":"\xff"}\n': ":2:",
    HEAD + AT + '"note":"' + "x" * 60000 + '"}\n': ":2:1: expected a line of at most 48 KiB",
    HEAD + "[" * 5000 + "\n": ":2:",
}


def test_errors():
    path = os.path.join(temp_dir(), "history")
    for text, expected in BAD.items():
        write(path, text.encode("latin-1"))
        rc, out, err = replay(path)
        equal((rc, out), (1, ""), f"{text[:200]!r}: {err!r}")
        assert err.startswith(f"kanatad: {path}{expected}"), f"{text[:200]!r}: {err!r}"
        assert err.count("\n") == 1 and err.isprintable() or err.rstrip("\n").isprintable(), err


def test_no_file():
    folder = temp_dir()
    for path, why in ((os.path.join(folder, "none"), "No such file"), (folder, "directory")):
        rc, out, err = replay(path)
        equal((rc, out), (1, ""), path)
        assert path in err and why in err, err
    rc, out, err = replay("/dev/zero")
    equal(rc, 1, "an endless file")


def test_what_a_terminal_would_obey():
    path = write(os.path.join(temp_dir(), "history"), HEAD + AT +
                 '"component":{"id":"a","name":"\\u001b[2J\\u0007"}}\n' + AT +
                 '"health":{"component":"a","health":"major","since":"2026-01-01T09:00:00Z"}}\n')
    rc, out, err = replay(path, "-v")
    equal((rc, err), (0, ""), "replay")
    assert "create" in out and out.replace("\n", "").isprintable(), repr(out)
