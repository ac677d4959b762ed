"""What /proc says a process uses."""

import os

TICKS = os.sysconf("SC_CLK_TCK")


def fields_kib(path):
    with open(path) as file:
        return {line.split(":")[0]: int(line.split()[1]) for line in file
                if line.rstrip().endswith(" kB")}


def pss_kib(pid):
    """Proportional share of memory; None without the right to know: all of
    Kanata is closed to other processes of its user."""
    try:
        return fields_kib(f"/proc/{pid}/smaps_rollup")["Pss"]
    except PermissionError:
        return None


def rss_kib(pid):
    return fields_kib(f"/proc/{pid}/status")["VmRSS"]


def peak_kib(pid):
    return fields_kib(f"/proc/{pid}/status")["VmHWM"]


def cpu_seconds(pid):
    """User and system time since the process began: in ns of all its threads, if
    the kernel tells, else in ticks."""
    try:
        total = 0
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/schedstat") as file:
                total += int(file.read().split()[0])
        return total / 1e9
    except FileNotFoundError:
        pass
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
