"""Whether a run's latency is counted: by BPF programs in the guest, which take a clang to make."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.checks.registry import declared_checks
from ktstr.checks.thresholds import Checks
from ktstr.checks.verdict import RunReport
from ktstr.declare.test import KtstrTest
from ktstr.kernel.model import Kernel

__all__ = ["is_about_latency", "observer_of"]


def observer_of(test: KtstrTest, limits: Checks, kernel: Kernel, *, sched_ext: bool) -> Path | None:
    """The programs that count the latency of a run, or None if it is not counted.

    It is if the test asks for it (`latency=True`), or sets a check that needs it. If the test says nothing, a run of a
    sched_ext scheduler counts it where that can be done. KtstrError if the test asks for it and it cannot be done.
    """
    asked = _asking(limits)
    if test.latency is False:
        if asked:
            raise KtstrError(f"{test.name}: latency=False: contradicts checks: {asked}, which needs it")
        return None
    if not (test.latency or asked or sched_ext):
        return None
    built = _built(kernel)
    if isinstance(built, Path):
        return built
    if not (test.latency or asked):
        return None
    why = "latency=True" if test.latency else f"checks: {asked}"
    raise KtstrError(f"{test.name}: {why}: latency is counted by a BPF program: {built}")


@cache
def _built(kernel: Kernel) -> Path | str:
    """The observer, or why there is none: a session asks once, because to find that out may take a while."""
    from ktstr.bpf.observer import build_observer  # pulls in compilers

    try:
        return build_observer(kernel)
    except KtstrError as error:
        return str(error)


def is_about_latency(report: RunReport) -> bool:
    """Whether the run violated a check that is judged by latency."""
    violated = {one.check for one in report.violations}
    return any(check.needs_latency and check.name in violated for check in declared_checks())


def _asking(limits: Checks) -> str:
    """The name of a check that somebody set and that needs latency; empty if there is none."""
    for check in declared_checks():
        limit = limits.limit(check)
        is_set = check.default is False or limit != check.default  # a limit of 0 is not off
        if check.needs_latency and limit is not False and is_set:
            return check.key
    return ""
