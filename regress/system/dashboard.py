"""A dashboard with a user, and who is logged in there."""

import http.cookies
import os
import re
import urllib.parse

from harness import temp_dir, wait, write
from web import world_with_web

USER_NAME, PASSWORD = "noel", "correct horse battery"
# Of PASSWORD; `kanatad create-user` makes another each time.
HASH = "$y$j9T$/TEA0XraLHw0iOS3NrJgl/$PGF/9uK1.m.XfJ6nNYy4eb.r6dVm5cPyK4V2oXSMea0"


class Client:
    """A browser without scripts: keeps the cookie, sends the form's token."""

    def __init__(self, web):
        self.web, self.cookie = web, None

    def ask(self, path, method="GET", fields=None, **headers):
        if self.cookie:
            headers.setdefault("Cookie", "kanata=" + self.cookie)
        body = None
        if fields is not None:
            body = urllib.parse.urlencode(fields)
            headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        answer = self.web.ask(path, method, body, headers)
        for value in answer.headers.get_all("Set-Cookie") or ():
            self.cookie = http.cookies.SimpleCookie(value)["kanata"].value or None
        return answer

    def attempt(self, name=USER_NAME, password=PASSWORD, **headers):
        return self.ask("/admin/login", "POST", {"name": name, "password": password}, **headers)

    def login(self, *args, **headers):
        """An attempt that was not too close to the one before."""
        def attempted():
            answer = self.attempt(*args, **headers)
            return None if answer.status == 429 else answer
        return wait(attempted, 20, "to be let in or not")

    def page(self):
        return self.ask("/admin").body

    def token(self):
        return re.search(r'name="form" value="([0-9a-f]{64})"', self.page())[1]

    def operate(self, do, component="cmp", duration="1h", reason="", **more):
        return self.ask("/admin/operate", "POST", {
            "form": self.token(), "do": do, "component": component, "duration": duration,
            "reason": reason, **more})


def users_file(*rows):
    path = os.path.join(temp_dir(), "users.yml")
    write(path, "users:\n" + "".join(f"  - {name}: {hash}\n" for name, hash in rows))
    return path


def world_with_dashboard(web=None, **extra):
    """World, Web and a Client that is not logged in."""
    path = users_file((USER_NAME, HASH))
    world, at = world_with_web(web={"users_file": path, **(web or {})}, **extra)
    at.wait("/v1/components")
    # The notifier tells web of them one by one.
    wait(lambda: {one["id"] for one in at.get("/v1/components").json()}
         >= set(world.config["components"]), 30, "web to know the components")
    return world, at, Client(at)
