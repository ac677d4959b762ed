"""Starting processes so that none of them is left over.

Whoever calls adopt_orphans becomes the parent of every descendant whose own
parent died, also of daemons in a session of their own, and can end them all.
PR_SET_PDEATHSIG alone would not do: a change of uid clears it.
"""

import ctypes
import os
import signal
import subprocess
import threading
import time

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
libc = ctypes.CDLL(None, use_errno=True)
known = {}                      # pid: Popen, of what we wait for ourselves
lock = threading.RLock()        # held while a child is neither known nor gone


def adopt_orphans():
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with_parent():
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def start(argv, **options):
    """A process in a session of its own. The thread that calls must outlive it."""
    with lock:
        child = subprocess.Popen(argv, stdin=options.pop("stdin", subprocess.DEVNULL),
                                 stderr=options.pop("stderr", subprocess.STDOUT),
                                 start_new_session=True, preexec_fn=die_with_parent, **options)
        known[child.pid] = child
    return child


def wait(child, limit):
    """Its exit status; None when it had to be killed."""
    try:
        return child.wait(limit)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        return None


def signal_group(pid, number):
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        pass


def end_group(child):
    """The child has been waited for or is to die; its session dies with it."""
    signal_group(child.pid, signal.SIGKILL)
    child.wait()
    with lock:
        known.pop(child.pid, None)
        kill_children(lambda pid: session_of(pid) == child.pid)


def children_of(pid):
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat") as file:
                    fields = file.read().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == pid:
                found.append(int(entry))
    return found


def session_of(pid):
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None


def end_orphans():
    """Kills every child that was not started here, whoever left it behind."""
    kill_children(lambda pid: True)


def kill_children(which):
    with lock:
        for _ in range(50):
            found = [pid for pid in children_of(os.getpid()) if pid not in known and which(pid)]
            if not found:
                return
            for pid in found:
                try:
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)
                except (ProcessLookupError, ChildProcessError):
                    pass
            time.sleep(0.01)


def end_everything():
    with lock:
        for child in list(known.values()):
            end_group(child)
        end_orphans()
