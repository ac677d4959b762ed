"""The ways into a cluster: exec plugins, proxies, several kubeconfigs, the files of a
service account that are replaced."""

import base64
import json
import os
import re
import signal
import socket
import ssl
import threading
import time

from cagecheck import environment, find_in_memory, status
from harness import (ROOT, Authority, equal, limit, make_dir, register, temp_dir, wait,
                     write, yaml)
from kanata import Kanata
import reap
from world import KEY, TOKEN, Kube, Page, World

V1 = "client.authentication.k8s.io/v1"
OTHER = "kube-secret-second-7be1"
GIVEN = "plugin-secret-5ad0c3"      # in the env of the kubeconfig


# -- exec plugins


class Plugin:
    """A program that prints what it is told to, and notes how it was run."""

    def __init__(self, **status):
        self.folder = make_dir(os.path.join(temp_dir(), "plugin"))
        self.path = write(os.path.join(self.folder, "get-token"), f"""#!/bin/sh
cd {self.folder} || exit 9
env > env.new && mv env.new env
printf '%s\\n' "$@" > args
cat > stdin
readlink /proc/self/fd/* > fds
cat says
. ./then
echo run >> runs
""", 0o755)
        self.then("")
        if status:
            self.gives(**status)

    def says(self, text):
        write(os.path.join(self.folder, "new"), text)
        os.rename(os.path.join(self.folder, "new"), os.path.join(self.folder, "says"))

    def gives(self, version=V1, **status):
        self.says(json.dumps({"apiVersion": version, "kind": "ExecCredential",
                              "status": status}))

    def then(self, code):
        write(os.path.join(self.folder, "then"), code + "\n")

    def note(self, name):
        with open(os.path.join(self.folder, name)) as file:
            return file.read()

    def runs(self):
        try:
            return len(self.note("runs").splitlines())
        except FileNotFoundError:
            return 0

    def told(self):
        return {"runs": self.runs()}

    def user(self, **more):
        return {"exec": {"apiVersion": V1, "command": self.path, "interactiveMode": "Never",
                         **more}}


def plugin_world(plugin, kube=None, start=True, **more):
    kube = kube or Kube()
    kube.deployment("default", "api", 2)
    path = kube.kubeconfig(user=plugin.user(**more))
    world = World({"cmp": "api"}, kube=kube, start=False,
                  clusters=[{"name": "sim", "kubeconfig": path}])
    world.kanata.secrets += [text.encode() for text in (OTHER, GIVEN)]
    if start:
        world.kanata.start()
    return world


def runner_pid(kanata):
    for pid in reap.children_of(kanata.child.pid):
        with open(f"/proc/{pid}/comm") as file:
            if file.read().strip() == "kanata-runner":
                return pid
    raise AssertionError("no runner")


