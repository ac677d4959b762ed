"""Where the demonstration and the measurements run: a folder for all of their files,
and the end of every process that they started, however they end."""

import os
import shutil
import signal
import tempfile

import harness
import reap

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """A signal came; its number is the argument."""


def interrupt(number, _):
    # The clean-up that follows is not to be interrupted.
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise Interrupted(number)


class Stage:
    """As a context manager it is cleared at the end. What the processes on it
    print goes to a file; the caller has a copy of its standard output."""

    def __init__(self, name):
        for number in SIGNALS:
            signal.signal(number, interrupt)
        reap.adopt_orphans()
        self.terminal = os.fdopen(os.dup(1), "w", buffering=1)
        self.folder = tempfile.mkdtemp(prefix=f"kanata-{name}-", dir=self.parent())
        os.chmod(self.folder, 0o711)
        tempfile.tempdir = self.folder
        self.output_file = os.path.join(self.folder, "output")
        with open(self.output_file, "w") as output:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)

    @staticmethod
    def parent():
        """TMPDIR, if the daemon's user can get there."""
        folder = os.path.abspath(tempfile.gettempdir())
        return folder if harness.user_can_reach(os.path.join(folder, "x")) else "/tmp"

    def output(self):
        """The last that was printed, as lines."""
        with open(self.output_file, errors="replace") as file:
            return file.read()[-2000:].splitlines()

    def leave_terminal(self):
        self.terminal.close()
        null = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(null, number)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        try:
            harness.stop_started()
            harness.close_shared()
        finally:
            reap.end_everything()
            shutil.rmtree(self.folder, ignore_errors=True)
