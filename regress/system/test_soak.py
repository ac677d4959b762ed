"""The client that loses nothing: a bounded soak of each kind. `make soak` runs for
longer; soak.py says with what a run can be repeated."""

from harness import limit
from soak import Soak, seed_and_seconds
from soakcluster import RealCluster, SimCluster


@limit(400)
def test_simulator():
    Soak(SimCluster, *seed_and_seconds()).run()


@limit(400)
def test_real():
    Soak(RealCluster, *seed_and_seconds()).run()