def soon(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


@limit(120)
def test_exec_token():
    """A whole outage; then the token is refused, and the plugin has another."""
    plugin = Plugin(token=TOKEN)
    world = plugin_world(plugin)
    world.wait_all()
    world.outage("api", "cmp")
    world.recovery("api", "cmp")
    equal(plugin.runs(), 1, "runs of the plugin")
    plugin.gives(token=OTHER)
    world.kube.token(OTHER)
    world.kube.drop_watches()
    wait(lambda: plugin.runs() == 2, 30, "the plugin to be run again")
    world.outage("api", "cmp")
    world.recovery("api", "cmp")
    equal(plugin.runs(), 2, "runs of the plugin")
    world.kanata.assert_no_restarts()
    world.kanata.end()


@limit(120)
def test_exec_expires():
    """It is asked again before, without a single refusal, and one call at a time."""
    plugin = Plugin(token=TOKEN, expirationTimestamp=soon(25))
    world = plugin_world(plugin)
    world.wait_all()
    equal(plugin.runs(), 1, "runs of the plugin")
    plugin.gives(token=TOKEN)
    wait(lambda: plugin.runs() == 2, 40, "the plugin to be run again")
    assert "HTTP 401" not in world.kanata.log(), "a token was refused"
    world.kanata.end()


@limit(120)
def test_exec_environment():
    """Its own, little of the daemon's, and what the kubeconfig gives; nobody else
    has that, and nobody but the watcher what it prints."""
    plugin = Plugin(token=TOKEN)
    plugin.then("echo 'a word of \033[31mmine' >&2")
    world = plugin_world(plugin, start=False, args=["-a", "b c", ""], provideClusterInfo=True,
                         env=[{"name": "GIVEN", "value": GIVEN}, {"name": "LANG", "value": "C"}])
    world.kanata.env.update(AWS_SECRET_ACCESS_KEY="hunter2", NO_PROXY="example.org")
    world.kanata.start()
    world.wait_all()
    got = dict(line.split("=", 1) for line in plugin.note("env").splitlines())
    for name in ("PWD", "OLDPWD", "SHLVL", "_"):        # the shell's own
        got.pop(name, None)
    info = json.loads(got.pop("KUBERNETES_EXEC_INFO"))
    equal(got, {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": world.kanata.folder,
                "NO_PROXY": "example.org", "GIVEN": GIVEN, "LANG": "C"}, "its environment")
    equal(info, {"apiVersion": V1, "kind": "ExecCredential", "spec": {
        "interactive": False, "cluster": {"server": world.kube.url}}}, "KUBERNETES_EXEC_INFO")
    equal(plugin.note("args"), "-a\nb c\n\n", "its arguments")
    equal(plugin.note("stdin"), "", "its standard input")
    for line in plugin.note("fds").splitlines():
        assert line.startswith(("/dev/null", "pipe:", plugin.folder, "/proc/")), f"it has {line}"
    world.kanata.wait_log(r"sim: exec plugin: a word of \\033\[31mmine")
    runner = runner_pid(world.kanata)
    equal(status(runner)["NoNewPrivs"], "1", "no_new_privs of the runner")
    if ROOT:
        equal(os.stat(f"/proc/{runner}/mem").st_uid, 0, "owner of the runner's /proc files")
        assert b"hunter2" not in environment(runner), "the runner has more than it needs"
        needles = {"token": TOKEN.encode(), "what is given": GIVEN.encode()}
        for name, pid in {**world.kanata.pids(), "runner": runner}.items():
            found = find_in_memory(pid, needles)
            if name == "watcher":
                assert "token" in found, "the watcher has no token"
                found.pop("token")
            equal(found, {}, f"in the memory of {name}")
    world.kanata.end()


@limit(120)
def test_exec_certificate():
    """Certificate and key; another one means other connections."""
    folder = temp_dir()
    ca = Authority(folder)
    crt, key = ca.issue("server", "/CN=sim", "IP:127.0.0.1")
    kube = Kube(token=None, cert=crt, key=key, client_ca=ca.crt)
    kube.deployment("default", "api", 2)
    first, second = (ca.issue(name, f"/CN={name}", usage="clientAuth") for name in ("a", "b"))
    read = lambda path: open(path).read()
    pair = lambda paths: {"clientCertificateData": read(paths[0]),
                          "clientKeyData": read(paths[1])}
    plugin = Plugin(**pair(first), expirationTimestamp=soon(20))
    path = kube.kubeconfig(user=plugin.user(provideClusterInfo=True),
                           **{"certificate-authority": ca.crt})
    world = World({"cmp": "api"}, kube=kube, clusters=[{"name": "sim", "kubeconfig": path}])
    world.wait_all()
    plugin.gives(**pair(second))
    wait(lambda: plugin.runs() == 2, 40, "the plugin to be run again")
    world.outage("api", "cmp")
    world.recovery("api", "cmp")
    info = json.loads(re.search("(?m)^KUBERNETES_EXEC_INFO=(.*)$", plugin.note("env"))[1])
    text = base64.b64decode(info["spec"]["cluster"]["certificate-authority-data"]).decode()
    equal(text.strip(), read(ca.crt).strip(), "the CA that the plugin is told of")
    world.kanata.end()


@limit(120)
def test_exec_that_fails():
    """Missing, failing, talking nonsense: said clearly; the page stays quiet; then it
    works."""
    plugin = Plugin()
    os.rename(plugin.path, plugin.path + "-away")
    world = plugin_world(plugin, installHint="Get it from example.org.\nThen log in.")
    world.kanata.wait_log(r"the exec plugin \S+get-token: No such file")
    world.kanata.wait_log(r"sim: Get it from example.org\.")
    world.kanata.wait_log(r"sim: Then log in\.")
    world.kanata.wait_log("exec plugin: it has printed nothing; nothing is read until")
    equal(world.kanata.health("cmp"), "unknown", "health")
    equal(world.kube.state()["requests"], {}, "requests without a credential")
    wait(lambda: "exec plugin: it has printed" in str(world.kanata.show("watches")), 10,
         "kanatactl show watches to say why")
    plugin.says(GIVEN)
    plugin.then("exit 3")
    os.rename(plugin.path + "-away", plugin.path)
    world.kanata.wait_log("something that is no JSON", limit=40)
    world.kanata.wait_log("sim: the exec plugin ended with exit status 3")
    plugin.then("")
    plugin.gives(token=TOKEN)
    world.wait_all(limit=60)
    equal(world.page.incidents(), [], "incidents")
    world.kanata.assert_no_restarts()
    world.kanata.end()


@limit(120)
def test_exec_keeps_the_last_credential():
    """What cannot be renewed stays in use as long as the server takes it."""
    plugin = Plugin(token=TOKEN, expirationTimestamp=soon(20))
    world = plugin_world(plugin)
    world.wait_all()
    plugin.says("no")
    world.kanata.wait_log("no JSON; the last credential stays in use", limit=40)
    world.kube.drop_watches()
    world.outage("api", "cmp")
    world.recovery("api", "cmp")
    world.kanata.end()


def test_runner_dies():
    """It cannot be started from within the cage: kanatad ends, for the service
    manager to start it again."""
    plugin = Plugin(token=TOKEN)
    world = plugin_world(plugin)
    world.wait_all()
    os.kill(runner_pid(world.kanata), signal.SIGKILL)
    world.kanata.wait_end(1)
    assert "no exec plugin runs without it: kanatad ends" in world.kanata.log()


@limit(90)
def test_runner_hangs():
    """It is beyond the parent's reach, where Landlock bounds signals: it goes with
    kanatad."""
    plugin = Plugin(token=TOKEN)
    world = plugin_world(plugin)
    world.wait_all()
    runner = runner_pid(world.kanata)
    os.kill(runner, signal.SIGSTOP)
    world.kanata.wait_end(1, limit=60)
    assert re.search("runner: it does not answer; killed", world.kanata.log()), "no reason"
    wait(lambda: not os.path.exists(f"/proc/{runner}") or
         status(runner)["State"].startswith("Z"), 10, "the runner to end")


def test_runner_dies_with_the_parent():
    plugin = Plugin(token=TOKEN)
    world = plugin_world(plugin)
    world.wait_all()
    runner = runner_pid(world.kanata)
    os.kill(world.kanata.child.pid, signal.SIGKILL)
    reap.wait(world.kanata.child, 10)
    wait(lambda: not os.path.exists(f"/proc/{runner}") or
         status(runner)["State"].startswith("Z"), 10, "the runner to end")
    world.kanata.kill9_tree()


def test_reload_with_the_first_plugin():
    """Refused: what runs it can only be started before the cage."""
    plugin = Plugin(token=TOKEN)
    kube = Kube()
    kube.deployment("default", "api", 2)
    world = World({"cmp": "api"}, kube=kube)
    world.wait_all()
    path = kube.kubeconfig(user=plugin.user())
    world.kanata.configure({**world.config, "clusters": [{"name": "sim", "kubeconfig": path}]})
    world.kanata.reload().expect(1, "exec plugin now.*restart kanatad")
    equal(world.kanata.health("cmp"), "ok", "health")
    equal(plugin.runs(), 0, "runs of the plugin")
    world.kanata.end()


def test_reload_runs_the_plugin_anew():
    """And leaves the watch alone that it needs nothing new for."""
    plugin = Plugin(token=TOKEN)
    world = plugin_world(plugin)
    world.wait_all()
    lists = len([q for q in world.kube.state()["queries"] if "watch" not in q["query"]])
    world.kanata.reload().expect(0)
    wait(lambda: plugin.runs() == 2, 20, "the plugin to be run again")
    now = len([q for q in world.kube.state()["queries"] if "watch" not in q["query"]])
    equal(now, lists, "lists")
    world.kanata.end()


# -- proxies


class ConnectProxy:
    """A proxy that knows CONNECT; every name is this machine."""

    def __init__(self, context=None):
        self.targets, self.heads, self.context = [], [], context
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()
        register(self)

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        try:
            if self.context is not None:
                client = self.context.wrap_socket(client, server_side=True)
            head = b""
            while b"\r\n\r\n" not in head:
                piece = client.recv(4096)
                if not piece:
                    return
                head += piece
            method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
            self.heads.append(head.decode())
            if method != "CONNECT":
                return client.sendall(b"HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n")
            self.targets.append(target)
            with socket.create_connection(("127.0.0.1", int(target.rsplit(":", 1)[1]))) as server:
                client.sendall(b"HTTP/1.1 200 Yes\r\n\r\n")
                back = threading.Thread(target=self.copy, args=(server, client), daemon=True)
                back.start()
                self.copy(client, server)
                back.join()
        except (OSError, ValueError):
            pass
        finally:
            client.close()

    @staticmethod
    def copy(a, b):
        try:
            while data := a.recv(65536):
                b.sendall(data)
            b.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def told(self):
        return {"targets": self.targets[-10:]}

    def stop(self):
        # close() alone would not wake who waits in accept().
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def proxied_world(env=None, user=None, context=None, **cluster):
    """The cluster is kube.test, a name that only the proxy knows."""
    ca = Authority(temp_dir())
    crt, key = ca.issue("server", "/CN=sim", "DNS:kube.test")
    kube = Kube(cert=crt, key=key)
    kube.deployment("default", "api", 2)
    proxy = ConnectProxy(context(ca) if context else None)
    options = {"certificate-authority": ca.crt, "server": f"https://kube.test:{kube.port}",
               **{name: text.replace("PORT", str(proxy.port)) for name, text in cluster.items()}}
    path = kube.kubeconfig(**options)
    world = World({"cmp": "api"}, kube=kube, start=False,
                  clusters=[{"name": "sim", "kubeconfig": path}])
    world.kanata.env.update({name: text.replace("PORT", str(proxy.port))
                             for name, text in (env or {}).items()})
    return world, proxy


def whole_outage(world):
    world.kanata.start()
    world.wait_all()
    world.outage("api", "cmp")
    world.recovery("api", "cmp")
    world.kanata.assert_no_restarts()
    world.kanata.end()


def assert_tunnels_only(world, proxy):
    equal(set(proxy.targets), {f"kube.test:{world.kube.port}"}, "what the proxy was asked for")
    assert TOKEN not in "".join(proxy.heads), "the proxy has seen the token"
    equal({head[:8] for head in proxy.heads}, {"CONNECT "}, "methods")


@limit(90)
def test_proxy_url():
    world, proxy = proxied_world(**{"proxy-url": "http://127.0.0.1:PORT"})
    whole_outage(world)
    assert_tunnels_only(world, proxy)


@limit(90)
def test_proxy_url_with_tls_and_password():
    def context(ca):
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*ca.issue("proxy", "/CN=proxy", "IP:127.0.0.1"))
        return tls
    world, proxy = proxied_world(context=context,
                                 **{"proxy-url": "https://me:hunter%32@127.0.0.1:PORT"})
    world.kanata.secrets.append(b"hunter")
    whole_outage(world)
    assert_tunnels_only(world, proxy)
    # me:hunter2
    assert "Proxy-Authorization: Basic bWU6aHVudGVyMg==\r\n" in proxy.heads[0]


