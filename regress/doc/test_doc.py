"""What is written down is true: the manuals, README and the unit for systemd say
what the sources and the programs say."""

import glob
import os
import re
import shutil
import subprocess

from harness import (BUILD, ROOT, TOP, USER, Skipped, built_tree, equal, read, temp_dir, write)

KUBECONFIG = """apiVersion: v1
kind: Config
current-context: here
clusters: [{name: here, cluster: {server: "https://kube.example:6443"}}]
users: [{name: me, user: {token: abc}}]
contexts: [{name: here, context: {cluster: here, user: me}}]
"""


def source(*path):
    return read(os.path.join(TOP, *path))


def run(*command, rc=None, **more):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=100,
                          encoding="utf-8", errors="replace", **more)
    if rc is not None:
        equal(done.returncode, rc, f"exit status of {command}: {done.stdout}{done.stderr}")
    return done


def make_list(name):
    """The words of a variable in the Makefile."""
    found = re.search(rf"(?m)^{name} =\s*((?:.*\\\n)*.*)", source("Makefile"))
    assert found, f"no {name} in the Makefile"
    return found[1].replace("\\\n", " ").split()


def manual(name):
    return source(next(path for path in make_list("MAN5") + make_list("MAN7") + make_list("MAN8")
                       if os.path.basename(path) == name))


def marked(text, macro):
    """The words on the .It lines of a manual that follow this macro."""
    found = set()
    for line in re.findall(r"(?m)^\.It (.*)", text):
        on = False
        for word in line.split():
            if re.fullmatch("[A-Z][a-z]", word):
                on = word == macro
            elif on and word not in (",", "|"):
                found.add(word)
    return found


def test_compatibility():
    """Each fact about the original has its row, and a word and a reason in it."""
    text = manual("kanata-compat.7")
    rows = re.findall(r'(?m)^\.\\" KA-(\d+)\nT\{\n(?s:(.+?))\nT\}\t(\w+)\tT\{\n(?s:(.*?))\n?T\}$',
                      text)
    equal([int(row[0]) for row in rows], list(range(1, 25)), "rows")
    kinds = set(re.findall(r"(?m)^\.It (\w+)$", text))
    for number, what, kind, why in rows:
        assert kind in kinds and what and why, f"row {number}"
    routes = {route for path in glob.glob(os.path.join(TOP, "web", "*.c"))
              for route in re.findall(r'\{ "(/[^"]*)", METHOD_', read(path))}
    promised = {route: kind for _, what, kind, _ in rows
                for route in re.findall(r"(?:GET |^)(/\S+?)[,:]?(?= |$)", what)}
    equal(sorted(promised), ["/admin", "/v1/", "/v1/pods", "/v1/pods/watch"], "routes promised")
    for route, kind in promised.items():
        assert (route in routes) == (kind != "refused"), f"{route} is {kind}"


STRING = r'"(?:[^"\\\n]|\\.)*"'


def literals(text):
    """The string literals of C, those side by side as one."""
    text = re.sub(r"(?s)/\*.*?\*/", "", text)
    return ["".join(part[1:-1] for part in re.findall(STRING, several))
            for several in re.findall(rf"{STRING}(?:\s*{STRING})*", text)]


def all_literals():
    files = [path for folder in ("common", "kanatad", "kanatactl", "dialer", "watcher", "notifier",
                                 "store", "runner", "web")
             for path in glob.glob(os.path.join(TOP, folder, "*.[ch]"))]
    assert len(files) > 40, f"only {len(files)} sources"
    return [text for path in files for text in literals(read(path))]


def test_manuals_are_clean():
    if not shutil.which("mandoc"):
        raise Skipped("no mandoc")
    for path in make_list("MAN5") + make_list("MAN7") + make_list("MAN8"):
        done = run("mandoc", "-Tlint", "-Wwarning", os.path.join(TOP, path))
        equal(done.stdout, "", path)
        equal(done.returncode, 0, path)


# -- kanata.conf(5) and the grammar


