"""A kanatad with web, and what a client does with it."""

import http.client
import json
import ssl

from harness import free_port, wait
from world import Kube, World


class Answer:
    def __init__(self, response, body):
        self.status, self.body, self.headers = response.status, body, response.headers

    def __repr__(self):
        return f"{self.status} {self.body[:2000]!r}"

    def json(self):
        return json.loads(self.body)


class Web:
    """Asks at a port of this machine."""

    def __init__(self, port, tls=None, host="127.0.0.1"):
        self.port, self.host, self.tls = port, host, tls

    def connect(self, timeout=20):
        if self.tls:
            return http.client.HTTPSConnection("localhost", self.port, timeout=timeout,
                                               context=self.tls)
        return http.client.HTTPConnection(self.host, self.port, timeout=timeout)

    def ask(self, path, method="GET", body=None, headers=None, timeout=20):
        connection = self.connect(timeout)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return Answer(response, response.read().decode())
        finally:
            connection.close()

    def get(self, path, **headers):
        return self.ask(path, headers=headers)

    def wait(self, path, status=200, limit=30):
        def asked():
            answer = self.get(path)
            assert answer.status == status, f"{path}: {answer!r}"
            return answer
        return wait(asked, limit, f"{path} to be {status}")


def trust(authority):
    return ssl.create_default_context(cafile=authority.crt)


def world_with_web(kube=None, components=None, web=None, tls=None, **extra):
    """A world of one component, its port of web and who asks there."""
    if kube is None:
        kube = Kube()
        kube.deployment("default", "api", 2)
    port = free_port()
    world = World(components or {"cmp": "api"}, kube=kube,
                  web={"listen": f"127.0.0.1:{port}", **(web or {})}, **extra)
    return world, Web(port, tls)


class Stream:
    """Reads what comes, line by line, with a limit."""

    def __init__(self, web, path="/v1/pods/watch", **headers):
        self.connection = web.connect(timeout=30)
        self.connection.request("GET", path, headers=headers)
        self.response = self.connection.getresponse()
        assert self.response.status == 200, f"{path}: {self.response.status}"

    def line(self):
        return self.response.readline().decode().rstrip("\n")

    def event(self):
        """Not the bookmarks that only show that it is there."""
        return json.loads(self.line())

    def until_bookmark(self):
        events = []
        while True:
            events.append(self.event())
            if events[-1]["type"] == "BOOKMARK":
                return events[:-1]

    def next(self, *types):
        """The next one that is of one of these types."""
        while True:
            event = self.event()
            if event["type"] in types:
                return event

    def close(self):
        self.connection.close()
