"""Completion of kanatactl in bash and zsh, by running them."""

import os
import re
import shutil
import subprocess

from harness import BUILD, TOP, Skipped, equal, read, temp_dir, write
from world import World

BASH = os.path.join(TOP, "etc", "completion", "kanatactl.bash")
ZSH = os.path.join(TOP, "etc", "completion", "_kanatactl")
IN_BASH = f"""source {BASH}
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_kanatactl "$1"
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
# What zsh's own functions would be given.
IN_ZSH = f"""
compadd() {{
	if [[ $1 == -a ]]; then print -l -- ${{(P)2}}; else shift; print -l -- "$@"; fi
}}
_describe() {{ local -a all=("${{(@P)2}}"); print -l -- ${{all%%:*}} }}
_files() {{ print -l -- $words[CURRENT]*(N) }}
words=("$@") CURRENT=$#
source {ZSH}
"""
# As kanatactl, with a usage that has each kind of word.
WRAPPER = """#!/bin/sh
[ $# -gt 0 ] || { echo "usage: kanatactl [-j] [-s socket] show [components | incidents |
           pods]
       kanatactl [-j] [-s socket] reload | stop
       kanatactl [-s socket] silence component duration [reason ...]
       kanatactl [-s socket] silence component off
       kanatactl maintenance start component ...
           [duration [reason ...]]
       kanatactl maintenance end component ...
       kanatactl [-n lines] record file" >&2; exit 2; }
exec %s/bin/kanatactl "$@"
"""


def shells():
    found = {}
    if shutil.which("bash"):
        found["bash"] = ["bash", "--norc", "-c", IN_BASH, "bash"]
    if shutil.which("zsh"):
        found["zsh"] = ["zsh", "-f", "-c", IN_ZSH, "zsh"]
    if not found:
        raise Skipped("neither bash nor zsh")
    return found


def complete(program, *words, cwd="/"):
    """The candidates, which are the same in each shell there is."""
    said = {}
    for shell, argv in shells().items():
        done = subprocess.run([*argv, program, *words], capture_output=True, text=True, cwd=cwd,
                              timeout=60, stdin=subprocess.DEVNULL)
        equal(done.stderr, "", f"{shell} completes {words}")
        # zsh itself leaves out what does not begin with the word.
        said[shell] = sorted(word for word in set(done.stdout.split())
                             if word.startswith(words[-1]))
    first = next(iter(said.values()))
    assert all(words == first for words in said.values()), said
    return first


def test_words_of_the_usage():
    program = os.path.join(BUILD, "bin", "kanatactl")
    usage = subprocess.run([program], capture_output=True, text=True, timeout=30).stderr
    commands = complete(program, "")
    for word in re.findall(r"(?:socket\]|\|) ([a-z]+)", usage):
        assert word in commands + complete(program, "show", "") + complete(program, "log", ""), word
    assert {"show", "reload", "stop", "log"} <= set(commands), commands
    equal(complete(program, "show", "wo"), ["workers"], "a part of a word")
    equal(complete(program, "-j", "log", ""), ["brief", "verbose"], "after an option")
    assert {"-j", "-s"} <= set(complete(program, "-")), complete(program, "-")
    equal(complete(program, "nonsense", ""), [], "after what it does not know")


def test_components_and_files():
    world = World({"cmp-a": "api", "cmp-b": "web", "other": "db"})
    folder = temp_dir()
    program = write(os.path.join(folder, "kanatactl"), WRAPPER % world.kanata.tree, 0o755)
    write(os.path.join(folder, "history"), "")
    at = ("-s", world.kanata.socket)
    equal(complete(program, *at, "silence", "cmp"), ["cmp-a", "cmp-b"], "components")
    equal(complete(program, *at, "silence", "other", "1"), ["15m", "1d", "1h"], "durations")
    equal(complete(program, *at, "silence", "other", "o"), ["off"], "or a word")
    equal(complete(program, *at, "silence", "other", "1h", "x", ""), [], "a reason")
    equal(complete(program, *at, "maintenance", ""), ["end", "start"], "words")
    equal(complete(program, *at, "maintenance", "end", "o"), ["other"], "components again")
    equal(complete(program, *at, "maintenance", "end", "other", "cmp"), ["cmp-a", "cmp-b"], "more")
    equal(complete(program, *at, "maintenance", "start", "other", ""),
          ["15m", "1d", "1h", "30m", "4h", "cmp-a", "cmp-b", "other"], "more, or a duration")
    equal(complete(program, "record", "hi", cwd=folder), ["history"], "files")
    equal(complete(program, "-n", "5", "record", "hi", cwd=folder), ["history"], "an option's word")
    equal(complete(program, "-n", ""), [], "what an option wants")
    equal(complete(program, "-"), ["-j", "-n", "-s"], "options")
    # Where no kanatad answers there is nothing to offer, and nothing is said.
    equal(complete(program, "-s", folder + "/none", "silence", ""), [], "without a daemon")


def test_both_understand_the_usage_alike():
    function = lambda path: re.search(r"(?s)_kanatactl_next\(\) \{.*?\n\}\n", read(path))[0]
    equal(function(BASH), function(ZSH), "_kanatactl_next")