def key_tables():
    """{table: {key: the type}} of the sources."""
    tables = {}
    for path in glob.glob(os.path.join(TOP, "kanatad", "*.c")):
        for name, body in re.findall(r"(?s)struct key (\w+)\[\] = \{(.*?)\n\};", read(path)):
            tables[name] = dict(re.findall(r'\{ "(\w+)", KEY_(\w+)', body))
            rows = len(re.findall(r"(?m)^\t\{ ", body))
            equal(len(tables[name]), rows, f"rows of {name} that are understood")
    return tables


def test_every_key_is_in_the_manual():
    """And no other, each with type, default and an example."""
    tables = key_tables()
    assert "top_keys" in tables and len(tables) >= 9, f"only {sorted(tables)}"
    # A comment in the manual says which table a list describes.
    lists = dict(re.findall(r'(?ms)^\.\\" table (\w+)\n(.*?)^\.El$', manual("kanata.conf.5")))
    equal(sorted(lists), sorted(tables), "tables of keys in kanata.conf.5 and in the sources")
    for table, keys in tables.items():
        entries = dict(re.findall(r"(?ms)^\.It Ic (\w+) : (.*?)(?=^\.It |\Z)", lists[table]))
        equal(sorted(entries), sorted(keys), f"{table}: keys in kanata.conf.5 and in the sources")
        for key, entry in entries.items():
            head, _, rest = entry.partition("\n")
            assert head.startswith(("Ar ", "Cm ")), f"{table}: {key} has no type"
            assert "Default:" in rest, f"{table}: {key} has no default"
            assert re.search(r"Example:\n\.(Dl|Bd)", rest), f"{table}: {key} has no example"


# -- kanatad(8), kanatactl(8) and the programs


def usage(*command):
    """What a program prints when its command line is wrong, one line each form."""
    done = run(*command, rc=2)
    text = re.sub(r"\n {8,}", " ", done.stderr.replace("usage: ", ""))
    name = os.path.basename(command[0])
    forms = re.findall(rf"(?m)^\s*{name} (.*)", text)
    assert forms, f"no usage in {done.stderr!r}"
    return forms


def options(forms):
    """{"-d", "-f", "--observe"}"""
    text, found = " ".join(forms), set()
    for group in re.findall(r"\[-(\w+)(?: \w+)?\]", text):
        found |= {f"-{letter}" for letter in group}
    return found | set(re.findall(r"\[(--[\w-]+)", text))


def words(forms):
    text = re.sub(r"\[-[^]]*\]", "", " ".join(forms))
    return set(re.findall(r"[\w-]+", text))


def check_program(path, section, commands):
    forms = usage(os.path.join(BUILD, path), "--nonsense")
    name = os.path.basename(path)
    text = manual(f"{name}.8")
    described = {f"-{word}" for word in marked(text, "Fl")}
    equal(described, options(forms), f"options: {name}.8 against {name}")
    synopsis = text[text.index(".Sh SYNOPSIS"):text.index(".Sh DESCRIPTION")]
    known = options(forms)
    for line in re.findall(r"(?m)^(?:\.Op )?\.?Fl (\S+)", synopsis):
        for option in [line] if line.startswith("-") else line:
            assert f"-{option}" in known, f"{name}.8, SYNOPSIS: -{option}"
    arguments = set(re.findall(r"(?m)^\.(?:Op )?Ar (\w+)", synopsis))
    equal(section(text), commands(forms) - arguments, f"commands: {name}.8 against {name}")


def test_kanatad_manual():
    check_program("sbin/kanatad",
                  lambda text: set(re.findall(r"(?m)^\.Cm ([\w-]+)$", text.split(".Sh DESC")[0])),
                  words)


def test_kanatactl_manual():
    def commands(text):
        part = text[text.index("The commands are:"):text.index(".Sh OUTPUT")]
        return marked(part, "Cm")
    check_program("bin/kanatactl", commands, words)
    text = manual("kanatactl.8")
    synopsis = text[text.index(".Sh SYNOPSIS"):text.index(".Sh DESCRIPTION")]
    equal(set(re.findall(r"\w+", " ".join(re.findall(r"Cm (.*)", synopsis)))), commands(text),
          "commands in the SYNOPSIS of kanatactl.8")


