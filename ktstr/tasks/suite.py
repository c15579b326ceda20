"""The verbs of a project's suite. In a checkout of ktstr, `nox -s test` and `nox -s verifier` do the same."""

from __future__ import annotations

import shlex

from invoke import Context, task

from ktstr.plugin.suite import become

__all__ = ["test", "verifier"]


@task
def test(context: Context) -> None:
    """Run this project's tests with pytest, in parallel.

    ktstr test --kernel 7.0
    ktstr test --kernel 7.0 -k smoke -x
    ktstr test --kernel 7.0 --seeds 20
    ktstr test tests/test_mine.py --lf
    """
    become("test", shlex.split(context.remainder))


@task
def verifier(context: Context) -> None:
    """Sweep this project's schedulers through the BPF verifier.

    ktstr verifier --kernel 7.0
    ktstr verifier --kernel 7.0 --preset tiny-1llc
    """
    become("verifier", shlex.split(context.remainder))
