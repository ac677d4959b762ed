"""Chromium without a screen, driven by WebDriver (W3C), with the standard library."""

import base64
import http.client
import json
import os
import shutil

import reap
from harness import ROOT, USER, Skipped, free_port, give, register, temp_dir, wait

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


class Chromium:
    def __init__(self, width=1200, height=900, dark=False):
        if not shutil.which("chromedriver") or not shutil.which("chromium"):
            raise Skipped("no chromium and chromedriver")
        self.port, self.folder = free_port(), temp_dir()
        give(self.folder)
        who = dict(user=USER.pw_uid, group=USER.pw_gid, extra_groups=[]) if ROOT else {}
        with open(os.path.join(self.folder, "log"), "ab") as log:
            self.child = reap.start(
                ["chromedriver", f"--port={self.port}"], stdout=log, cwd="/",
                env={"PATH": os.environ["PATH"], "HOME": self.folder, "TMPDIR": self.folder},
                **who)
        register(self)
        arguments = [
            # It has no sandbox of its own where user namespaces are not allowed.
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            "--no-first-run", f"--window-size={width},{height}",
            "--ignore-certificate-errors", f"--user-data-dir={self.folder}/profile"]
        if dark:
            arguments.append("--force-dark-mode")
        wait(lambda: self.call("GET", "/status")["ready"], 60, "chromedriver")
        self.session = self.call("POST", "/session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "goog:loggingPrefs": {"browser": "ALL"},
            "goog:chromeOptions": {"args": arguments}}}})["sessionId"]

    def call(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request(method, path, None if body is None else json.dumps(body),
                               {"Content-Type": "application/json"})
            value = json.loads(connection.getresponse().read())["value"]
        finally:
            connection.close()
        if isinstance(value, dict) and "error" in value:
            raise AssertionError(f"{method} {path}: {value['error']}: {value['message']}")
        return value

    def do(self, method, path, **body):
        return self.call(method, f"/session/{self.session}{path}",
                         body if method == "POST" else None)

    def open(self, url):
        self.do("POST", "/url", url=url)

    def run(self, script, *args):
        """JavaScript in the page; what it returns."""
        return self.do("POST", "/execute/sync", script=script, args=list(args))

    def text(self, selector="body"):
        return self.run("const e = document.querySelector(arguments[0]);"
                        "return e ? e.innerText : ''", selector)

    def find(self, selector):
        return self.do("POST", "/element", using="css selector", value=selector)[ELEMENT]

    def type(self, selector, text):
        self.do("POST", f"/element/{self.find(selector)}/value", text=text)

    def click(self, selector):
        self.do("POST", f"/element/{self.find(selector)}/click")

    def keys(self, text):
        """To whatever has the focus."""
        actions = [action for key in text for action in (
            {"type": "keyDown", "value": key}, {"type": "keyUp", "value": key})]
        self.do("POST", "/actions", actions=[{"type": "key", "id": "keyboard",
                                              "actions": actions}])

    def screenshot(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.do("GET", "/screenshot")))

    def complaints(self):
        """What the console says in earnest: a policy that is broken, a file that is
        not there, an exception."""
        return [entry["message"] for entry in self.do("POST", "/se/log", type="browser")
                if entry["level"] == "SEVERE"]

    def stop(self):
        reap.end_group(self.child)

    def told(self):
        return ""