def test_every_shown_field_is_in_the_manual():
    """Per part, so that `name` is described wherever there is one."""
    text = manual("kanatactl.8")
    parts = dict(re.findall(r"(?s)\.Ss (\w+)\n(.*?)(?=\n\.S[sh] )", text))
    found = 0
    for function, body in re.findall(r"(?s)\n(show_\w+)\(struct showing \*show, struct message "
                                     r"\*m\)\n\{(.*?)\n\}", source("kanatactl", "show.c")):
        array = re.search(r'append\(show, "(\w+)"', body)
        if array is None:
            continue
        body = body.replace("\n", " ")
        for fields in re.findall(r"json_pack\((.*?)\);", body):
            for name in re.findall(r'"(\w+)",\s+(?:text\(|number\(|when\(|\w)', fields):
                assert re.search(rf"(?m)^\.(It )?Cm\b.*\b{name}\b", parts[array[1]]), \
                    f"{array[1]}: {name} is not in kanatactl.8"
                found += 1
    assert found > 40, f"only {found} fields are understood"


def test_words_that_are_shown():
    text = re.sub(r"\s+", " ", manual("kanatactl.8").replace("\n.Cm ", " "))
    for name in ("health_names", "cause_names", "status_names"):
        table = re.search(rf"(?s){name}\[\w+\] = \{{(.*?)\n\}};", source("common", "health.c"))
        for word in literals(table[1]):
            assert word in text, f"{name}: {word} is not in kanatactl.8"


def test_environment():
    used = {name for path in glob.glob(os.path.join(TOP, "kanatad", "*.c"))
            for name in re.findall(r'(?:getenv|variable)\("(\w+)"', read(path))}
    equal(marked(manual("kanatad.8"), "Ev"), used, "environment: kanatad.8 against the sources")


def test_environment_of_plugins():
    text = manual("kanatad.8")
    part = text[text.index(".Ss Exec plugins"):text.index(".Ss Supervision")]
    said = set(re.findall(r"\b[A-Z_]{2,}\b", " ".join(re.findall(r"(?m)^\.Ev (.*)", part))))
    table = re.search(r"(?s)plugin_environment\(void\).*?names\[\] = \{(.*?)\};",
                      source("kanatad", "child.c"))[1]
    passed = {name for name in literals(table) if name.isupper()}
    equal(said - {"KUBERNETES_EXEC_INFO"}, passed, "environment of plugins in kanatad.8")


def test_signals():
    text = manual("kanatad.8")
    part = text[text.index(".Ss Signals"):text.index(".Sh ENVIRONMENT")]
    watched = re.search(r"signals\[\] = \{ (.*?) \}", source("kanatad", "main.c"))[1]
    equal(marked(part, "Dv"), set(watched.split(", ")), "signals: kanatad.8 against main.c")


def test_diagnostics():
    """The messages in kanatad.8 are those of the program."""
    found = re.findall(r'(?m)^\.It "(.*)"', manual("kanatad.8").split(".Sh DIAGNOSTICS")[1])
    assert found, "no DIAGNOSTICS in kanatad.8"
    there = all_literals()
    for message in found:
        assert any(message in text for text in there), f"kanatad.8: {message!r} is in no source"


def test_supervision():
    """The figures of the manual are those of the program."""
    code = "".join(source("kanatad", name) for name in ("supervise.c", "restart.c", "restart.h"))
    text = re.sub(r"\s+", " ", manual("kanatad.8"))
    for name, value, said in (("BACKOFF_MAX", "60", "up to 60 seconds"),
                              ("BACKOFF_CRIME", "30", "after 30 seconds at the earliest"),
                              ("CRIMES_WITHIN", "(10 * 60 * 1000)", "three times in ten minutes"),
                              ("QUIET_AFTER", "(5 * 60 * 1000)", "run for five minutes"),
                              ("PINGS_MAX", "3", "three pings"),
                              ("PING_EVERY", "5", "5 seconds apart"),
                              ("START_TIME", "30", "not ready 30 seconds after"),
                              ("STOP_TIME", "5", "have 5 seconds to end")):
        assert re.search(rf"#define {name}\s+{re.escape(value)}\s", code), f"{name} is not {value}"
        assert said in text, f"kanatad.8 does not say {said!r}"


