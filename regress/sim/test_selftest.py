"""The simulators' own tests, as one test of the runner."""

import os
import subprocess
import sys


def test_simulators():
    selftest = os.path.join(os.path.dirname(os.path.abspath(__file__)), "selftest.py")
    subprocess.run([sys.executable, selftest], check=True)
