"""A thousand components go down at once, and the page lets in few requests. Ten a
second here, so that the test is short; `make bench` takes one."""

from burst import Burst, STATUS
from harness import equal

WAIT = {"down_after": "4s", "up_after": "1s"}


def test_storm():
    burst = Burst(1000, 10, defaults=WAIT)
    burst.go_down()
    burst.check_incidents(1)
    equal(burst.created(), [set(STATUS.values())], "what was created")
    # Its worst is named first.
    [entry] = burst.page.created()
    shown = [row["status"] for row in entry["body"]["statuses"]]
    equal(shown, sorted(shown, key=list(STATUS.values()).index), "the order of the statuses")
    burst.come_back()
    burst.check_incidents(1)
    # Reading a thousand components takes ten requests; nothing is said one by one.
    assert burst.requests() < 100, f"{burst.requests()} requests for one storm"
    assert burst.peak_kib() < 64 * 1024, f"the notifier took {burst.peak_kib()} KiB"


def test_worst_news_first():
    """Forty incidents that wait for their turn."""
    burst = Burst(1000, 10, each=25, storm=5000, defaults=WAIT)
    burst.go_down()
    burst.check_incidents(40)
    created = burst.created()
    # Four at a time are on their way, and may overtake each other.
    equal(created.count({STATUS["api"]}), 4, "incidents of the worse kind")
    equal(created[:8].count({STATUS["api"]}), 4, f"the worse ones among the first of {created}")
    equal(created.count({STATUS["web"]}), 36, "the others")
    burst.come_back()
    burst.check_incidents(40)
    assert burst.peak_kib() < 64 * 1024, f"the notifier took {burst.peak_kib()} KiB"


def test_one_request_at_a_time():
    """The page forgives no two requests in a second. What takes two or three must
    not begin anew each time that the second one is refused."""
    burst = Burst(120, 1, asks=3, defaults={"down_after": "1s", "up_after": "1s"})
    burst.go_down()
    burst.come_back()
    burst.check_incidents(1)
