"""The dashboard in a real browser."""

from chromium import Chromium
from dashboard import PASSWORD, USER_NAME, world_with_dashboard
from harness import equal, limit, wait
from world import Kube

TAB, ENTER = "\ue004", "\ue007"


def world_of_three():
    kube = Kube()
    components = {}
    for workload, name in (("api", "Public API"), ("web", "Website"), ("pay", "Zahlungen für alle")):
        kube.deployment("default", workload, 2)
        components["cmp" + workload] = {"name": name, "watch": "deployment/" + workload}
    return world_with_dashboard(kube=kube, components=components)


def login(browser, web):
    browser.open(f"http://127.0.0.1:{web.port}/admin")
    # By keyboard: the name has the focus already.
    browser.keys(USER_NAME + TAB + PASSWORD + ENTER)
    wait(lambda: "Processes" in browser.text() or None, 30, "the dashboard")


def status(browser, id):
    return browser.text(f"[id='c:{id}'] .status")


@limit(150)
def test_live():
    """It shows an outage and its end without being loaded again, and keeps the
    hands off a form that is being filled in."""
    world, web, _ = world_of_three()
    world.wait_all()
    browser = Chromium()
    login(browser, web)
    wait(lambda: browser.text("#live") == "Live" or None, 30, "the stream")
    browser.run("window.same = true; document.querySelector('input[name=reason]').focus()")
    browser.keys("because")
    wait(lambda: status(browser, "cmppay") == "Operational" or None, 30, "what was before")
    world.kube.crash("default", "pay")
    wait(lambda: status(browser, "cmppay") == "Major outage" or None, 40, "the outage")
    wait(lambda: "Zahlungen für alle" in browser.text("#incidents") or None, 20, "its incident")
    equal(status(browser, "cmpapi"), "Operational", "another component")
    world.kube.heal("default", "pay")
    wait(lambda: status(browser, "cmppay") == "Operational" or None, 40, "the recovery")
    wait(lambda: browser.text("#incidents") == "None." or None, 20, "no incident")
    equal(browser.run("return window.same && document.querySelector('input[name=reason]').value"),
          "because", "the form")
    equal(browser.complaints(), [], "complaints of the browser")
    # Who is logged out is not left with what is old.
    world.kanata.kill("web")
    wait(lambda: "Log in" in browser.text("form.login button") or None, 40, "the form to log in")
    world.kanata.assert_cage()


@limit(120)
def test_layout():
    """Nothing is wider than a phone; light and dark differ; each control has a name and
    can be reached by keyboard."""
    world, web, _ = world_of_three()
    seen = []
    for dark in (False, True):
        browser = Chromium(500, 900, dark=dark)
        login(browser, web)
        wide = browser.run(
            "return [...document.querySelectorAll('body *')].filter(e => "
            "e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.scroll'))"
            ".map(e => e.tagName + '#' + e.id)")
        equal(wide, [], "elements wider than the window")
        beside = browser.run(
            "return [...document.querySelectorAll('form label > *')].filter(e => "
            "e.getBoundingClientRect().top < e.parentElement.getBoundingClientRect().top + 15)"
            ".map(e => e.name)")
        equal(beside, [], "controls that are not below their captions")
        unnamed = browser.run(
            "return [...document.querySelectorAll('input:not([type=hidden]), select, button')]"
            ".filter(e => !(e.labels && e.labels.length) && !e.textContent.trim())"
            ".map(e => e.outerHTML)")
        equal(unnamed, [], "controls without a name")
        reached = set()
        for _ in range(12):
            browser.keys(TAB)
            reached.add(browser.run("return document.activeElement.value || "
                                    "document.activeElement.name"))
        assert {"silence", "unsilence", "start", "end"} <= reached, f"by keyboard: {reached}"
        seen.append(browser.run("return getComputedStyle(document.body).backgroundColor"))
        equal(browser.complaints(), [], "complaints of the browser")
    assert seen[0] != seen[1], f"light and dark are both {seen[0]}"