@limit(90)
def test_proxy_of_the_environment():
    world, proxy = proxied_world(env={"HTTPS_PROXY": "127.0.0.1:PORT", "NO_PROXY": "other.test"})
    whole_outage(world)
    assert_tunnels_only(world, proxy)


@limit(90)
def test_no_proxy_of_the_environment():
    kube = Kube()
    kube.deployment("default", "api", 2)
    proxy = ConnectProxy()
    world = World({"cmp": "api"}, kube=kube, start=False)
    world.kanata.env["https_proxy"] = f"http://127.0.0.1:{proxy.port}"
    whole_outage(world)
    equal(proxy.targets, [], "this machine, by the proxy")
    world, proxy = proxied_world(env={"HTTPS_PROXY": "http://127.0.0.1:PORT",
                                      "NO_PROXY": ".test"})
    world.kanata.start()
    world.kanata.wait_log("kube.test:.*next try in")
    equal(proxy.targets, [], "what NO_PROXY names, by the proxy")


def test_proxies_that_are_refused():
    world, _ = proxied_world(**{"proxy-url": "socks5://127.0.0.1:PORT"})
    world.kanata.once("-n").expect(1, r"kubeconfig:\d+:\d+: `proxy-url`: a SOCKS proxy")
    world, _ = proxied_world(env={"HTTPS_PROXY": "http://u:hunter2@127.0.0.1:PORT"})
    done = world.kanata.once("-n").expect(1, "HTTPS_PROXY in the environment.*holds no secret")
    assert "hunter2" not in done.out + done.err, "it prints the password"