# -- README


def readme():
    return source("README")


def commands_of_readme():
    return [line.strip() for line in re.findall(r"(?m)^    (?! )(.*)", readme())]


def test_readme_links():
    text = readme()
    for name, path in re.findall(r"\[([^]]+)\]\(([^)]+)\)", text):
        assert path.startswith("https://") or os.path.exists(os.path.join(TOP, path)), \
            f"README: {name} leads to {path}, which is not there"
    for path in re.findall(r"`((?:common|etc|regress|man)/[\w./-]+)`", text):
        assert os.path.exists(os.path.join(TOP, path)), f"README: {path} is not there"


def test_readme_make():
    makefile = source("Makefile")
    targets = set(re.findall(r"(?m)^([a-z]+):(?!=)", makefile))
    text = readme()
    found = re.findall(r"(?:`|^    |&& )(?:sudo )?make ([a-z]+)", text, re.M)
    assert {"demo", "check"} <= set(found), f"README names only {found}"
    equal(sorted(set(found) - targets), [], "targets in README that the Makefile has not")
    for name in re.findall(r"`([A-Z]+DIR|PREFIX)`", text):
        assert re.search(rf"(?m)^{name} \?=", makefile), f"README: no {name} in the Makefile"


def test_readme_commands():
    """Every kanatad and kanatactl in README is one that there is."""
    known = {}
    for path in ("sbin/kanatad", "bin/kanatactl"):
        forms = usage(os.path.join(BUILD, path), "--nonsense")
        known[os.path.basename(path)] = options(forms) | words(forms) | {"file", "user", "socket"}
    text = "\n".join(commands_of_readme() + re.findall(r"`([^`]+)`", readme()))
    found = re.findall(r"(?m)^(?:sudo )?(kanatad|kanatactl)( [^`\n]*)?$", text)
    assert len(found) > 8, f"only {found}"
    for name, rest in found:
        for word in rest.split():
            assert word in known[name], f"README: {name} does not know {word!r}"


def test_readme_log_table():
    lines = readme().split("\n")
    start = next(i for i, line in enumerate(lines) if line.startswith("| the log says"))
    there, rows = all_literals(), 0
    for line in lines[start + 2:]:
        if not line.startswith("|"):
            break
        rows += 1
        message = re.match(r"\| `([^`]+)` \|", line)[1]
        assert any(message in text for text in there), f"README: {message!r} is in no source"
    assert rows > 10, f"only {rows} rows"


def test_every_program_is_described():
    """In the table of privileges, which a system test compares with /proc, and in
    kanatad(8)."""
    table = re.search(r"(?m)^\| process .*\n(?:\|.*\n)+", readme())[0]
    in_table = set(re.findall(r"(?m)^\| `([a-z-]+)`", table))
    programs = {word for name in ("SBIN", "BIN", "LIBEXEC")
                for word in re.findall(r"kanatad|kanatactl|kanata-\w+", " ".join(make_list(name)))}
    assert len(programs) >= 7, f"programs of the Makefile: {programs}"
    equal(sorted(in_table), sorted(programs), "processes in README and programs of the Makefile")
    text = manual("kanatad.8")
    part = text[text.index(".Ss Processes"):text.index(".Ss Supervision")]
    equal(sorted(re.findall(r"(?m)^\.It Nm (kanata-\w+)", part)),
          sorted(name for name in programs if name.startswith("kanata-")),
          "processes in kanatad.8 and programs of the Makefile")


