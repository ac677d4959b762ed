"""What /proc says about the cage of a running process."""

import ctypes
import os
import re

from harness import ROOT, USER, as_user, equal

# Tries what one worker must not be able to do to another; runs as their user.
ATTACK = """
import os, signal, sys
for name in ("mem", "environ", "maps", "auxv", "syscall"):
    try:
        fd = os.open(f"/proc/{sys.argv[1]}/{name}", os.O_RDONLY)
        if os.read(fd, 1): print("read", name)
    except OSError: pass
try:
    os.listdir(f"/proc/{sys.argv[1]}/fd"); print("listed fd")
except OSError: pass
"""


def landlock_abi():
    """Of this kernel; 0 if it has none."""
    abi = ctypes.CDLL(None, use_errno=True).syscall(444, None, ctypes.c_size_t(0), 1)
    return max(abi, 0)


def status(pid):
    with open(f"/proc/{pid}/status") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def descriptors(pid):
    """{number: what it is}; root only."""
    found = {}
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            found[int(name)] = os.readlink(f"/proc/{pid}/fd/{name}")
        except FileNotFoundError:
            pass
    return found


def environment(pid):
    with open(f"/proc/{pid}/environ", "rb") as file:
        return file.read()


def assert_process(name, pid, state_dir):
    """The same for every role."""
    parent, now = name == "parent", status(pid)
    equal(now["Seccomp"], "2", f"{name}: seccomp mode")
    # The parent's filter is inherited, a worker adds its own.
    assert int(now["Seccomp_filters"]) >= (1 if parent else 2), \
        f"{name}: {now['Seccomp_filters']} seccomp filters"
    equal(now["NoNewPrivs"], "1", f"{name}: no_new_privs")
    for kind in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        equal(int(now[kind], 16), 0, f"{name}: {kind}")
    equal(now["Uid"].split(), [str(USER.pw_uid)] * 4, f"{name}: uids")
    assert USER.pw_uid != 0, "these tests would run the daemon as root"
    if ROOT:
        equal(now["Gid"].split(), [str(USER.pw_gid)] * 4, f"{name}: gids")
        assert set(now["Groups"].split()) <= {str(USER.pw_gid)}, f"{name}: {now['Groups']}"
    # A process that is not dumpable belongs to root in /proc.
    equal(os.stat(f"/proc/{pid}/mem").st_uid, 0, f"{name}: owner of its /proc files")
    equal(as_user(ATTACK, pid), "", f"{name}: seen by a process of the same user")
    with open(f"/proc/{pid}/limits") as file:
        core = re.search(r"Max core file size\s+(\d+)\s+(\d+)", file.read())
    equal(core and core.groups(), ("0", "0"), f"{name}: core limit")
    if not ROOT:
        return
    if not parent:
        equal(environment(pid).strip(b"\0"), b"", f"{name}: environment")
    assert_descriptors(name, pid, state_dir)


def assert_descriptors(name, pid, state_dir):
    """Root only: no descriptor that the role has no use for."""
    # What it uses itself, as it is.
    wanted = r"/dev/null|socket:.*|pipe:.*|anon_inode:\[(eventpoll|eventfd|timerfd)\]" \
        fr"|/proc/{pid}/statm"
    if name == "store":
        wanted += "|" + re.escape(state_dir) + "/.*"
    if name == "dialer":
        wanted += r"|/etc/(resolv\.conf|hosts|nsswitch\.conf).*"
    for number, target in descriptors(pid).items():
        if name == "parent" and number <= 2:
            continue            # the terminal, or what the test put there
        if name == "parent" and target.startswith(("/memfd:secret", state_dir)):
            continue            # unread, for a worker that starts again
        assert re.fullmatch(wanted, target), f"{name}: descriptor {number} is {target}"


def memory(pid):
    """Yields the readable memory of a process, piece by piece; root only."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            span, rights = line.split()[:2]
            if not rights.startswith("r") or line.rstrip().endswith(("[vvar]", "[vsyscall]",
                                                                     "[vvar_vclock]")):
                continue
            begin, end = (int(text, 16) for text in span.split("-"))
            mem.seek(begin)
            try:
                yield begin, mem.read(end - begin)
            except OSError:
                pass


def find_in_memory(pid, needles):
    """{what: address} of the needles ({what: bytes}) that are there."""
    found = {}
    for begin, data in memory(pid):
        for what, needle in needles.items():
            at = data.find(needle)
            if at >= 0:
                found.setdefault(what, hex(begin + at))
    return found
