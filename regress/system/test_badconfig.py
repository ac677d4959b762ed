"""Broken configurations: file, line and column, and what was expected; exit
status 1, from kanatad -n and from a start alike."""

import os
import re

from harness import ROOT, equal, write
from kanata import Kanata
from world import KEY, Kube, Page, World

GOOD = """\
key: %s
ns: default
components:
    cmp-a: api
""" % KEY


KUBECONFIG = """\
apiVersion: v1
kind: Config
current-context: main
clusters:
- name: c
  cluster: {server: "%s"}
users:
- name: u
  user: {token: abc-token-secret}
contexts:
- name: main
  context: {cluster: c, user: u}
"""


def refused(text, *patterns, line=None, column=None, prepare=None,
            names=None):
    kanata = Kanata(text=text, start=False, secrets=[KEY])
    # There is a cluster to be found, so that it is not what is missed.
    write(f"{kanata.folder}/.kubeconfig", KUBECONFIG % "https://192.0.2.1:6443")
    kanata.env["KUBECONFIG"] = f"{kanata.folder}/.kubeconfig"
    if prepare:
        prepare(kanata)
    for args in (["-n"], ["-d"]):
        done = kanata.once(*args)
        equal(done.rc, 1, f"exit status of kanatad {args}: {done!r}")
        said = done.out + done.err
        assert (names or kanata.file) in said, f"the file is not named in {done!r}"
        for pattern in patterns:
            assert re.search(pattern, said), f"no {pattern!r} in {done!r}"
        assert KEY not in said, f"the key is in {done!r}"
        assert len(said) < 5000, f"{len(said)} characters of error"
        if line:
            place = re.search(re.escape(kanata.file) + r":(\d+):(\d+): ", said)
            assert place, f"no line and column in {done!r}"
            equal(int(place[1]), line, f"line in {done!r}")
            if column:
                equal(int(place[2]), column, f"column in {done!r}")
    return done


def test_good():
    kube = Kube()
    kanata = Kanata(text=GOOD, start=False, env={"KUBECONFIG": kube.kubeconfig()})
    kanata.once("-n").expect(0, "cmp-a")


def test_no_file():
    refused(GOOD, "(?i)no such file", prepare=lambda kanata: os.unlink(kanata.file))


def test_unreadable():
    def root_only(kanata):
        os.chmod(kanata.file, 0)
    refused(GOOD, "(?i)permission denied", prepare=root_only)


def test_folder():
    def folder(kanata):
        os.unlink(kanata.file)
        os.mkdir(kanata.file)
    refused(GOOD, "(?i)director|regular", prepare=folder)


def test_key_that_all_can_read():
    refused(GOOD, "(?i)mode|read|permission", prepare=lambda kanata:
            os.chmod(kanata.file, 0o644))


def test_empty():
    refused("", "(?i)nothing|empty")


def test_only_comments():
    refused("# nothing\n\n", "(?i)nothing|empty")


def test_huge():
    refused(GOOD + "# " + "x" * 30_000_000 + "\n", "1024 KiB")


def test_huge_of_components():
    refused(GOOD + "".join(f"    cmp-{i}: pod-{i}\n" for i in range(20000)), "(?i)component")


def test_billion_laughs():
    text = "a: &a [x, x, x, x, x, x, x, x, x]\n"
    for one, two in zip("abcdefgh", "bcdefghi"):
        text += f"{two}: &{two} [" + ", ".join([f"*{one}"] * 9) + "]\n"
    refused(text, "(?i)alias|anchor|unknown|expected")


def test_deep():
    refused("ns: " + "[" * 50000 + "\n", "(?i)deep|nest|depth|expected")


def test_wrong_indentation():
    refused(GOOD.replace("    cmp-a: api\n", "    cmp-a: api\n  cmp-b: web\n"), line=5)


def test_tabs():
    refused("key: x\ncomponents:\n\tcmp-a: api\n", line=3)


def test_binary():
    refused(bytes(range(256)) * 40)


def test_nul():
    refused(GOOD.encode() + b"ns\x00: x\n")


def test_not_utf8():
    refused(GOOD.encode() + b"    cmp-\xff\xfe: api\n")


def test_a_list():
    refused("- a\n- b\n", line=1)


def test_unknown_key():
    refused(GOOD + "colour: red\n", "colour", line=5, column=1)


def test_unknown_key_of_component():
    refused(GOOD + "    cmp-b:\n        watch: api\n        colour: red\n", "colour", line=7,
            column=9)


def test_duplicate_component():
    refused(GOOD + "    cmp-a: web\n", "cmp-a", line=5, column=5)


def test_duplicate_key():
    refused(GOOD + "ns: other\n", "ns", line=5, column=1)


