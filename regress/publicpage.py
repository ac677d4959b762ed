"""The status page as its visitors see it: read from its HTML, drawn as text."""

from html.parser import HTMLParser

GREEN, BLUE, YELLOW, RED, BOLD, SOFT = "32", "34", "33", "31", "1", "2"
COLOURS = {"Operational": GREEN, "Under maintenance": BLUE, "Degraded performance": YELLOW,
           "Partial outage": RED, "Major outage": RED, "Resolved": GREEN}


class Incident:
    def __init__(self, name):
        self.name, self.affected, self.updates = name, [], []

    def status(self):
        return self.updates[0][0] if self.updates else "no update"


class PublicPage(HTMLParser):
    """components: {name: status in words}; open and past: incidents, newest first,
    as are their updates: (status, lines of text)."""

    VOID = ("meta", "br", "hr", "img", "link", "input")

    def __init__(self, html):
        super().__init__()
        self.title = self.banner = self.section = ""
        self.components, self.open, self.past = {}, [], []
        self.stack, self.name, self.update_status = [], None, ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.stack.append([tag, (dict(attrs).get("class") or "").split(), ""])

    def handle_data(self, data):
        if self.stack:
            self.stack[-1][2] += data

    def handle_endtag(self, tag):
        if self.stack and self.stack[-1][0] == tag:
            self.element(*self.stack.pop())

    def element(self, tag, css, raw):
        text = " ".join(raw.split())
        if tag == "h1":
            self.title = text
        elif tag == "h2":
            self.section = text
        elif tag == "p" and "banner" in css:
            self.banner = text
        elif tag == "span" and self.section == "Components":
            if self.name is None:
                self.name = text
            else:
                self.components[self.name], self.name = text, None
        elif self.section in ("Open incidents", "Past incidents"):
            self.incident_element(tag, css, text, raw)

    def incident_element(self, tag, css, text, raw):
        incidents = self.open if self.section == "Open incidents" else self.past
        if tag == "h3":
            incidents.append(Incident(text))
        elif tag == "div" and "soft" in css:
            affected = text.rpartition("since")[0].strip(" ·")
            incidents[-1].affected = affected.split(", ") if affected else []
        elif tag == "strong":
            self.update_status = text
        elif tag == "p" and incidents:
            lines = [line.strip() for line in raw.splitlines() if line.strip()]
            incidents[-1].updates.append((self.update_status, lines))

    def draw(self, paint=lambda text, colour: text):
        """Lines for a terminal; paint(text, colour) colours."""
        wide = max((len(name) for name in self.components), default=0)
        lines = [f"{paint(self.title, BOLD)}: {self.banner}"]
        lines += [f"  {name:<{wide}}  {paint(status, COLOURS.get(status, YELLOW))}"
                  for name, status in self.components.items()]
        for incident in self.open:
            lines.append(f"  {paint('Open incident', BOLD)}: {incident.name}")
            for status, text in incident.updates:
                first, *rest = text or [""]
                lines.append(f"    {paint(status, COLOURS.get(status, YELLOW))}: {first}")
                lines += ["      " + line for line in rest]
        for incident in self.past:
            status = incident.status()
            lines.append(paint("  Past incident: ", SOFT) + incident.name
                         + paint(f" ({status})", COLOURS.get(status, SOFT)))
        return lines
