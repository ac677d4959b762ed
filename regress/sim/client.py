"""Starts the simulators and tells them what to do. Safe to use from many threads."""

import http.client
import json
import os
import signal
import ssl
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))


class SimError(Exception):
    """A simulator refused a command or did not start."""


def wait_until(condition, limit=5.0, what="condition"):
    """Returns the first true value of condition(); an error after the limit."""
    end = time.monotonic() + limit
    while not (value := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"{what} not within {limit} s")
        time.sleep(0.01)
    return value


class Sim:
    """A running simulator. Used as a context manager it ends with the block."""

    SCRIPT = None

    def __init__(self, arguments, port=0, bind="127.0.0.1", cert=None, key=None, verbose=False,
                 start_limit=10.0):
        self.port, self.bind, self.cert = port, bind, cert
        self.start_limit = start_limit
        self.arguments = ["--bind", bind, *arguments]
        if cert:
            self.arguments += ["--cert", cert, "--key", key]
        if verbose:
            self.arguments.append("--verbose")
        self.process = None
        self.start()

    def start(self):
        """Also after stop(): with the same port, and nothing remembered."""
        with tempfile.TemporaryDirectory() as folder:
            port_file = os.path.join(folder, "port")
            self.process = subprocess.Popen(
                [sys.executable, "-B", os.path.join(HERE, self.SCRIPT), "--lifeline",
                 "--port", str(self.port), "--port-file", port_file, *self.arguments],
                stdin=subprocess.PIPE)

            def started():
                if self.process.poll() is not None:
                    raise SimError(f"{self.SCRIPT} ended with {self.process.returncode}")
                return os.path.exists(port_file)

            try:
                wait_until(started, self.start_limit, self.SCRIPT + " listening")
            except (SimError, TimeoutError):
                self.stop()
                raise
            with open(port_file) as file:
                self.port = int(file.read())
        return self

    def stop(self):
        if self.process is None:
            return
        self.process.stdin.close()
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def pause(self):
        """The whole process stands still: connections open, nobody home."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def url(self):
        return f"{'https' if self.cert else 'http'}://{self.bind}:{self.port}"

    def connect(self, timeout=30, client_cert=None, client_key=None):
        """An http.client connection that believes any certificate."""
        if not self.cert:
            return http.client.HTTPConnection(self.bind, self.port, timeout=timeout)
        context = ssl._create_unverified_context()
        if client_cert:
            context.load_cert_chain(client_cert, client_key)
        return http.client.HTTPSConnection(self.bind, self.port, timeout=timeout, context=context)

    def request(self, method, path, body=None, headers=None, timeout=30):
        """One request as anybody could make it: (status, headers, body bytes)."""
        connection = self.connect(timeout)
        try:
            if body is not None and not isinstance(body, (bytes, str)):
                body = json.dumps(body)
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def command(self, name, timeout=60, /, **arguments):
        """Any control command by its name."""
        status, _, body = self.request("POST", "/sim/" + name, arguments, timeout=timeout)
        answer = json.loads(body)
        if status != 200:
            raise SimError(f"{name}: {answer.get('error')}")
        return answer

    def state(self):
        return self.command("state")

    def fault(self, kind, **options):
        """options: match, method, watch, count (-1: until clear), and the fault's own."""
        self.command("fault", kind=kind, **options)

    def clear(self):
        self.command("clear")


