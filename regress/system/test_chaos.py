"""A short run of accidents with each store and with two daemons; `make chaos` does
the long ones."""

from chaos import Chaos, seed_of_environment
from harness import limit

SECONDS = 20


@limit(300)
def test_embedded():
    Chaos(seed_of_environment(), "embedded", SECONDS).run()


@limit(300)
def test_etcd():
    Chaos(seed_of_environment(), "etcd1", SECONDS).run()


@limit(300)
def test_two():
    Chaos(seed_of_environment(), "two", SECONDS).run()
