"""The check `max_wasted_pct`."""

from __future__ import annotations

from collections.abc import Iterator

from ktstr.checks.accepted import Limit
from ktstr.checks.evidence import Evidence
from ktstr.checks.idle_cpus import idles_by_right
from ktstr.checks.registry import declare_check

__all__ = ["max_wasted_pct"]

_LEAST_NS = 200_000_000  # in a shorter phase what begins and ends is most of it


# The default: EEVDF stays below 1, and scx's schedulers, which keep tasks where their caches are, were seen at 11.4
# (scx_bpfland and scx_cosmos in `sched_mixed`, seven tasks on eight CPUs). Twice that is no habit any more.
@declare_check(
    default=20.0, accepts=Limit("percent of the CPU time that there was"), rank=3, needs_latency=True
)
def max_wasted_pct(run: Evidence, limit: float) -> Iterator[str]:
    """CPUs were idle, while tasks that may use every CPU waited for one, for at most so much of the time that they had.

    If two CPUs were idle while three such tasks waited, both count. It is not judged in a phase with a quota, with core
    scheduling, in which CPUs go or come, or in which a step starts a scheduler.
    """
    latency, phase, states = run.latency, run.phase, run.held_states
    if latency is None or phase is None or phase.held_ns < _LEAST_NS or not states or idles_by_right(run):
        return
    if any(one.quota for state in states for one in state.cgroups.values()):
        return
    had_ns = phase.held_ns * len(states[0].online)
    share = 100 * latency.wasted_ns / had_ns
    if share > limit:
        yield (
            f"CPUs were idle while tasks that may use them could run and waited: for {latency.wasted_ns / 1e6:.0f} ms"
            f" of the {had_ns / 1e6:.0f} ms that they had ({share:.1f}%), limit {limit:g}%"
        )
