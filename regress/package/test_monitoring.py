"""etc/prometheus and etc/grafana: valid. That a scrape has what they look for is tested
by system/web."""

import json
import os
import re
import shutil
import subprocess

from harness import HERE, TOP, Skipped, equal, read, temp_dir

RULES = os.path.join(TOP, "etc", "prometheus", "kanata.rules.yml")
DASHBOARD = os.path.join(TOP, "etc", "grafana", "kanata.json")
CASES = os.path.join(HERE, "..", "package", "kanata.rules.test.yml")


def promtool(*args):
    if not shutil.which("promtool"):
        raise Skipped("no promtool")
    done = subprocess.run(["promtool", *args], capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL)
    equal(done.returncode, 0, f"promtool {args[:2]}: {done.stdout}{done.stderr}")


def queries():
    """{panel: queries}"""
    return {panel["title"]: [target["expr"] for target in panel["targets"]]
            for panel in json.loads(read(DASHBOARD))["panels"]}


def test_rules():
    promtool("check", "rules", RULES)


def test_alerts():
    folder = temp_dir()
    for path in (RULES, CASES):
        shutil.copy(path, folder)
    promtool("test", "rules", os.path.join(folder, os.path.basename(CASES)))
    # Each alert has been seen.
    cases = read(CASES)
    for alert in re.findall(r"alert: (\w+)", read(RULES)):
        assert alert in cases, f"{alert} is in no test"


def test_dashboard():
    found = queries()
    assert len(found) > 15, f"only {list(found)}"
    lines = ["groups:", "    - name: dashboard", "      rules:"]
    for panel, texts in found.items():
        for text in texts:
            text = text.replace("$__rate_interval", "5m").replace("$job", ".*")
            lines += ["          - record: x:y", f"            expr: {json.dumps(text)}",
                      f"            labels: {{panel: {json.dumps(panel)}, n: '{len(lines)}'}}"]
    path = os.path.join(temp_dir(), "dashboard.yml")
    with open(path, "w") as file:
        file.write("\n".join(lines) + "\n")
    promtool("check", "rules", path)
    places = [tuple(panel["gridPos"].values()) for panel in json.loads(read(DASHBOARD))["panels"]]
    equal(len(places), len(set(places)), "places of panels")