def test_bad_duration():
    refused(GOOD + "defaults: {down_after: soon}\n", "soon|down_after", "30s|duration", line=5,
            column=24)


def test_negative_duration():
    refused(GOOD + "defaults: {down_after: -5s}\n", line=5)


def test_bad_kind():
    refused(GOOD + "    cmp-b: {watch: gadget/api}\n", "gadget", line=5)


def test_component_without_watch():
    refused(GOOD + "    cmp-b: {name: B}\n", "watch|cmp-b", line=5)


def test_unknown_cluster():
    refused(GOOD + "    cmp-b: {watch: api, cluster: nowhere}\n", "nowhere", line=5)


def test_no_key():
    refused(GOOD.split("\n", 1)[1], "key")


def test_two_keys():
    refused(GOOD + "key_file: /etc/key\n", "key_file|key")


def test_plain_http_beyond_loopback():
    refused(GOOD + "instatus: {url: http://api.instatus.com}\n", "(?i)https|loopback|plain",
            line=5)


def test_no_url():
    refused(GOOD + "instatus: {url: ftp://x}\n", line=5)


def test_bad_node():
    refused(GOOD + "etcd: {nodes: [\"127.0.0.1:99999\"]}\n", "99999|port", line=5)


def test_strict_refuses_plain_etcd():
    refused(GOOD + "etcd: {nodes: [\"etcd.example:2379\"]}\nstrict: true\n", "(?i)plain|tls")


def secret_file(mode, *patterns, text=KEY):
    key = Kanata(text="", start=False).folder + "/key"
    write(key, text, mode)
    refused(GOOD.replace(f"key: {KEY}", f"key_file: {key}"), *patterns, names=key)


def test_secret_file_that_all_can_read():
    secret_file(0o644, "(?i)mode|read|permission")


def test_secret_file_that_the_group_can_write():
    secret_file(0o660, "(?i)mode|writ|permission")


def test_secret_file_missing():
    refused(GOOD.replace(f"key: {KEY}", "key_file: /no/such/key"), "(?i)no such file",
            names="/no/such/key")


def test_secret_file_of_another():
    if not ROOT:
        return
    folder = Kanata(text="", start=False).folder
    write(f"{folder}/key", KEY)
    os.chown(f"{folder}/key", 1, 1)
    refused(GOOD.replace(f"key: {KEY}", f"key_file: {folder}/key"), "(?i)own|permission",
            names=f"{folder}/key")


def test_secret_file_works():
    kube, page = Kube(), Page({"cmp": "A"})
    kube.deployment("default", "api", 1)
    world = World({"cmp": "api"}, kube=kube, page=page, start=False)
    key = write(world.kanata.folder + "/key", KEY + "\n")
    config = {name: value for name, value in world.config.items() if name != "key"}
    world.kanata.configure({**config, "key_file": key})
    world.kanata.start()
    world.outage("api", "cmp")
    world.recovery("api", "cmp")
    page.assert_one_outage("cmp")


def bad_kubeconfig(text, *patterns, names=None):
    kanata = Kanata(start=False, text="")
    path = write(kanata.folder + "/kubeconfig", text)
    write(kanata.file, GOOD + f"clusters: [{{name: main, kubeconfig: {path}}}]\n")
    for args in (["-n"], ["-d"]):
        done = kanata.once(*args)
        equal(done.rc, 1, f"exit status of kanatad {args}: {done!r}")
        assert (names or path) in done.out + done.err, f"the kubeconfig is not named in {done!r}"
        for pattern in patterns:
            assert re.search(pattern, done.out + done.err), f"no {pattern!r} in {done!r}"


def test_kubeconfig_empty():
    bad_kubeconfig("")


def test_kubeconfig_binary():
    bad_kubeconfig(os.urandom(5000))


def test_kubeconfig_plain_http():
    bad_kubeconfig(KUBECONFIG % "http://192.0.2.1:6443", "(?i)https|loopback|plain")


def test_kubeconfig_without_context():
    bad_kubeconfig((KUBECONFIG % "https://192.0.2.1:6443").replace("current-context: main",
                                                                 "current-context: gone"), "gone")


def test_kubeconfig_missing_file():
    bad_kubeconfig((KUBECONFIG % "https://192.0.2.1:6443").replace(
        "{token: abc-token-secret}", "{tokenFile: /no/such/token}"),
        names="/no/such/token")


def test_escape_sequences_do_not_reach_the_terminal():
    done = refused(GOOD + '"\\e[31mred\\a": 1\n', "red")
    assert "\x1b" not in done.err and "\x07" not in done.err, f"control characters in {done!r}"
