"""The verbs of a project's suite. In a checkout of ktstr, `nox -s test` and `nox -s verifier` do the same."""

from __future__ import annotations

from invoke import Context, task

__all__ = ["VERBS", "test", "verifier"]

VERBS = ("test", "verifier")
"""The names of these tasks. Everything after such a word is for pytest, or for the sweep."""


@task
def test(context: Context) -> None:
    """Run this project's tests with pytest, in parallel.

    ktstr test --kernel 7.0
    ktstr test --kernel 7.0 -k smoke -x
    ktstr test --kernel 7.0 --seeds 20
    ktstr test tests/test_mine.py --lf
    """
    _become("test", context.remainder)


@task
def verifier(context: Context) -> None:
    """Sweep this project's schedulers through the BPF verifier.

    ktstr verifier --kernel 7.0
    ktstr verifier --kernel 7.0 --preset tiny-1llc
    """
    _become("verifier", context.remainder)


def _become(verb: str, remainder: str) -> None:
    """Replace this process by the verb's, so that signals and the exit status need no forwarding."""
    import os
    import shlex
    import signal
    import sys

    from ktstr.plugin.suite import suite_command, suite_environment

    arguments = shlex.split(remainder)
    command = suite_command(verb, arguments)
    sys.stdout.flush()
    # Ctrl-C waits until the new program can be silent about it: see `silent_start`.
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        os.execve(command[0], command, {**os.environ, **suite_environment(["ktstr", verb, *arguments])})
    finally:  # it returns only if it fails
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
