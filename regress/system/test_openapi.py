"""etc/kanata-openapi.yaml says what kanata-web answers: each path is asked, and each
answer is compared with the schema."""

import os
import sys

from harness import TOP, Skipped, equal, limit, wait
from web import Stream, world_with_web
from world import Kube

# The packages of Debian; their place is not that of a virtual environment.
sys.path.append("/usr/lib/python3/dist-packages")


def description():
    try:
        import jsonschema
        import yaml
    except ImportError as error:
        raise Skipped(f"{error.name} is not there") from None
    with open(os.path.join(TOP, "etc", "kanata-openapi.yaml"), encoding="utf-8") as file:
        return yaml.safe_load(file), jsonschema


class Api:
    def __init__(self):
        self.document, self.jsonschema = description()
        self.paths = self.document["paths"]

    def schema(self, path, status, kind):
        responses = self.paths[path]["get"]["responses"]
        response = responses.get(str(status), responses["default"])
        if "$ref" in response:
            response = self.document["components"]["responses"][response["$ref"].split("/")[-1]]
        assert kind in response["content"], f"{path} {status}: {kind} is not described"
        return response["content"][kind]["schema"]

    def check(self, value, schema):
        # References are looked up in the whole document.
        whole = {**schema, "components": self.document["components"]}
        self.jsonschema.Draft202012Validator(whole).validate(value)

    def check_answer(self, path, answer):
        kind = answer.headers["Content-Type"]
        schema = self.schema(path, answer.status, kind)
        self.check(answer.json() if kind == "application/json" else answer.body, schema)


def test_document():
    """It is one, and every path of web is in it."""
    document, jsonschema = description()
    jsonschema.Draft202012Validator.check_schema(document["components"]["schemas"]["Pod"])
    there = set()
    for name in ("probe", "metrics", "rest", "podwatch"):
        with open(os.path.join(TOP, "web", f"{name}.c"), encoding="utf-8") as file:
            there |= {line.split('"')[1] for line in file if line.startswith('\t{ "/')}
    equal(sorted(there - {"/v1"}), sorted(document["paths"]), "paths of web and of the description")


@limit(90)
def test_answers():
    api, kube = Api(), Kube()
    kube.fault("status", code=500, match="/pods", count=-1)
    kube.deployment("default", "api", 2)
    kube.pod("default", "alone")
    world, web = world_with_web(kube=kube, components={"cmp": "api", "cmp-2": "nothing"})
    for path, status in (("/readyz", 503), ("/v1/pods", 503), ("/v1/pods/watch", 503)):
        api.check_answer(path, web.wait(path, status))
    kube.clear()
    web.wait("/readyz")
    world.outage("api", "cmp")
    wait(lambda: web.get("/v1/incidents").json(), 20, "an incident")
    for path in api.paths:
        if path != "/v1/pods/watch":
            api.check_answer(path, web.wait(path))
    stream = Stream(web)
    events = stream.until_bookmark() + [{"type": "BOOKMARK"}]
    for event in events:
        api.check(event, api.schema("/v1/pods/watch", 200, "application/x-ndjson"))
    equal(len(events), 4, "events")
    # A difference would be seen.
    try:
        api.check({"type": "ADDED", "object": {"name": "x"}},
                  api.schema("/v1/pods/watch", 200, "application/x-ndjson"))
        raise AssertionError("anything passes")
    except api.jsonschema.ValidationError:
        pass


@limit(60)
def test_refusals():
    """Errors are as they are described, on every path."""
    api, (_, web) = Api(), world_with_web()
    web.wait("/readyz")
    for path in api.paths:
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
            answer = web.ask(path, method, "x")
            equal((answer.status, answer.headers["Allow"]), (405, "GET, HEAD"), f"{method} {path}")
            api.check_answer(path, answer)
        answer = web.get(path, Host="evil.example")
        equal(answer.status, 421, f"another name at {path}")
        api.check_answer(path, answer)
    answer = web.get("/v1/nothing")
    equal(answer.status, 404, "nothing")
    api.check(answer.json(), api.document["components"]["schemas"]["Error"])
    equal(web.ask("/v1/", "BREW").status, 501, "BREW")
    # Longer than a header or a body may be.
    equal(web.get("/v1/", X="x" * 9000).status, 400, "a long header")
    equal(web.ask("/v1/", "POST", "x" * 17000).status, 413, "a long body")


@limit(60)
def test_what_is_asked_for_besides():
    """Another type, another encoding, a part, only what is new: all are answered whole, and
    nothing between may keep it."""
    api, (_, web) = Api(), world_with_web()
    web.wait("/readyz")
    for path in api.paths:
        if path == "/v1/pods/watch":
            continue
        answer = web.get(path, **{
            "Accept": "application/xml", "Accept-Encoding": "gzip, br", "Range": "bytes=0-3",
            "If-None-Match": "*", "If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"})
        equal(answer.status, 200, path)
        api.check_answer(path, answer)
        equal((answer.headers["Content-Encoding"], answer.headers["Cache-Control"],
               answer.headers["X-Content-Type-Options"]), (None, "no-store", "nosniff"), path)
        head = web.ask(path, "HEAD")
        equal((head.status, head.body, head.headers["Content-Type"]),
              (200, "", answer.headers["Content-Type"]), f"HEAD {path}")
