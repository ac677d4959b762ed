"""The page as its readers see it. One document, no script, nothing fetched."""

import base64
import hashlib
from html import escape

WORDS = {
    "OPERATIONAL": "Operational", "UNDERMAINTENANCE": "Under maintenance",
    "DEGRADEDPERFORMANCE": "Degraded performance", "PARTIALOUTAGE": "Partial outage",
    "MAJOROUTAGE": "Major outage", "INVESTIGATING": "Investigating", "IDENTIFIED": "Identified",
    "MONITORING": "Monitoring", "RESOLVED": "Resolved"}
COLOURS = {"OPERATIONAL": "good", "UNDERMAINTENANCE": "quiet", "DEGRADEDPERFORMANCE": "warn",
           "PARTIALOUTAGE": "bad", "MAJOROUTAGE": "worst"}
SEVERITY = list(COLOURS)

STYLE = """
:root { color-scheme: light dark; --ink: #17181c; --soft: #62656e; --paper: #f6f6f4;
  --card: #fff; --line: #e2e2de; --good: #1c7f4f; --quiet: #4a6a8a; --warn: #8a6300;
  --bad: #b34b00; --worst: #b3132b; }
@media (prefers-color-scheme: dark) { :root { --ink: #ececea; --soft: #a2a5ad;
  --paper: #131416; --card: #1c1d21; --line: #303238; --good: #5fcf97; --quiet: #8fb3d9;
  --warn: #e6bd4f; --bad: #ff9f5a; --worst: #ff7c8a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 44rem; margin: 0 auto; padding: 2.5rem 1rem 4rem; }
h1 { font-size: 1.6rem; margin: 0 0 1.25rem; }
h2 { font-size: 1.05rem; margin: 2.25rem 0 .6rem; }
h3 { font-size: 1rem; margin: 0; }
a { color: inherit; }
.banner, .card { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: .9rem 1.1rem; overflow-wrap: anywhere; }
.banner { border-left: 5px solid currentColor; font-weight: 600; }
.card { margin-bottom: .75rem; }
ul { list-style: none; margin: 0; padding: 0; }
.components li { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem;
  padding: .55rem 0; border-top: 1px solid var(--line); }
.components li:first-child { border: 0; }
.updates li { margin-top: .7rem; padding-left: .8rem; border-left: 2px solid var(--line); }
.updates p { margin: 0; white-space: pre-wrap; }
.soft, time { color: var(--soft); font-size: .875rem; }
.good { color: var(--good); } .quiet { color: var(--quiet); } .warn { color: var(--warn); }
.bad { color: var(--bad); } .worst { color: var(--worst); }
"""
POLICY = ("default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
          "style-src 'sha256-%s'" % base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode())


def when(value):
    return f'<time datetime="{value}">{value[:10]} {value[11:19]} UTC</time>'


def headline(page):
    worst = max((c["status"] for c in page.components.values()), key=SEVERITY.index,
                default="OPERATIONAL")
    if worst == "OPERATIONAL":
        words = "Some systems have issues" if page.active() else "All systems operational"
        return "warn" if page.active() else "good", words
    return COLOURS[worst], {"UNDERMAINTENANCE": "Some systems are under maintenance"}.get(
        worst, WORDS[worst])


def component_row(component):
    status = component["status"]
    return (f'<li><span>{escape(component["name"])}</span>'
            f'<span class="{COLOURS[status]}">{WORDS[status]}</span></li>')


def incident_card(page, incident):
    updates = "".join(
        f'<li><p><strong>{WORDS[update["status"]]}</strong> {escape(update["message"])}</p>'
        f'{when(update["started"])}</li>' for update in reversed(incident["updates"]))
    affected = ", ".join(escape(page.components[id]["name"]) for id in incident["components"])
    return (f'<article class="card" id="{incident["id"]}"><h3>{escape(incident["name"])}</h3>'
            f'<div class="soft">{affected}{" · " if affected else ""}since '
            f'{when(incident["started"])}</div><ul class="updates">{updates}</ul></article>')


def render(page, pages):
    shown = [incident for incident in reversed(page.incidents.values()) if incident["published"]]
    open_now = [incident for incident in shown if incident["status"] != "RESOLVED"]
    past = [incident for incident in shown if incident["status"] == "RESOLVED"]
    colour, words = headline(page)
    others = " · ".join(f'<a href="/p/{escape(other.subdomain)}">{escape(other.name)}</a>'
                        for other in pages if other is not page)
    rows = "".join(component_row(component) for component in page.components.values()
                   if not component["archivedAt"])

    def section(title, incidents, nothing=""):
        if not incidents and not nothing:
            return ""
        cards = "".join(incident_card(page, incident) for incident in incidents)
        return f'<section><h2>{title}</h2>{cards or nothing}</section>'

    return f"""<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="10">
<title>{escape(page.name)} status</title><style>{STYLE}</style></head>
<body><main>
<h1>{escape(page.name)} status</h1>
<p class="banner {colour}" role="status">{words}</p>
{section("Open incidents", open_now)}
<section><h2>Components</h2><ul class="card components">{rows}</ul></section>
{section("Past incidents", past, '<p class="soft">No past incidents.</p>')}
<footer class="soft">{"Other pages: " + others if others else ""}</footer>
</main></body></html>
""".encode()