def check_configuration(text):
    folder = temp_dir()
    key = write(os.path.join(folder, "key"), "0123456789abcdef\n", 0o400)
    write(os.path.join(folder, "kube"), KUBECONFIG)
    text = text.replace("/etc/kanata/instatus.key", key)
    text = text.replace("/etc/kanata/prod.kubeconfig", os.path.join(folder, "kube"))
    file = write(os.path.join(folder, "kanata.conf"), text)
    user = ["-u", USER.pw_name] if ROOT else []
    return run(os.path.join(built_tree(), "sbin", "kanatad"), *user, "-n", "-f", file, rc=0,
               cwd="/", env={"KUBECONFIG": os.path.join(folder, "kube"), "HOME": folder}).stdout


def test_readme_configuration():
    """The smallest configuration of README, alone and with its bastion."""
    blocks = [re.sub(r"(?m)^    ", "", block)
              for block in re.findall(r"(?m)(?:^    .*\n)+", readme())]
    least = next(block for block in blocks if block.startswith("key_file:"))
    least = least.replace("<component-id>", "ckf01fvnxywz60a35h0oeqmj5")
    bastion = next(block for block in blocks if block.startswith("clusters:"))
    assert "ckf01fvnxywz60a35h0oeqmj5" in check_configuration(least)
    assert "prod" in check_configuration(least + bastion)


def test_shipped_example():
    assert "components:" in check_configuration(source("etc", "kanata.conf"))


def test_default_texts():
    """kanata.conf.5 gives each template as kanatad has it."""
    out = check_configuration("key_file: /etc/kanata/instatus.key\ncomponents: {a: b}\n")
    texts = re.search(r"(?m)^texts:\n((?:    .*\n)+)", out)[1]
    table = re.search(r"(?ms)table text_keys\n(.*?)^\.El", manual("kanata.conf.5"))[1]
    entries = dict(re.findall(r"(?ms)^\.It Ic (\w+) : (.*?)(?=^\.It |\Z)", table))
    for key, text in re.findall(r'(?m)^    (\w+): "(.*)"$', texts):
        lines = [f".Ql {line}" for line in text.split("\\n") if line]
        found = [line.removesuffix(" .").removesuffix(" ,")
                 for line in re.findall(r"(?m)^\.Ql .*", entries[key].split("Example:")[0])]
        equal(found, lines, f"the default of {key}")
    equal(len(entries), texts.count("\n"), "texts")


# -- what is installed


def test_install():
    """Every file in its place, the unit with the prefix."""
    to = temp_dir()
    env = {"PATH": os.environ["PATH"]}
    # What is built is installed as it is: other tests are using it.
    run("make", "-s", "-o", "all", "-C", TOP, f"B={BUILD}", f"DESTDIR={to}", "PREFIX=/opt/k",
        "STATEDIR=/srv/k", "install", rc=0, env=env)
    files = {os.path.relpath(os.path.join(path, name), to)
             for path, _, names in os.walk(to) for name in names}
    wanted = {"opt/k/sbin/kanatad", "opt/k/bin/kanatactl", "opt/k/share/man/man5/kanata.conf.5",
              "opt/k/share/man/man8/kanatad.8", "opt/k/share/man/man8/kanatactl.8",
              "opt/k/share/man/man7/kanata-compat.7",
              "opt/k/share/doc/kanata/kanata.rules.yml", "opt/k/share/doc/kanata/kanata.json",
              "opt/k/lib/systemd/system/kanatad.service", "opt/k/share/doc/kanata/kanata.conf",
              "opt/k/lib/sysusers.d/kanata.conf", "opt/k/lib/tmpfiles.d/kanata.conf",
              "opt/k/share/bash-completion/completions/kanatactl",
              "opt/k/share/zsh/site-functions/_kanatactl"}
    wanted |= {f"opt/k/libexec/kanata/kanata-{role}"
               for role in ("parser", "dialer", "watcher", "notifier", "store", "runner", "web",
                            "replay")}
    equal(sorted(wanted - files), [], "missing after make install")
    unit = read(os.path.join(to, "opt/k/lib/systemd/system/kanatad.service"))
    assert "ExecStart=/opt/k/sbin/kanatad -d\n" in unit and "=-/srv/k " in unit, unit
    for path in ("systemd/system/kanatad.service", "sysusers.d/kanata.conf",
                 "tmpfiles.d/kanata.conf"):
        text = read(os.path.join(to, "opt/k/lib", path))
        assert not re.search(r"@[A-Z]+@", text), f"not filled in: {text}"