# -- kubeconfigs


@limit(90)
def test_several_kubeconfigs():
    """Context, cluster and user in three files, another missing, others empty; each
    path starts at the folder of its file."""
    kube = Kube()
    kube.deployment("default", "api", 2)
    folders = [temp_dir() for _ in range(3)]
    paths = [os.path.join(folder, "config") for folder in folders]
    write(os.path.join(folders[2], "token"), TOKEN + "\n")
    write(paths[0], yaml({"contexts": [
        {"name": "it", "context": {"cluster": "c", "user": "u"}}]}) + "\n")
    write(paths[1], yaml({"current-context": "it", "clusters": [
        {"name": "c", "cluster": {"server": kube.url}}]}) + "\n")
    write(paths[2], yaml({"current-context": "other", "clusters": [
        {"name": "c", "cluster": {"server": "https://192.0.2.1"}}],
        "users": [{"name": "u", "user": {"tokenFile": "token"}}]}) + "\n")
    page = Page({"cmp": "A"})
    world = World({"cmp": "api"}, kube=kube, page=page, start=False)
    config = dict(world.config)
    del config["clusters"]
    world.kanata.configure(config)
    empty = [write(os.path.join(folder, "empty"), "") for folder in folders]
    world.kanata.env["KUBECONFIG"] = ":".join([empty[0], paths[0], "/nowhere/config", empty[1],
                                               *paths[1:], empty[2]])
    whole_outage(world)
    world.kanata.env["KUBECONFIG"] = ":".join(empty)
    world.kanata.once("-n").expect(1, re.escape(empty[2]) + ":1:1: there is nothing in the file")
    world.kanata.env["KUBECONFIG"] = ":".join(paths)
    # An error in the last one names it.
    write(paths[2], "clusters: {}\n")
    world.kanata.once("-n").expect(1, re.escape(paths[2]) + ":1:11: `clusters`: expected a list|"
                                   + re.escape(paths[0]) + r":\d+:\d+: there is no user `u`")
    world.kanata.env["KUBECONFIG"] = "/nowhere/config:/nowhere/else"
    world.kanata.once("-n").expect(1, "/nowhere/config:/nowhere/else, and no such file")


