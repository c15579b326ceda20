"""The check `max_wasted_pct`."""

from __future__ import annotations

from collections.abc import Iterator

from ktstr.checks.accepted import Limit
from ktstr.checks.evidence import Evidence
from ktstr.checks.registry import declare_check
from ktstr.scenario.operations.core_sched import CoreSched

__all__ = ["max_wasted_pct"]

_LEAST_NS = 200_000_000  # in a shorter phase what begins and ends is most of it


# The default: far above what balancing takes, and what a scheduler that keeps tasks where their caches are leaves.
@declare_check(
    default=10.0, accepts=Limit("percent of the CPU time that there was"), rank=3, needs_latency=True
)
def max_wasted_pct(run: Evidence, limit: float) -> Iterator[str]:
    """CPUs were idle, while tasks that may use every CPU waited for one, for at most so much of the time that they had.

    If two CPUs were idle while three such tasks waited, both count. It is not judged in a phase with a quota, with core
    scheduling, or in which CPUs go or come.
    """
    latency, phase, states = run.latency, run.phase, run.held_states
    if latency is None or phase is None or phase.held_ns < _LEAST_NS or not states:
        return
    if any(one.quota for state in states for one in state.cgroups.values()):
        return
    if run.layout is not None and any(isinstance(one, CoreSched) for one in run.layout.operations):
        return
    cpus = {state.online for state in states}
    if len(cpus) > 1:
        return
    had_ns = phase.held_ns * len(cpus.pop())
    share = 100 * latency.wasted_ns / had_ns
    if share > limit:
        yield (
            f"CPUs were idle while tasks that may use them could run and waited: for {latency.wasted_ns / 1e6:.0f} ms"
            f" of the {had_ns / 1e6:.0f} ms that they had ({share:.1f}%), limit {limit:g}%"
        )
