"""The verbs of a project's suite as commands: its tests, its verifier sweep, and both compared with a base commit."""

from __future__ import annotations

import os
import re
import shlex
import signal
import sys
from collections.abc import Mapping, Sequence

__all__ = [
    "VERBS",
    "asks_for_help",
    "become",
    "suite_command",
    "suite_environment",
    "suite_help",
    "suite_options",
]

VERBS = ("test", "verifier")
"""The verbs of the ktstr command after which everything is for pytest, or for the sweep."""

_WORKERS = ("-n", "--numprocesses", "--dist", "-d", "--pdb")
_MODULES = {"verifier": "ktstr.verifier", "perf": "ktstr.compare"}
_OF_PYTEST = (
    ("-k EXPRESSION", "run the tests that match: 'smoke or smt'"),
    ("-x, --maxfail N", "stop after the first failure, or after N"),
    ("--lf", "run only the tests that failed in the last run"),
    ("-n N", "run N tests at once (default: as many as there are cores); -n0: in this process"),
    ("-v, -q", "say more, or less"),
)


def suite_command(verb: str, arguments: Sequence[str], python: str = sys.executable) -> list[str]:
    """The command line of `test`, `verifier` or `perf`: `python`, its options, and all `arguments` in their order.

    Tests run in parallel unless the arguments say how many at once.
    """
    if verb != "test":
        return [python, "-m", _MODULES[verb], *arguments]
    defaults = []
    given = [*shlex.split(os.environ.get("PYTEST_ADDOPTS", "")), *arguments]
    if not _has(given, *_WORKERS):
        # worksteal: these tests are long, and must not queue behind one another while a worker is free.
        defaults += ["-n", "auto", "--dist", "worksteal"]
    return [python, "-m", "ktstr.plugin", *defaults, *arguments]


def become(verb: str, arguments: Sequence[str]) -> None:
    """Replace this process by the verb's, so that signals and the exit status need no forwarding."""
    command = suite_command(verb, arguments)
    sys.stdout.flush()
    # Ctrl-C waits until the new program can be silent about it: see `silent_start`.
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        os.execve(command[0], command, {**os.environ, **suite_environment(["ktstr", verb, *arguments])})
    finally:  # it returns only if it fails
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])


def suite_environment(typed: Sequence[str]) -> Mapping[str, str]:
    """What is added to the environment of such a command; `typed` is the command line to show to the user.

    `KTSTR_SUITE` says that there are tests of ours. pytest's controller then looks kernels up once, before it starts
    workers that would each do so.
    """
    return {"KTSTR_COMMAND": shlex.join(typed), "KTSTR_SUITE": "1"}


def asks_for_help(words: Sequence[str]) -> bool:
    """Whether a verb's words ask for its help. What follows `--` does not."""
    own = words[: words.index("--")] if "--" in words else words
    return any(word in ("-h", "--help") for word in own[1:])


def suite_options(verb: str) -> list[str]:
    """The long options that ktstr adds to a verb, for a shell's completion."""
    if verb == "test":
        from ktstr.plugin.options import option_names

        return option_names()
    import subprocess

    done = subprocess.run(suite_command(verb, ["--help"]), capture_output=True, text=True, check=False)
    return list(dict.fromkeys(re.findall(r"^ +(?:-\w, )?(--[a-z-]+)", done.stdout, re.MULTILINE)))


def _has(arguments: Sequence[str], *names: str) -> bool:
    """Whether one of these options is among the arguments. A short option may have its value in the same word."""
    return any(
        word.split("=")[0] in names or (word[:2] in names and not word.startswith("--")) for word in arguments
    )


def suite_help() -> list[tuple[str, str]]:
    """The options of `ktstr test` that most people need, ours first, each with its meaning."""
    from ktstr.plugin.options import option_helps

    return [*option_helps(), *_OF_PYTEST]
