"""`bisect`: find the first kernel, or the first commit of the project, on which a test's verdict changes."""

from __future__ import annotations

from invoke import Context, task

__all__ = ["bisect"]


@task(
    help={
        "test": "the test: basic_steady, or tests/test_mine.py::basic_steady",
        "good": "a kernel on which it passes: a release (7.0, 7.0.13), or a commit (../linux#v7.0)",
        "bad": "a kernel on which it fails: a release or a commit, as for --good",
        "commits": "instead of kernels: two commits of this project, GOOD..BAD",
        "kernel": "with --commits: the kernel, as for tests",
        "metric": "a metric that decides instead of the verdict: wait_p99_ms[web]",
        "limit": "the number beyond which the metric is bad",
        "seeds": "as for tests",
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
    seeds: str = "",
    commits: str = "",
    kernel: str = "",
    metric: str = "",
    limit: str = "",
    fresh: bool = False,
) -> None:
    """Find the first kernel, or the first commit of this project, on which a test's verdict changes.

    ktstr bisect --test smoke --good 7.0 --bad 7.3
    ktstr bisect --test smoke --good ../linux#v7.0 --bad ../linux#v7.1
    ktstr bisect --test smoke --commits v1.0..HEAD
    ktstr bisect --test smoke --commits v1.0..HEAD --metric gap_ms --limit 20
    """
    from ktstr.base.errors import KtstrError
    from ktstr.bisect.command import Request, run_bisect
    from ktstr.bisect.limit import limit_of
    from ktstr.bisect.step import Options

    if not test or not (commits or (good and bad)):
        raise KtstrError(
            "bisect: needs --test NAME, --good KERNEL and --bad KERNEL; or --test NAME and --commits GOOD..BAD"
        )
    if commits and (good or bad):
        raise KtstrError("bisect: --commits: not together with --good and --bad, which are kernels")
    if kernel and not commits:
        raise KtstrError("bisect: --kernel: only with --commits; --good and --bad are the kernels")
    options = Options(topology, clock, seed, perturb, executor, seeds)
    run_bisect(Request(test, good or "", bad or "", options, fresh, commits, kernel, limit_of(metric, limit)))
