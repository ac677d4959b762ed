#!/usr/bin/env python3
"""An Instatus for tests: keeps pages, refuses what the real one should refuse.

Everything under /sim/ is the test's own control of it: POST /sim/<command> calls
the method sim_<command> of Instatus with the JSON object's members as arguments.
"""

import copy
import json
import random
import re
import threading
import time
from datetime import datetime

import simhttp
import statuspage
from simhttp import BadCommand, Faults, Hangup, SimHandler, timestamp

FAULTS = {"status", "garbage", "html", "nothing", "nothing_after", "close_before", "close_after",
          "slow", "slow_after_act", "late"}
AFTER_ACTING = ("close_after", "slow_after_act", "nothing_after")
BEFORE_ACTING = tuple(FAULTS - set(AFTER_ACTING))

COMPONENT_STATUS = ("OPERATIONAL", "UNDERMAINTENANCE", "DEGRADEDPERFORMANCE", "PARTIALOUTAGE",
                    "MAJOROUTAGE")
INCIDENT_STATUS = ("INVESTIGATING", "IDENTIFIED", "MONITORING", "RESOLVED")


class ApiError(Exception):
    def __init__(self, http, code, message, headers=()):
        super().__init__(message)
        self.http, self.headers = http, headers
        self.body = {"error": {"code": code, "message": message}}


def refuse(message):
    raise ApiError(400, "bad_request", message)


def not_found(what):
    raise ApiError(404, "not_found", f"{what} not found")


# What a property must be: each test returns what it expected, or None.

def expect(kind, name):
    return lambda value: None if type(value) is kind else name


text, boolean, integer = expect(str, "a string"), expect(bool, "a boolean"), expect(int, "an integer")


def one_of(values):
    return lambda value: None if value in values else "one of " + ", ".join(values)


def date(value):
    try:
        parse_date(value)
    except (TypeError, ValueError):
        return "a date"
    return None


def list_of(test):
    def check(value):
        if not isinstance(value, list):
            return "an array"
        return next((f"an array, each of it {wrong}" for wrong in map(test, value) if wrong), None)
    return check


def component_status(value):
    if (not isinstance(value, dict) or text(value.get("id"))
            or value.get("status") not in COMPONENT_STATUS):
        return "an object with a component's id and status"
    return None


def translations(value):
    good = isinstance(value, dict) and all(
        isinstance(entry, dict) and all(isinstance(word, str) for word in entry.values())
        for entry in value.values())
    return None if good else "an object of translations"


COMPONENT = {"name": text, "description": text, "status": one_of(COMPONENT_STATUS),
             "order": integer, "showUptime": boolean, "grouped": boolean, "archived": boolean,
             "translations": translations}
INCIDENT = {"name": text, "message": text, "components": list_of(text), "started": date,
            "status": one_of(INCIDENT_STATUS), "notify": boolean, "shouldPublish": boolean,
            "statuses": list_of(component_status), "translations": translations}
UPDATE = {name: INCIDENT[name] for name in ("message", "components", "started", "status",
                                            "notify", "statuses", "translations")}


def check(body, properties, required=()):
    if not isinstance(body, dict):
        refuse("the body must be a JSON object")
    for name in required:
        if body.get(name) in (None, ""):
            refuse(f"{name} is required")
    for name, value in body.items():
        wanted = properties[name](value) if name in properties else None
        if wanted:
            refuse(f"{name} must be {wanted}")
    named = body.get("components", [])
    for entry in body.get("statuses", []):
        if entry["id"] not in named:
            refuse(f"statuses names {entry['id']}, components does not")
    return body