def test_sysusers_and_tmpfiles():
    """The user and its directories, made in a root of their own."""
    if not ROOT or not shutil.which("systemd-sysusers"):
        raise Skipped("not root, or no systemd")
    to = temp_dir()
    os.mkdir(to + "/etc")
    for name in ("sysusers", "tmpfiles"):
        text = source("etc", f"{name}.conf.in").replace("@STATEDIR@", "/var/lib/kanata")
        write(f"{to}/{name}.conf", text.replace("@RUNDIR@", "/run/kanata"))
    run("systemd-sysusers", f"--root={to}", to + "/sysusers.conf", rc=0)
    assert re.search(r"(?m)^_kanata:.*:/var/lib/kanata:/usr/sbin/nologin$", read(to + "/etc/passwd"))
    run("systemd-tmpfiles", "--create", f"--root={to}", to + "/tmpfiles.conf", rc=0)
    uid = int(re.search(r"(?m)^_kanata:\w+:(\d+)", read(to + "/etc/passwd"))[1])
    for path, mode in (("var/lib/kanata", 0o700), ("run/kanata", 0o755)):
        state = os.stat(os.path.join(to, path))
        equal((state.st_uid, state.st_mode & 0o7777), (uid, mode), path)


def unit_for(tree):
    text = source("etc", "kanatad.service.in")
    return text.replace("@PREFIX@", tree).replace("@STATEDIR@", "/var/lib/kanata") \
        .replace("@RUNDIR@", "/run/kanata").replace("@SYSCONFDIR@", "/etc")


def test_unit_is_valid():
    if not shutil.which("systemd-analyze"):
        raise Skipped("no systemd")
    unit = write(os.path.join(temp_dir(), "kanatad.service"), unit_for(BUILD), 0o644)
    done = run("systemd-analyze", "verify", "--man=no", unit, rc=0)
    said = [line for line in done.stderr.splitlines() if "kanatad.service" in line]
    equal(said, [], "systemd-analyze verify")
    done = run("systemd-analyze", "security", "--offline=true", "--no-pager", unit)
    level = re.search(r"exposure level for kanatad.service: ([\d.]+)", done.stdout)
    assert level and float(level[1]) <= 1.5, f"exposure level: {done.stdout[-200:]}"


def call_sets():
    """{"@name": {calls}} of this systemd."""
    sets, now = {}, None
    for line in run("systemd-analyze", "syscall-filter", "--no-pager", rc=0).stdout.splitlines():
        if line.startswith("@"):
            now = sets.setdefault(line.split()[0], set())
        elif now is not None and line.strip() and not line.strip().startswith("#"):
            now.add(line.strip())

    def expand(name):
        return {call for item in sets[name]
                for call in (expand(item) if item.startswith("@") else {item})}
    return {name: expand(name) for name in sets}


def test_unit_allows_what_the_cages_allow():
    if not shutil.which("systemd-analyze"):
        raise Skipped("no systemd")
    sets, allowed = call_sets(), set()
    for line in re.findall(r"(?m)^SystemCallFilter=(.*)", unit_for(BUILD)):
        calls = {call for item in line.lstrip("~").split() for call in sets.get(item, {item})}
        allowed = allowed - calls if line.startswith("~") else allowed | calls
    needed = set(re.findall(r"RULE\((\w+), [A-Z_]+\)", source("common", "cage.c")))
    assert len(needed) > 100, f"only {len(needed)} calls in cage.c"
    equal(sorted(needed - allowed), [], "calls of cage.c that the unit forbids")