def test_insecure_is_warned_of():
    ca = Authority(temp_dir())
    crt, key = ca.issue("server", "/CN=sim", "DNS:another.test")
    kube = Kube(cert=crt, key=key)
    kube.deployment("default", "api", 2)
    path = kube.kubeconfig(**{"insecure-skip-tls-verify": True})
    world = World({"cmp": "api"}, kube=kube, clusters=[{"name": "sim", "kubeconfig": path}])
    world.wait_all()
    pattern = r"kubeconfig:\d+:\d+: `insecure-skip-tls-verify`: whoever is between"
    equal(len(re.findall(pattern, world.kanata.log())), 1, "warnings")
    world.kanata.end()
    world.kanata.start()
    equal(len(re.findall(pattern, world.kanata.log())), 2, "warnings after another start")
    world.kanata.end()


# -- in a cluster


class ServiceAccount:
    """As the kubelet makes it: names that lead through ..data, which is swapped."""

    def __init__(self, ca):
        self.folder, self.ca, self.number = temp_dir(), ca, 0
        for name in ("token", "ca.crt", "namespace"):
            os.symlink(f"..data/{name}", os.path.join(self.folder, name))

    def swap(self, token):
        self.number += 1
        new = os.path.join(self.folder, f"..{self.number}")
        os.mkdir(new, 0o755)
        write(os.path.join(new, "token"), token, 0o644)
        write(os.path.join(new, "ca.crt"), open(self.ca).read(), 0o644)
        write(os.path.join(new, "namespace"), "default", 0o644)
        link = os.path.join(self.folder, "..data")
        os.symlink(os.path.basename(new), link + "_tmp")
        os.rename(link + "_tmp", link)
        old = os.path.join(self.folder, f"..{self.number - 1}")
        if os.path.isdir(old):
            for name in os.listdir(old):
                os.unlink(os.path.join(old, name))
            os.rmdir(old)


@limit(120)
def test_projected_token_rotates():
    """The file behind the symbolic link is another, the old token is refused: read
    again at once, nothing is missed."""
    ca = Authority(temp_dir())
    crt, key = ca.issue("server", "/CN=sim", "IP:127.0.0.1")
    kube = Kube(cert=crt, key=key)
    kube.deployment("default", "api", 2)
    account = ServiceAccount(ca.crt)
    account.swap(TOKEN)
    page = Page({"cmp": "A"})
    kanata = Kanata({"key": KEY, "instatus": {"url": page.url},
                     "clusters": [{"name": "sim", "in_cluster": account.folder}],
                     "defaults": {"down_after": "1s", "up_after": "1s"},
                     "components": {"cmp": "api"}}, secrets=(KEY, TOKEN, OTHER),
                    env={"KUBERNETES_SERVICE_HOST": "127.0.0.1",
                         "KUBERNETES_SERVICE_PORT": str(kube.port)})
    kanata.wait_health("cmp", "ok")
    for token in (OTHER, TOKEN + "-third"):
        account.swap(token)
        kube.token(token)
        kube.drop_watches()
        kube.crash("default", "api")
        page.wait_status("cmp", "MAJOROUTAGE", limit=40)
        kube.heal("default", "api")
        page.wait_status("cmp", "OPERATIONAL", limit=40)
    kanata.assert_no_restarts()
    kanata.end()
