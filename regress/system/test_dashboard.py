"""The dashboard: users, logging in, the page without scripts, what it can do."""

import re
import subprocess

from dashboard import HASH, PASSWORD, USER_NAME, Client, users_file, world_with_dashboard
from harness import Authority, equal, give, read, temp_dir, wait
from kanata import Kanata
from web import Stream, trust, world_with_web
from world import Page


def create_user(kanata, name, typed):
    return subprocess.run(kanata.command("create-user", *name), input=typed, text=True,
                          env=kanata.environment(), capture_output=True, timeout=40, cwd="/")


def test_create_user():
    """Into a file that is not there; another password; and then they can log in."""
    world, web, client = world_with_dashboard()
    kanata = world.kanata
    path = kanata.folder + "/users.yml"
    give(kanata.folder)
    world.config["web"]["users_file"] = path
    kanata.configure(world.config)
    kanata.reload().expect(1, r"users.yml: No such file.*create-user")
    for name, typed, rc, said in (
            (["noel"], "first password\n", 0, "reload"),
            (["rin"], "another password\n", 0, "reload"),
            (["noel"], PASSWORD + "\n", 0, "reload"),
            ([], "asked\nfor the name too\n", 0, "reload"),
            (["noel"], "short\n", 1, "8 to 256"),
            (["a b"], PASSWORD + "\n", 1, "letters, digits"),
            (["noel", "x"], "", 2, "seen by every user")):
        done = create_user(kanata, name, typed)
        equal(done.returncode, rc, f"create-user {name}: {done.stderr}")
        assert said in done.stdout + done.stderr, done
    text = read(path)
    equal(re.findall(r'- "(\w+)": "\$y\$', text), ["rin", "noel", "asked"], "users of the file")
    assert PASSWORD not in text and PASSWORD not in kanata.log()
    kanata.reload().expect(0)
    equal(client.login("noel", "first password").status, 403, "the old password")
    equal(client.login().status, 303, "the new one")


def test_users_that_cannot_be():
    for text, where in (("users: {a: b}\n", "1:8"), ("users:\n- a: plain\n", "2:6"),
                        ("users:\n- a: $y$x\n- a: $y$y\n", "3:3"), ("user: []\n", "1:1"),
                        ("users:\n- {a: $y$x, b: $y$y}\n", "2:3"), ("", "")):
        path = users_file()
        with open(path, "w") as file:
            file.write(text)
        kanata = Kanata({"key": "k", "components": {"a": "b"}, "web": {"users_file": path}},
                        start=False)
        kanata.once("-n").expect(1, rf"users.yml:{where}")


def test_room_for_who_is_logged_in():
    """Clients without a name do not keep the dashboard from following."""
    _, web, client = world_with_dashboard()
    equal(client.login().status, 303, "logged in")
    web.wait("/readyz")
    crowd = [Stream(web) for _ in range(48)]
    equal(web.get("/v1/pods/watch").status, 503, "one more")
    seen = re.search(r'data-seen="(\d+)"', client.page())[1]
    events = Stream(web, "/admin/events?from=" + seen, Cookie="kanata=" + client.cookie)
    equal(client.operate("silence").status, 303, "a change")
    wait(lambda: events.line() == "event: put" or None, 20, "to be told of it")
    for stream in crowd + [events]:
        stream.close()


def test_login():
    world, web, client = world_with_dashboard()
    form = client.ask("/admin")
    equal(form.status, 200, "the form")
    assert 'type="password"' in form.body and "Components" not in form.body, form.body
    for name in ("Content-Security-Policy", "Referrer-Policy", "X-Content-Type-Options"):
        assert form.headers[name], f"no {name}"
    assert "unsafe" not in form.headers["Content-Security-Policy"]
    for fields in ({}, {"name": "noel"}, {"name": "noel", "password": "x" * 300},
                   {"name": "<b>", "password": PASSWORD}):
        equal(client.ask("/admin/login", "POST", fields).status, 400, f"login with {fields}")
    elsewhere = client.login(**{"Sec-Fetch-Site": "cross-site"})
    equal(elsewhere.status, 403, "a form of another site")
    equal(client.login(Origin="http://evil.example").status, 403, "and by its origin")
    assert client.cookie is None
    done = client.login()
    equal((done.status, done.headers["Location"]), (303, "/admin"), "login")
    cookie = done.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie, cookie
    assert "Secure" not in cookie, "Secure in plain text: it would never come back"
    page = client.page()
    for part in ("Components", "Processes", "Watches", "cmp", "watcher", "pods"):
        assert part in page, f"no {part} in {page}"
    # Another's form, or none.
    for token in ("0" * 64, "", None):
        fields = {} if token is None else {"form": token}
        equal(client.ask("/admin/logout", "POST", fields).status, 403, f"form {token}")
    cookie = client.cookie
    equal(client.ask("/admin/logout", "POST", {"form": client.token()}).status, 303, "logout")
    client.cookie = cookie
    assert 'type="password"' in client.page(), "the session goes on after the logout"
    assert PASSWORD not in world.kanata.log(), "the password in the log"
    world.kanata.assert_cage()
    world.kanata.assert_no_restarts()


def test_not_on_the_page():
    """What the page does not have, or what is not read, is not called operational."""
    _, _, client = world_with_dashboard(page=Page({"cmp": "API"}),
                                        components={"cmp": "api", "absent": "api"})
    equal(client.login().status, 303, "login")
    wait(lambda: "1 of 2 components are operational. Of 1 it is not known" in client.page() or None,
         20, "one of two")


