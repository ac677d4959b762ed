"""What happens to a real etcd while Kanata runs on it: no space, authentication,
another password, compaction; and TLS with client certificates."""

import os

from etcd import Etcd
from harness import Authority, equal, limit, read, temp_dir, wait, write
from replicas import Replicas

PASSWORD, OTHER = "etcd-secret-91c2", "etcd-secret-f07d"
QUOTA = ["--quota-backend-bytes", str(2 * 1024 * 1024)]


def login(password):
    return {"user": "kanata", "pass": password}


@limit(150)
def test_out_of_space():
    """What cannot be written down is not posted; it is when there is room."""
    pair = Replicas(etcd=Etcd(extra=QUOTA))
    pair.etcd.fill()
    pair.kube.crash("default", "api")
    pair.leader.wait_log("etcd is out of space .*free some, then `etcdctl alarm disarm`")
    for daemon in pair.daemons:
        daemon.wait_health("cmp", "major")
    pair.leader.wait_log("cannot be stored")
    equal(pair.page.requests("POST"), [], "posts without a record of them")
    pair.etcd.make_room()
    pair.page.wait_status("cmp", "MAJOROUTAGE", limit=60)
    pair.page.wait_open(1)
    pair.heal()
    pair.assert_once()
    equal(pair.wait_leader(), pair.leader, "the leader")


@limit(150)
def test_out_of_space_alone():
    """One that may speak from memory does, and writes it down later."""
    one = Replicas(1, etcd=Etcd(extra=QUOTA))
    one.etcd.fill()
    one.outage()
    one.leader.wait_log("etcd takes no changes .*out of space|etcd is out of space")
    one.etcd.make_room()
    one.leader.wait_log("etcd has all changes again", limit=60)
    one.leader.kill9_tree()
    one.leader.start()
    one.heal()
    one.assert_once()


@limit(150)
def test_authentication_turned_on():
    """A password is there from the beginning, but nobody wants it until then."""
    etcd = Etcd()
    pair = Replicas(etcd=etcd, auth=login(PASSWORD))
    pair.leader.wait_log("authentication is not enabled there: going on without user kanata")
    etcd.enable_auth("kanata", PASSWORD)
    pair.outage()
    pair.heal()
    pair.assert_once()
    for daemon in pair.daemons:
        assert PASSWORD not in daemon.log(), "the password is in the log"


@limit(150)
def test_authentication_turned_on_for_nobody():
    """No password is configured: said clearly, and put right by a reload."""
    pair = Replicas()
    pair.etcd.enable_auth("kanata", PASSWORD)
    pair.leader.wait_log("etcd cannot be used .*user name is empty", limit=40)
    pair.kube.crash("default", "api")
    for daemon in pair.daemons:
        pair.configure(daemon, auth=login(PASSWORD))
        daemon.ctl("reload").expect(0)
    pair.page.wait_status("cmp", "MAJOROUTAGE", limit=60)
    pair.page.wait_open(1)
    pair.heal()
    pair.assert_once()


@limit(150)
def test_password_rotated():
    """The leader finds the new one in its file by itself, the other one is told by
    a reload."""
    etcd = Etcd()
    etcd.enable_auth("kanata", PASSWORD)
    pair = Replicas(etcd=etcd, auth=login(PASSWORD))
    leader, other = pair.leader, pair.other(pair.leader)
    file = write(os.path.join(temp_dir(), "pass"), PASSWORD + "\n")
    pair.configure(leader, auth={"user": "kanata", "pass_file": file})
    leader.ctl("reload").expect(0)
    pair.outage()
    write(file, OTHER + "\n")
    etcd.change_password("kanata", OTHER)
    other.wait_log("etcd: user kanata is refused: .*; trying again in 30 s", limit=60)
    mark = other.log_size()
    pair.configure(other, auth=login(OTHER))
    other.ctl("reload").expect(0)
    other.wait_log("another kanatad leads", since=mark)
    pair.heal()
    pair.assert_once()
    equal(pair.wait_leader(), leader, "the leader")
    assert "no longer the leader" not in leader.log(), "it has lost its lead"
    for daemon in pair.daemons:
        for secret in (PASSWORD, OTHER):
            assert secret not in daemon.log(), "a password is in the log"


@limit(150)
def test_compacted():
    """All that was, is gone, and etcd is defragmented; during an outage, and while
    one of them reads the state for the first time."""
    pair = Replicas()
    pair.outage()
    pair.etcd.compact()
    pair.etcd.call("maintenance/defragment", {})
    other = pair.other(pair.leader)
    other.kill9_tree()
    pair.etcd.compact()
    other.start()
    other.wait_log("another kanatad leads")
    pair.heal()
    pair.assert_once()


def certificates(authority, name="kanata", subject=None, **more):
    """Of the daemon; None: without."""
    crt, key = authority.issue(name, subject or f"/CN={name}", usage="clientAuth")
    files = {"cert_file": crt, "key_file": key, "ca_file": authority.crt, **more}
    return {kind: write(os.path.join(temp_dir(), kind), read(path))
            for kind, path in files.items() if path}


@limit(150)
def test_client_certificates():
    """etcd talks to nobody without one of its authority."""
    authority, stranger = Authority(temp_dir()), Authority(temp_dir(), "another CA")
    etcd = Etcd(tls=authority)
    pair = Replicas(etcd=etcd, tls=certificates(authority))
    pair.outage()
    assert "plain text" not in pair.leader.log(), "it is said to be plain text"
    # One of another authority; none; etcd is none that it trusts.
    other = pair.other(pair.leader)
    good = other.config["etcd"]["tls"]
    for tls, pattern in (
            (certificates(stranger, ca_file=authority.crt), "(alert|certificate)"),
            (certificates(authority, cert_file=None, key_file=None), "(alert|certificate)"),
            (certificates(authority, ca_file=stranger.crt), "(self-signed|issuer|verif)")):
        pair.configure(other, tls=tls)
        mark = other.log_size()
        other.ctl("reload").expect(0)
        other.wait_log("etcd cannot be used .*" + pattern, since=mark)
    pair.configure(other, tls=good)
    mark = other.log_size()
    other.ctl("reload").expect(0)
    other.wait_log("another kanatad leads", since=mark)
    pair.heal()
    pair.assert_once()


def test_certificates_are_renewed():
    """By a reload. Who it is says a password; one whose certificate says a name, too,
    is refused by etcd's gateway."""
    authority = Authority(temp_dir())
    etcd = Etcd(tls=authority)
    etcd.enable_auth("kanata", PASSWORD)
    one = Replicas(1, etcd=etcd, auth=login(PASSWORD),
                   tls=certificates(authority, subject="/O=kanata"))
    one.outage()
    one.configure(one.leader, tls=certificates(authority, "named"))
    one.leader.ctl("reload").expect(0)
    one.leader.wait_log("etcd cannot be used .*400 and no JSON: CommonName of client")
    one.configure(one.leader, tls=certificates(authority, "renewed", "/O=kanata"))
    one.leader.ctl("reload").expect(0)
    one.heal()
    one.assert_once()
    wait(lambda: "RESOLVED" in str(etcd.prefix()) or "MAJOROUTAGE" not in str(etcd.prefix()), 30,
         "etcd to hear of it")