class KubeSim(Sim):
    SCRIPT = "kubesim.py"

    def __init__(self, token=None, client_ca=None, bookmark=1.0, streaming_lists=False,
                 pod_padding=0, termination=0, **common):
        arguments = ["--bookmark", str(bookmark), "--pod-padding", str(pod_padding),
                     "--termination", str(termination)]
        if token:
            arguments += ["--token", token]
        if client_ca:
            arguments += ["--client-ca", client_ca]
        if streaming_lists:
            arguments.append("--streaming-lists")
        super().__init__(arguments, **common)

    def apply(self, object, managed=False):
        return self.command("apply", object=object, managed=managed)

    def delete(self, kind, ns, name):
        self.command("delete", kind=kind, ns=ns, name=name)

    def deployment(self, ns, name, replicas=1, **options):
        """options: labels, max_unavailable, max_surge, min_ready, ready_after,
        deadline, age, strategy, crash (ill from the start, a reason)."""
        return self.command("deployment", ns=ns, name=name, replicas=replicas, **options)

    def replicaset(self, ns, name, replicas=1, **options):
        """options: labels, min_ready, ready_after, age, crash."""
        return self.command("replicaset", ns=ns, name=name, replicas=replicas, **options)

    def statefulset(self, ns, name, replicas=1, **options):
        """options: labels, min_ready, ready_after, parallel, age, crash."""
        return self.command("statefulset", ns=ns, name=name, replicas=replicas, **options)

    def daemonset(self, ns, name, nodes=3, **options):
        """options: labels, max_unavailable, min_ready, ready_after, age, crash."""
        return self.command("daemonset", ns=ns, name=name, nodes=nodes, **options)

    def pod(self, ns, name, **options):
        """options: labels, ready_after, age, restart, crash."""
        self.command("pod", ns=ns, name=name, **options)

    def job(self, ns, name, **options):
        """options: completions, parallelism, duration, fail, backoff_limit,
        labels, cronjob."""
        return self.command("job", ns=ns, name=name, **options)

    def cronjob(self, ns, name, **options):
        """options: schedule, suspend."""
        self.command("cronjob", ns=ns, name=name, **options)

    def crash(self, ns, name, reason="CrashLoopBackOff", count=None, kind=None, ago=0):
        """The names of the pods that fell ill."""
        return self.command("crash", ns=ns, name=name, reason=reason, count=count, kind=kind,
                            ago=ago)["pods"]

    def heal(self, ns, name, kind=None):
        self.command("heal", ns=ns, name=name, kind=kind)

    def rollout(self, ns, name, duration=0, stuck=False, crash_new=False,
                reason="CrashLoopBackOff", deadline=2.0, kind=None):
        self.command("rollout", ns=ns, name=name, duration=duration, stuck=stuck,
                     crash_new=crash_new, reason=reason, deadline=deadline, kind=kind)

    def scale(self, ns, name, replicas, kind=None):
        self.command("scale", ns=ns, name=name, replicas=replicas, kind=kind)

    def delete_pod(self, ns, name):
        """By the pod's name, or one of a workload's. Returns its name."""
        return self.command("delete_pod", ns=ns, name=name)["pod"]

    def annotate(self, kind, ns, name, key, value=None):
        """Without a value the annotation is removed."""
        self.command("annotate", kind=kind, ns=ns, name=name, key=key, value=value)

    def bulk_pods(self, ns, prefix, count, labels=None):
        self.command("bulk_pods", 600, ns=ns, prefix=prefix, count=count, labels=labels)

    def touch_pods(self, count, ns=None, prefix=""):
        self.command("touch_pods", 600, count=count, ns=ns, prefix=prefix)

    def compact(self, form="http", drop=False):
        """With drop, open watches are closed in the same moment."""
        self.command("compact", form=form, drop=drop)

    def drop_watches(self):
        return self.command("drop_watches")["dropped"]

    def token(self, token=None):
        self.command("token", token=token)

    def forbid(self, resource, ns=None):
        self.command("forbid", resource=resource, ns=ns)

    def allow(self, resource=None):
        self.command("allow", resource=resource)

    def reset_counts(self):
        self.command("reset_counts")

    def get(self, path, token=None, **headers):
        """One GET as the API's client would make it: (status, JSON)."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        status, _, body = self.request("GET", path, headers=headers)
        return status, json.loads(body)


class InstatusSim(Sim):
    SCRIPT = "instatussim.py"

    def __init__(self, components=None, pages=None, api_key=None, page_id=None,
                 strict_updates=False, **common):
        """components: {id: name} of the default page; or pages, the list that --pages reads."""
        arguments = []
        for id, name in (components or {}).items():
            arguments += ["--component", f"{id}={name}"]
        if pages:
            arguments += ["--pages", json.dumps(pages)]
        if api_key:
            arguments += ["--api-key", api_key]
        if page_id:
            arguments += ["--page-id", page_id]
        if strict_updates:
            arguments.append("--strict-updates")
        self.api_key = api_key
        super().__init__(arguments, **common)

    def api(self, method, path, body=None):
        """One request with the key: (status, JSON)."""
        headers = {"Content-Type": "application/json"}
        if self.api_key:
            headers["Authorization"] = f"Bearer {self.api_key}"
        status, _, answer = self.request(method, path, body, headers)
        return status, json.loads(answer)

    # Short cuts into state().

    def page(self, page=None):
        """The page of that id, or the first."""
        pages = self.state()["pages"]
        return pages[page] if page else next(iter(pages.values()))

    def component_status(self, id, page=None):
        return self.page(page)["components"][id]["status"]

    def incidents(self, page=None, open_only=False):
        return [incident for incident in self.page(page)["incidents"]
                if not open_only or incident["status"] != "RESOLVED"]

    def requests(self, method=None, match=""):
        return [entry for entry in self.state()["requests"]
                if method in (None, entry["method"]) and match in entry["path"]]

    def triggers(self):
        return [entry["trigger"] for entry in self.state()["triggers"]]

    # What a human does on the page.

    def human(self, action, **what):
        return self.command("human", action=action, **what)

    def human_resolve_incident(self, id, message="Resolved by hand.", statuses=(), page=None):
        return self.human("resolve_incident", id=id, message=message, statuses=list(statuses),
                          page=page)

    def human_set_component(self, id, status, page=None):
        return self.human("set_component", id=id, status=status, page=page)

    def human_create_incident(self, name, page=None, **body):
        """body: status, message, components, statuses, started …"""
        return self.human("create_incident", name=name, page=page, **body)

    def human_delete_incident(self, id, page=None):
        self.human("delete_incident", id=id, page=page)

    def human_post_update(self, id, status, message="", statuses=(), page=None):
        return self.human("post_update", id=id, status=status, message=message,
                          statuses=list(statuses), page=page)

    def rate(self, per_second, burst=1, retry_after=True):
        self.command("rate", per_second=per_second, burst=burst, retry_after=retry_after)

    def key(self, key=None):
        """The key that is good from now on; None: any."""
        self.command("key", key=key)
        self.api_key = key

    def strict_updates(self, on=True):
        self.command("strict_updates", on=on)

    def reset(self):
        self.command("reset")