def parse_date(value):
    if not re.fullmatch(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", value):
        raise ValueError(value)
    value = re.sub(r"\.(\d+)", lambda part: "." + part[1][:6].ljust(6, "0"), value.upper())
    return datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp()


def date_form(value):
    return timestamp(round(parse_date(value), 3) + 1e-6, milliseconds=True)


def now():
    return timestamp(milliseconds=True)


def cuid():
    letters = "0123456789abcdefghijklmnopqrstuvwxyz"
    return "cl" + "".join(random.choices(letters, k=23))


class Page:
    def __init__(self, name, id=None, subdomain=None, components=(), webhook=None):
        self.id, self.name = id or cuid(), name
        self.subdomain = subdomain or re.sub(r"\W+", "-", name.lower())
        self.webhook = webhook
        self.components = {}
        self.incidents = {}
        for order, entry in enumerate(components):
            self.add_component(entry, order)

    def add_component(self, entry, order):
        made = now()
        component = {
            "id": entry.get("id") or cuid(), "name": entry["name"], "nameHtml": entry["name"],
            "uniqueEmail": f"component+{cuid()}@notifications.example",
            "description": entry.get("description", ""),
            "status": entry.get("status", "OPERATIONAL"), "order": order,
            "group": None, "groupId": None, "showUptime": True, "createdAt": made,
            "updatedAt": made, "archivedAt": None, "siteId": self.id, "isThirdParty": False,
            "thirdPartyStatus": None, "importedFromStatuspage": False, "startDate": None,
            "translations": {}}
        if entry.get("group"):
            parent = self.components[entry["group"]]
            component["groupId"] = parent["id"]
            component["group"] = {"id": parent["id"], "name": parent["name"], "isParent": True}
        self.components[component["id"]] = component

    def component(self, id):
        return self.components.get(id) or not_found("component")

    def incident(self, id):
        return self.incidents.get(id) or not_found("incident")

    # Changes. Each takes a body that was checked.

    def known(self, body):
        for id in body.get("components", []):
            if id not in self.components:
                refuse(f"there is no component {id}")

    def set_component(self, id, body):
        component = self.component(id)
        for name in ("name", "description", "status", "order", "showUptime", "translations"):
            if name in body:
                component[name] = body[name]
        if "archived" in body:
            component["archivedAt"] = now() if body["archived"] else None
        component["updatedAt"] = now()
        return component

    def set_statuses(self, body):
        for entry in body.get("statuses", []):
            self.set_component(entry["id"], {"status": entry["status"]})

    def create_incident(self, body, by="api"):
        self.known(body)
        started = date_form(body["started"]) if "started" in body else now()
        incident = {"id": cuid(), "name": body["name"], "status": body["status"],
                    "started": started, "resolved": None, "updates": [],
                    "components": list(body.get("components", [])),
                    "published": body.get("shouldPublish", True), "createdBy": by,
                    "createdAt": now(), "translations": body.get("translations", {})}
        self.incidents[incident["id"]] = incident
        self.add_update(incident, {**body, "started": started})
        return incident

    def add_update(self, incident, body):
        update = {"id": cuid(), "createdAt": now()}
        incident["updates"].append(update)
        self.edit_update(incident, update, {"message": "", "notify": False, "started": now(),
                                            **body})
        self.follow(incident, body["status"], update["started"])
        self.set_statuses(body)
        return update

    def edit_update(self, incident, update, body):
        for name in ("message", "status", "notify", "started", "translations"):
            if name in body:
                update[name] = body[name]
        update["started"] = date_form(update["started"])
        update["messageHtml"] = f"<p>{statuspage.escape(update['message'])}</p>"
        resolved = update["status"] == "RESOLVED"
        update["ended"] = update["started"] if resolved else None
        update["duration"] = 0 if resolved else None

    def follow(self, incident, status, when):
        incident["status"] = status
        incident["resolved"] = when if status == "RESOLVED" else None

    def edit_incident(self, incident, body):
        self.known(body)
        for name in ("name", "translations"):
            if name in body:
                incident[name] = body[name]
        if "components" in body:
            incident["components"] = list(body["components"])
        incident["started"] = date_form(body["started"])
        if body["status"] != incident["status"]:
            self.follow(incident, body["status"], now())
        self.set_statuses(body)

    # Reading.

    def read(self):
        bad = [c["status"] for c in self.components.values() if c["status"] != "OPERATIONAL"]
        if not bad:
            status = "HASISSUES" if self.active() else "UP"
        else:
            worst = max(bad, key=COMPONENT_STATUS.index)
            count = "ALL" if len(bad) == len(self.components) else "ONE" if len(bad) == 1 else "SOME"
            status = count + worst
        return {"id": self.id, "subdomain": self.subdomain, "name": self.name, "logoUrl": None,
                "faviconUrl": None, "websiteUrl": None, "customDomain": None,
                "publicEmail": None, "twitter": None, "status": status, "language": "en",
                "useLargeHeader": False, "brandColor": "#111111", "okColor": "#33B17E",
                "disruptedColor": "#FF8C03", "degradedColor": "#ECC94B", "downColor": "#DC123D",
                "noticeColor": "#70808F", "unknownColor": "#DFE0E1"}

    def active(self):
        return [incident for incident in self.incidents.values()
                if incident["status"] != "RESOLVED" and incident["published"]]

    def site(self):
        return {"id": self.id, "name": self.name, "subdomain": self.subdomain, "color": None,
                "logoUrl": None, "publicEmail": None}

    def read_incident(self, incident):
        resolved = incident["resolved"]
        minutes = None
        if resolved:
            seconds = parse_date(resolved) - parse_date(incident["started"])
            minutes = max(0, int(seconds // 60))
        return {"id": incident["id"], "name": incident["name"], "status": incident["status"],
                "started": incident["started"], "resolved": resolved, "duration": minutes,
                "updates": incident["updates"], "translations": incident["translations"],
                "components": [{
                    **{key: self.components[id][key] for key in
                       ("id", "name", "status", "showUptime")}, "site": self.site()}
                    for id in incident["components"]]}

    def read_update(self, incident, update):
        brief = {key: incident[key] for key in ("id", "name", "started", "status")}
        brief["components"] = self.read_incident(incident)["components"]
        return {**{key: update[key] for key in
                   ("id", "message", "messageHtml", "status", "notify", "started")},
                "incident": brief, "translations": update.get("translations", {})}

    def impact(self, incident):
        found = [self.components[id]["status"] for id in incident["components"]]
        found = [status for status in found if status != "UNDERMAINTENANCE"]
        return max(found, key=COMPONENT_STATUS.index, default="OPERATIONAL")

    def summary(self, base):
        bad = [c["status"] for c in self.components.values() if c["status"] != "OPERATIONAL"]
        status = ("HASISSUES" if self.active() or set(bad) - {"UNDERMAINTENANCE"}
                  else "UNDERMAINTENANCE" if bad else "UP")
        return {"page": {"name": self.name, "url": base, "status": status},
                "activeIncidents": [{
                    "name": incident["name"], "started": incident["started"],
                    "status": incident["status"], "impact": self.impact(incident),
                    "url": f"{base}/incident/{incident['id']}"} for incident in self.active()],
                "activeMaintenances": []}


class Bucket:
    """A token bucket."""

    def __init__(self, per_second, burst):
        self.per_second, self.burst = float(per_second), float(burst)
        self.tokens, self.at = self.burst, time.monotonic()

    def wait(self):
        """Seconds until the next request is welcome; 0 takes a token."""
        moment = time.monotonic()
        self.tokens = min(self.burst, self.tokens + (moment - self.at) * self.per_second)
        self.at = moment
        if self.tokens >= 1:
            self.tokens -= 1
            return 0
        return (1 - self.tokens) / self.per_second if self.per_second else 60


class Instatus:
    def __init__(self, args):
        self.initial = page_descriptions(args)
        self.initial_key, self.strict_updates = args.api_key, args.strict_updates
        self.lock = threading.RLock()
        self.faults = Faults(FAULTS)
        self.sim_reset()

    def page(self, id):
        # A page that is not yours looks the same as a bad key.
        return self.pages.get(id) or self.unauthorized()

    @staticmethod
    def unauthorized():
        raise ApiError(401, "unauthorized", "Not authorized")

    def first_page(self):
        return next(iter(self.pages.values()))

    def find_page(self, name):
        return next((page for page in self.pages.values() if name in (page.id, page.subdomain)),
                    None)

    # The integration that a webhook address belongs to.

    def trigger(self, id, body):
        if not isinstance(body, dict) or body.get("trigger") not in ("down", "up"):
            refuse("trigger must be down or up")
        page = next((page for page in self.pages.values() if page.webhook == id),
                    None if any(page.webhook for page in self.pages.values())
                    else self.first_page())
        if page is None:
            not_found("integration")
        trigger = body["trigger"]
        self.triggers.append({"id": id, "trigger": trigger, "time": time.time_ns()})
        open_now = [incident for incident in page.incidents.values()
                    if incident["createdBy"] == f"webhook {id}"
                    and incident["status"] != "RESOLVED"]
        if trigger == "down" and not open_now:
            page.create_incident({"name": f"{page.name} is down", "status": "INVESTIGATING",
                                  "message": "Our monitoring reports a problem."},
                                 f"webhook {id}")
        elif trigger == "up":
            for incident in open_now:
                page.add_update(incident, {"status": "RESOLVED", "message": "Recovered."})

    # Control.

    def sim_state(self, requests=True):
        """requests: with all that was ever asked, which can be much."""
        with self.lock:
            # Through JSON, so that later changes do not show in it.
            return json.loads(json.dumps({
                "pages": {page.id: {
                    **page.read(), "components": page.components,
                    "incidents": [{**page.read_incident(incident),
                                   "published": incident["published"],
                                   "createdBy": incident["createdBy"]}
                                  for incident in page.incidents.values()]}
                    for page in self.pages.values()},
                "triggers": self.triggers, "requests": self.requests if requests else []}))

    def sim_human(self, action, page=None, **what):
        """What somebody does in the dashboard."""
        actions = {"resolve_incident": self.human_resolve, "set_component": self.human_component,
                   "create_incident": self.human_create, "delete_incident": self.human_delete,
                   "post_update": self.human_update}
        if action not in actions:
            raise BadCommand(f"no action {action!r}; there are {', '.join(actions)}")
        with self.lock:
            chosen = self.find_page(page) if page else self.first_page()
            if chosen is None:
                raise BadCommand(f"no page {page!r}")
            try:
                return actions[action](chosen, **what)
            except ApiError as error:
                raise BadCommand(str(error))

    def human_resolve(self, page, id, message="Resolved by hand.", statuses=()):
        incident = page.incident(id)
        return page.add_update(incident, {"status": "RESOLVED", "message": message,
                                          "statuses": list(statuses)})

    def human_component(self, page, id, status):
        check({"status": status}, COMPONENT)
        return page.set_component(id, {"status": status})

    def human_create(self, page, name, status="INVESTIGATING", **rest):
        body = check({"name": name, "status": status, **rest}, INCIDENT)
        return page.read_incident(page.create_incident(body, "human"))

    def human_delete(self, page, id):
        del page.incidents[page.incident(id)["id"]]

    def human_update(self, page, id, status, message="", statuses=()):
        return page.add_update(page.incident(id), {"status": status, "message": message,
                                                   "statuses": list(statuses)})

    def sim_fault(self, kind, **options):
        self.faults.add(kind, **options)

    def sim_clear(self):
        with self.lock:
            self.faults.clear()
            self.bucket = None

    def sim_rate(self, per_second, burst=1, retry_after=True):
        with self.lock:
            self.bucket = Bucket(per_second, burst)
            self.say_retry_after = retry_after

    def sim_key(self, key=None):
        self.key = key

    def sim_strict_updates(self, on=True):
        self.strict_updates = on

    def sim_reset(self):
        with self.lock:
            self.pages = {}
            for description in self.initial:
                page = Page(**description)
                self.pages[page.id] = page
            self.key, self.bucket, self.say_retry_after = self.initial_key, None, True
            self.triggers, self.requests = [], []
            self.faults.clear()


def page_descriptions(args):
    if args.pages:
        if args.pages.startswith("["):
            return json.loads(args.pages)
        with open(args.pages) as file:
            return json.load(file)
    pairs = [pair.partition("=") for pair in args.component or ()]
    return [{"name": "Acme", "id": args.page_id,
             "components": [{"id": id, "name": name or id} for id, _, name in pairs]}]


class InstatusHandler(SimHandler):
    server_version = "instatussim"

    def answer_request(self):
        sim = self.server.sim
        entry = {"method": self.command, "path": self.url_path, "query": self.query_string,
                 "body": self.body.decode("utf-8", "replace"), "time": time.time_ns(),
                 "user_agent": self.headers.get("User-Agent", ""), "status": None,
                 "acted": None}
        try:
            entry["body"] = json.loads(self.body) if self.body else None
        except ValueError:
            pass
        with sim.lock:
            sim.requests.append(entry)
        self.entry = entry
        if self.fail_before_acting():
            return
        try:
            code, answer, headers = *self.act(), ()
        except ApiError as error:
            code, answer, headers = error.http, error.body, error.headers
        self.fail_after_acting()
        if isinstance(answer, bytes):
            return self.send_body(code, "text/html; charset=utf-8", answer,
                                  [("Content-Security-Policy", statuspage.POLICY)])
        self.send_json(code, answer, headers)

    def send_response(self, code, message=None):
        # The control requests have no entry.
        if getattr(self, "entry", None) is not None:
            self.entry["status"], self.entry = code, None
        super().send_response(code, message)

    # What goes wrong on request.

    def fail_before_acting(self):
        """True when that was the answer."""
        fault = self.server.sim.faults.take(BEFORE_ACTING, self.path, self.command)
        if fault is None:
            return False
        if fault.kind == "slow":
            self.server.sim.faults.until_cleared(fault.get("seconds", 1))
            return False
        if fault.kind == "nothing":
            self.server.sim.faults.until_cleared()
            raise Hangup
        if fault.kind == "close_before":
            raise Hangup
        if fault.kind == "html":
            self.send_body(200, "text/html", b"<!DOCTYPE html><title>Be right back</title>")
        elif fault.kind == "garbage":
            self.send_body(200, "application/json", random.randbytes(512))
        elif fault.kind == "late":
            # A gateway that does not wait for what is done behind it.
            timer = threading.Timer(fault.get("seconds", 1), copy.copy(self).act_late)
            timer.daemon = True
            timer.start()
            self.send_json(fault.get("code", 504), {"error": {"code": "gateway_timeout",
                                                              "message": "upstream timed out"}})
        else:
            code, retry_after = fault.get("code", 500), fault.get("retry_after", None)
            headers = [] if retry_after is None else [("Retry-After", str(retry_after))]
            body = fault.get("body", {"error": {"code": "error", "message": "simulated failure"}})
            self.send_json(code, body, headers)
        return True

    def act_late(self):
        try:
            self.act()
        except ApiError:
            pass

    def fail_after_acting(self):
        fault = self.server.sim.faults.take(AFTER_ACTING, self.path, self.command)
        if fault is None:
            return
        if fault.kind == "slow_after_act":
            self.server.sim.faults.until_cleared(fault.get("seconds", 1))
            return
        if fault.kind == "nothing_after":
            self.server.sim.faults.until_cleared()
        raise Hangup

    # The API.

    def act(self):
        """(HTTP status, answer)."""
        sim, path = self.server.sim, self.url_path
        with sim.lock:
            if self.command == "GET" and (shown := self.public(path)):
                return shown
            if sim.bucket and (wait := sim.bucket.wait()):
                headers = [("Retry-After", str(max(1, round(wait))))] if sim.say_retry_after else ()
                raise ApiError(429, "rate_limited", "Too many requests", headers)
            for method, pattern, action in ROUTES:
                found = re.fullmatch(pattern, path)
                if found and method == self.command:
                    if action is not InstatusHandler.webhook:
                        self.authenticate()
                    answer = action(self, *found.groups())
                    # Whatever becomes of the answer; in the order in which it was done.
                    self.entry["acted"] = {"time": time.time_ns(), "id": answer.get("id")
                                           if isinstance(answer, dict) else None}
                    return 200, answer
            not_found("endpoint")

    def authenticate(self):
        key = self.server.sim.key
        if key is not None and self.headers.get("Authorization") != f"Bearer {key}":
            self.server.sim.unauthorized()

    def public(self, path):
        """The page as everybody sees it, or None."""
        found = re.fullmatch(r"(?:/p/([\w-]+))?(/|/summary\.json|/incident/[\w-]+)?", path)
        if not found:
            return None
        sim = self.server.sim
        page = sim.find_page(found[1]) if found[1] else sim.first_page()
        if page is None:
            return 404, b"<!DOCTYPE html><title>Not found</title><h1>No such page</h1>"
        if found[2] == "/summary.json":
            return 200, page.summary(f"http://{self.headers.get('Host', 'localhost')}"
                                     f"/p/{page.subdomain}")
        return 200, statuspage.render(page, sim.pages.values())

    def parsed(self):
        try:
            return json.loads(self.body)
        except ValueError:
            refuse("the body is not JSON")

    def paged(self, items):
        try:
            number, size = int(self.query.get("page", 1)), int(self.query.get("per_page", 50))
        except ValueError:
            refuse("page and per_page must be integers")
        if number < 1 or not 1 <= size <= 100:
            refuse("page must be at least 1, per_page from 1 to 100")
        return items[(number - 1) * size:number * size]

    def list_pages(self):
        return self.paged([page.read() for page in self.server.sim.pages.values()])

    def list_components(self, page):
        return self.paged(list(self.server.sim.page(page).components.values()))

    def get_component(self, page, id):
        return self.server.sim.page(page).component(id)

    def put_component(self, page, id):
        page = self.server.sim.page(page)
        page.component(id)
        return page.set_component(id, check(self.parsed(), COMPONENT))

    def list_incidents(self, page):
        page = self.server.sim.page(page)
        include, exclude = self.statuses("status"), self.statuses("!status")
        # Newest first, as a status page has them.
        return self.paged([page.read_incident(incident)
                           for incident in reversed(page.incidents.values())
                           if (include is None or incident["status"] in include)
                           and (exclude is None or incident["status"] not in exclude)])

    def statuses(self, name):
        if name not in self.query:
            return None
        names = self.query[name].split(",")
        for status in names:
            if status not in INCIDENT_STATUS:
                refuse(f"{status!r} is no incident status")
        return names

    def create_incident(self, page):
        page = self.server.sim.page(page)
        body = check(self.parsed(), INCIDENT, ("name", "status"))
        return page.read_incident(page.create_incident(body))

    def get_incident(self, page, id):
        page = self.server.sim.page(page)
        return page.read_incident(page.incident(id))

    def put_incident(self, page, id):
        page = self.server.sim.page(page)
        incident = page.incident(id)
        # Reported by a client: the whole incident is validated, not the change.
        body = self.parsed()
        if isinstance(body, dict) and date(body.get("started")):
            refuse("started must be a date")
        page.edit_incident(incident, check(body, INCIDENT, ("name", "status", "started")))
        return page.read_incident(incident)

    def delete_incident(self, page, id):
        page = self.server.sim.page(page)
        del page.incidents[page.incident(id)["id"]]
        return {"id": id}

    def create_update(self, page, id):
        page = self.server.sim.page(page)
        incident = page.incident(id)
        body = check(self.parsed(), UPDATE, ("status", "components", "statuses"))
        page.known(body)
        had, named = incident["components"], body["components"]
        # Reported by a client: this reads as "remove all components".
        if had and not named:
            refuse("components must not be empty")
        if self.server.sim.strict_updates and set(had) != set(named):
            refuse("an update cannot change the components, PUT the incident")
        incident["components"] += [each for each in named if each not in had]
        return page.read_update(incident, page.add_update(incident, body))

    def get_update(self, page, id, update):
        page = self.server.sim.page(page)
        return page.read_update(page.incident(id), find_update(page.incident(id), update))

    def put_update(self, page, id, update):
        page = self.server.sim.page(page)
        incident = page.incident(id)
        update = find_update(incident, update)
        body = check(self.parsed(), UPDATE)
        page.known(body)
        page.edit_update(incident, update, body)
        if update is incident["updates"][-1]:
            page.follow(incident, update["status"], update["started"])
        page.set_statuses(body)
        return page.read_update(incident, update)

    def delete_update(self, page, id, update):
        incident = self.server.sim.page(page).incident(id)
        incident["updates"].remove(find_update(incident, update))
        return {"id": update}

    def user(self):
        return {"id": "cluser00000000000000000000", "email": "ops@example.com", "name": "Ops",
                "slug": "ops", "avatar": "https://example.com/avatar.png"}

    def webhook(self, id):
        self.server.sim.trigger(id, self.parsed())
        return {"ok": True}


def find_update(incident, id):
    return next((update for update in incident["updates"] if update["id"] == id),
                None) or not_found("incident update")


ID = r"([\w-]+)"
ROUTES = [(method, pattern.replace("ID", ID), action) for method, pattern, action in (
    ("GET", "/v2/pages", InstatusHandler.list_pages),
    ("GET", "/v1/user", InstatusHandler.user),
    ("GET", "/v1/ID/components", InstatusHandler.list_components),
    ("GET", "/v1/ID/components/ID", InstatusHandler.get_component),
    ("PUT", "/v1/ID/components/ID", InstatusHandler.put_component),
    ("GET", "/v1/ID/incidents", InstatusHandler.list_incidents),
    ("POST", "/v1/ID/incidents", InstatusHandler.create_incident),
    ("GET", "/v1/ID/incidents/ID", InstatusHandler.get_incident),
    ("PUT", "/v1/ID/incidents/ID", InstatusHandler.put_incident),
    ("DELETE", "/v1/ID/incidents/ID", InstatusHandler.delete_incident),
    ("POST", "/v1/ID/incidents/ID/incident-updates", InstatusHandler.create_update),
    ("GET", "/v1/ID/incidents/ID/incident-updates/ID", InstatusHandler.get_update),
    ("PUT", "/v1/ID/incidents/ID/incident-updates/ID", InstatusHandler.put_update),
    ("DELETE", "/v1/ID/incidents/ID/incident-updates/ID", InstatusHandler.delete_update),
    ("POST", "/v3/integrations/webhook/ID", InstatusHandler.webhook),
)]


def main():
    parser = simhttp.common_arguments(__doc__.split("\n")[0])
    parser.add_argument("--pages", metavar="FILE",
                        help="[{id, name, subdomain, webhook, components: [{id, name, status, "
                             "group}]}], a file or the JSON itself")
    parser.add_argument("--component", action="append", metavar="ID=NAME",
                        help="a component of the default page; may be repeated")
    parser.add_argument("--page-id", default="clacme0000000000000000000", help="of the default page")
    parser.add_argument("--api-key", help="bearer key wanted; any is good without")
    parser.add_argument("--strict-updates", action="store_true",
                        help="an incident update must name exactly the incident's components")
    args = parser.parse_args()
    simhttp.serve(args, InstatusHandler, Instatus(args))


if __name__ == "__main__":
    main()
