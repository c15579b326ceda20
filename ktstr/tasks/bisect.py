"""`bisect`: find the first kernel on which a test's verdict changes."""

from __future__ import annotations

from invoke import Context, task

__all__ = ["bisect"]


@task(
    help={
        "test": "the test: basic_steady, or tests/test_mine.py::basic_steady",
        "good": "a kernel on which it passes: a release (7.0, 7.0.13), or a commit (../linux#v7.0)",
        "bad": "a kernel on which it fails: a release or a commit, as for --good",
        "topology": "as for tests",
        "clock": "as for tests",
        "seed": "as for tests",
        "perturb": "as for tests",
        "executor": "as for tests",
        "fresh": "forget the steps of an interrupted bisection",
    }
)
def bisect(
    _context: Context,
    test: str | None = None,
    good: str | None = None,
    bad: str | None = None,
    topology: str = "",
    clock: str = "",
    seed: str = "",
    perturb: str = "",
    executor: str = "",
    fresh: bool = False,
) -> None:
    """Find the first kernel on which a test's verdict changes, in the fewest runs.

    ktstr bisect --test smoke --good 7.0 --bad 7.3
    ktstr bisect --test smoke --good ../linux#v7.0 --bad ../linux#v7.1
    """
    from ktstr.base.errors import KtstrError
    from ktstr.bisect.command import Request, run_bisect
    from ktstr.bisect.step import Options

    if not test or not good or not bad:
        raise KtstrError("bisect: needs --test NAME, --good KERNEL and --bad KERNEL")
    run_bisect(Request(test, good, bad, Options(topology, clock, seed, perturb, executor), fresh))