def test_failures_are_throttled():
    world, web, client = world_with_dashboard()
    for _ in range(4):
        equal(client.login(USER_NAME, "wrong password").status, 403, "a wrong password")
    throttled = client.attempt()
    equal(throttled.status, 429, "the right password after four wrong ones")
    assert int(throttled.headers["Retry-After"]) >= 1
    equal(client.login().status, 303, "after the wait")


def test_users_change():
    """Who is taken out is logged out; the others log in again."""
    world, web, client = world_with_dashboard()
    equal(client.login().status, 303, "login")
    assert "Components" in client.page()
    world.kanata.reload().expect(0)
    assert "Components" in client.page(), "a reload without changes logs out"
    world.config["web"]["users_file"] = users_file(("rin", HASH))
    world.kanata.configure(world.config)
    world.kanata.reload().expect(0)
    assert 'type="password"' in client.page(), "still logged in"
    equal(client.login().status, 403, "who is there no more")
    world.kanata.wait_log("login of noel from 127.0.0.1 failed")


def test_without_users():
    world, web = world_with_web()
    web.wait("/healthz")
    client = Client(web)
    refused = client.ask("/admin")
    equal(refused.status, 403, "/admin without users")
    assert "create-user" in refused.body, refused.body
    equal(client.login().status, 403, "login without users")


def test_tls():
    """Over TLS the cookie is for TLS only."""
    authority = Authority(temp_dir())
    crt, key = authority.issue("web", "/CN=localhost", "DNS:localhost")
    give(key)
    world, web, client = world_with_dashboard(
        {"tls": {"cert_file": crt, "key_file": key}}, tls=trust(authority))
    done = client.login()
    equal(done.status, 303, "login")
    assert "Secure" in done.headers["Set-Cookie"], done.headers["Set-Cookie"]
    assert "Components" in client.page()


def test_hostile_texts():
    """What comes from a cluster is text, not HTML."""
    world, web, client = world_with_dashboard()
    world.config["components"] = {"cmp": {"name": "<script>alert(1)</script> & \"co\"",
                                          "watch": "deployment/api"}}
    world.kanata.configure(world.config)
    world.kanata.reload().expect(0)
    equal(client.login().status, 303, "login")
    wait(lambda: "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;co&quot;" in client.page()
         or None, 20, "the name, escaped")
    assert "<script>alert" not in client.page()


def test_assets():
    world, web, client = world_with_dashboard()
    for path, kind in (("admin.css", "text/css"), ("admin.js", "text/javascript"),
                       ("icon.svg", "image/svg+xml")):
        answer = web.get("/admin/" + path)
        equal(answer.status, 200, path)
        assert answer.headers["Content-Type"].startswith(kind), answer.headers
        # Nothing is fetched from elsewhere.
        assert not re.search(r"(src|href|url|import|fetch)\W{1,3}https?:", answer.body), path


def test_silence_and_maintenance():
    """By click; kanatactl says the same."""
    world, web, client = world_with_dashboard()
    world.wait_all()
    equal(client.login().status, 303, "login")

    def orders():
        return [(row["component"], row["kind"], row["by"], row["reason"])
                for row in world.kanata.show("silences").get("silences", ())]
    done = client.operate("silence", reason="<i>moving</i>")
    equal((done.status, done.headers["Location"]), (303, "/admin"), done.body)
    equal(orders(), [("cmp", "silence", "web: " + USER_NAME, "<i>moving</i>")], "what kanatactl says")
    wait(lambda: "&lt;i&gt;moving&lt;/i&gt;" in client.page() or None, 20, "it on the page")
    equal(client.operate("unsilence").status, 303, "its end")
    equal(orders(), [], "after its end")
    # It stays in the history.
    wait(lambda: 'id="silences"><ul class="rows"></ul>None.' in client.page() or None, 20,
         "it to be gone from the page")
    equal(client.operate("start", duration="30m").status, 303, "a maintenance")
    world.page.wait_status("cmp", "UNDERMAINTENANCE")
    wait(lambda: "Under maintenance</span>" in client.page() or None, 20, "it on the page")
    assert "the page is to show" not in client.page(), "a maintenance is what is wanted"
    assert "\nkanata_components_differing 0\n" in web.get("/metrics").body
    equal(client.operate("end").status, 303, "its end")
    world.page.wait_status("cmp", "OPERATIONAL")
    for wrong in ({"component": "nothing"}, {"do": "dance"}, {"duration": "1 h"},
                  {"duration": "0"}, {"reason": "x" * 300}):
        refused = client.operate(**{"do": "silence", **wrong})
        equal(refused.status, 400, f"{wrong}: {refused.body}")
    refused = client.operate("silence", duration="5000d")
    equal(refused.status, 409, "longer than may be")
    assert "Back" in refused.body, refused.body
    equal(client.operate("silence", form="0" * 64).status, 403, "another's form")
    equal(orders(), [], "after all that was refused")
    world.kanata.assert_no_restarts()


def test_history():
    """What happened stands in the incident's timeline, and in the bars of the days."""
    world, web, client = world_with_dashboard()
    world.wait_all()
    equal(client.login().status, 303, "login")
    wait(lambda: "1 day, 100.00 % without an outage" in client.page() or None, 20, "the first day")
    world.outage("api", "cmp")
    wait(lambda: "Posted as INVESTIGATING" in client.page() or None, 20, "the timeline")
    world.recovery("api", "cmp")
    wait(lambda: re.search(r'<rect class="s-major"[^>]*><title>[-0-9]{10}: Major outage',
                           client.page()), 90, "the bar of today")
    wait(lambda: 'id="incidents"><ul class="rows"></ul>None.' in client.page() or None, 20,
         "no open incident")
    world.kanata.assert_no_restarts()
