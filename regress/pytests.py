"""Tests written in Python: the functions test_* of a file, each in a process of
its own, or all of a file in one when it says TOGETHER = True (because they share
something that is slow to start). The process reports on a pipe.
"""

import ast
import fnmatch
import importlib.util
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback

import reap

LIMIT = 90          # seconds for one test, unless it says @limit(N)
GRACE = 20          # for the clean-up after a test that ran out of time


def stated_limit(function):
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith("limit"):
            return decorator.args[0].value
    return LIMIT


def collect(folder, group, pattern):
    """[(file, names, seconds for all of them)]"""
    jobs = []
    for entry in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
        if not (entry.startswith("test_") and entry.endswith(".py")):
            continue
        path = os.path.join(folder, entry)
        with open(path) as file:
            body = ast.parse(file.read(), path).body
        together = any(isinstance(item, ast.Assign) and ast.unparse(item) == "TOGETHER = True"
                       for item in body)
        tests = [(item.name, stated_limit(item)) for item in body
                 if isinstance(item, ast.FunctionDef) and item.name.startswith("test_")
                 and fnmatch.fnmatchcase(label(group, path, item.name), pattern)]
        if together and tests:
            jobs.append((path, [name for name, _ in tests], sum(limit for _, limit in tests)))
        elif not together:
            jobs += [(path, [name], limit) for name, limit in tests]
    return jobs


def label(group, path, name):
    return f"{group}/{os.path.basename(path)[5:-3]}/{name[5:]}"


def run(path, names, limit, group, results, args):
    """In the runner: starts the process and turns its reports into results."""
    read_end, write_end = os.pipe()
    folder = tempfile.mkdtemp(prefix="kanata-")
    os.chmod(folder, 0o711)
    env = dict(os.environ, REGRESS_BUILD=args.build, REGRESS_SAN_BUILD=args.san_build,
               TMPDIR=folder)
    with open(os.memfd_create("output"), "rb") as out:
        child = reap.start([sys.executable, sys.argv[0], "--child", str(write_end), path, *names],
                           stdout=out.fileno(), pass_fds=[write_end], env=env)
        os.close(write_end)
        status = reap.wait(child, limit + GRACE * (len(names) + 1))
        reap.end_group(child)
        reap.end_orphans()
        # Nobody is left who could hold the other end open.
        with open(read_end) as file:
            reports = [json.loads(line) for line in file if line.endswith("\n")]
        out.seek(0)
        output = out.read().decode(errors="replace")
    shutil.rmtree(folder, ignore_errors=True)
    missing = list(names)
    for report in reports:
        missing.remove(report["name"])
        results.add(report["status"], label(group, path, report["name"]), report["seconds"],
                    output[report["from"]:report["to"]], report["reason"])
    for name in missing:
        results.add("FAIL", label(group, path, name), 0,
                    f"its process ended with status {status} before it reported\n"
                    f"{output[-20000:]}")


class OutOfTime(BaseException):
    pass


def out_of_time(*_):
    raise OutOfTime("the time limit of this test is over")


def child(pipe, path, *names):
    """In the process of the tests."""
    reap.adopt_orphans()
    signal.signal(signal.SIGALRM, out_of_time)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    os.set_inheritable(int(pipe), False)
    sys.stdout.reconfigure(line_buffering=True)
    import harness
    with open(int(pipe), "w", buffering=1) as reports:
        try:
            spec = importlib.util.spec_from_file_location(os.path.basename(path)[:-3], path)
            module = importlib.util.module_from_spec(spec)
            sys.modules[spec.name] = module
            spec.loader.exec_module(module)
            for name in names:
                report = run_one(harness, getattr(module, name))
                reports.write(json.dumps({"name": name, **report}) + "\n")
        finally:
            harness.close_shared()
            reap.end_everything()
    return 0


def run_one(harness, test):
    started, began = os.fstat(1).st_size, time.monotonic()
    status, reason = "ok", ""
    signal.alarm(getattr(test, "limit", LIMIT))
    try:
        try:
            test()
        except harness.Skipped as why:
            status, reason = "SKIPPED", str(why)
        except (Exception, OutOfTime):
            status = "FAIL"
            signal.alarm(GRACE)
            traceback.print_exc()
            sys.stderr.flush()
            harness.show_state()
        signal.alarm(GRACE)
        harness.stop_started()
    except (Exception, OutOfTime):
        status = "FAIL"
        traceback.print_exc()
    finally:
        signal.alarm(0)
    sys.stdout.flush()
    return {"status": status, "reason": reason, "seconds": time.monotonic() - began,
            "from": started, "to": os.fstat(1).st_size}
