"""Golden pairs: kanatad -n prints the effective configuration of NAME.conf, which
is NAME.out, with exit status 0, or says what is wrong, NAME.err, with 1.  After a
change that is meant: GOLDEN=write regress/run config.

The first line `#!mode 0644` sets the mode of the file, 0600 otherwise. Beside it
are `kube`, `secret`, `users.yml` and `ca.pem`. @DIR@ stands for the folder.
"""

import os
import re
import subprocess

from harness import ROOT, TOP, USER, built_tree, equal, read, temp_dir, write

HERE = os.path.dirname(os.path.abspath(__file__))
SECRET = "hunter2"


class Check:
    """kanatad -n, in a folder of its own."""

    def __init__(self):
        self.folder = temp_dir()
        self.tree = built_tree()
        write(os.path.join(self.folder, "kube"), read(os.path.join(HERE, "kube")))
        write(os.path.join(self.folder, "secret"), SECRET + "\n")
        write(os.path.join(self.folder, "users.yml"), f"users:\n- noel: $y${SECRET}\n")
        write(os.path.join(self.folder, "ca.pem"), "-----BEGIN CERTIFICATE-----\n", 0o644)

    def __call__(self, name, data):
        mode = re.match(rb"#!mode ([0-7]+)\n", data)
        file = os.path.join(self.folder, name)
        write(file, data, int(mode[1], 8) if mode else 0o600)
        user = ["-u", USER.pw_name] if ROOT else []
        done = subprocess.run(
            [os.path.join(self.tree, "sbin", "kanatad"), *user, "-n", "-f", file],
            env={"KUBECONFIG": os.path.join(self.folder, "kube")}, cwd="/",
            stdin=subprocess.DEVNULL, capture_output=True, timeout=30, encoding="utf-8")
        for text in (done.stdout, done.stderr):
            assert SECRET not in text, f"{name}: the secret is in {text!r}"
        out = done.stdout.replace(self.folder, "@DIR@")
        # The log's own time and name are not what this is about.
        err = re.sub(r"(?m)^(\S+Z )?kanatad: ", "", done.stderr.replace(self.folder, "@DIR@"))
        return done.returncode, out, err


def names():
    found = sorted(name[:-5] for name in os.listdir(HERE) if name.endswith(".conf"))
    assert len(found) > 40, f"only {len(found)} configurations in {HERE}"
    return found


def golden(kind, name, got):
    path = os.path.join(HERE, f"{name}.{kind}")
    if os.environ.get("GOLDEN") == "write":
        with open(path, "w", encoding="utf-8") as file:
            file.write(got)
    with open(path, encoding="utf-8") as file:
        return file.read()


def run_all(kind, rc):
    check, wrong = Check(), []
    for name in names():
        there = [other for other in ("out", "err")
                 if os.path.exists(os.path.join(HERE, f"{name}.{other}"))]
        with open(os.path.join(HERE, f"{name}.conf"), "rb") as file:
            status, out, err = check(f"{name}.conf", file.read())
        if os.environ.get("GOLDEN") == "write" and not there:
            there = ["out" if status == 0 else "err"]
        assert there in (["out"], ["err"]), f"{name}: one of .out and .err must be there"
        if there != [kind]:
            continue
        got = err + out
        wanted = golden(kind, name, got)
        if status != rc or got != wanted:
            wrong.append(f"{name}: exit status {status}, got\n{got}\nwanted\n{wanted}")
    assert not wrong, "\n".join(wrong)


def test_good():
    run_all("out", 0)


def test_bad():
    run_all("err", 1)


def test_error_has_a_place():
    for name in names():
        path = os.path.join(HERE, f"{name}.err")
        if os.path.exists(path):
            assert re.match(r"@DIR@/\S+:\d+:\d+: \S", open(path, encoding="utf-8").read()), path


def test_print_and_parse_again():
    """What -n prints is a configuration that means the same."""
    check = Check()
    for name in ("short", "long", "reverse", "namespaces"):
        with open(os.path.join(HERE, f"{name}.conf"), "rb") as file:
            status, once, _ = check(f"{name}.conf", file.read())
        equal(status, 0, name)
        full = once.replace("@DIR@", check.folder)
        # What is in the file itself is not shown.
        full = full.replace("# webhook_url: given in the file, not shown",
                            "webhook_url: http://127.0.0.1:9/" + SECRET)
        status, twice, err = check(f"{name}-again.conf", full.encode())
        equal(status, 0, f"{name}, printed and parsed: {err}")
        equal(twice, once, name)


def test_shipped_example():
    with open(os.path.join(TOP, "etc", "kanata.conf"), "rb") as file:
        text = file.read()
    check = Check()
    # Its files are not there; ours are.
    text = re.sub(rb"/etc/kanata/\S+\.(key|pass)", b"secret", text)
    text = re.sub(rb"/etc/kanata/\S+\.pem", b"ca.pem", text)
    text = re.sub(rb"/etc/kanata/\S+\.kubeconfig\n#      context: prod",
                  b"kube\n#      context: one", text)
    status, _, err = check("example.conf", text)
    equal(status, 0, f"etc/kanata.conf: {err}")
    # What it only mentions is right as well.
    status, _, err = check("example-all.conf", uncomment(text.decode()).encode())
    equal(status, 0, f"etc/kanata.conf with all its keys: {err}")


def uncomment(text):
    """`#key: ...` without a blank is configuration, `# text` is not."""
    lines = [line[1:] if re.match(r"#([a-z]| {4,}\S)", line) else line
             for line in text.split("\n")]
    return "\n".join(lines)
