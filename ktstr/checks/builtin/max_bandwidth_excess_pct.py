"""The check `max_bandwidth_excess_pct`."""

from __future__ import annotations

from collections.abc import Iterator

from ktstr.checks.accepted import Limit
from ktstr.checks.evidence import Evidence
from ktstr.checks.registry import declare_check
from ktstr.checks.violation import Finding
from ktstr.checks.worst import Case, worst

__all__ = ["max_bandwidth_excess_pct"]

# The hold begins and ends somewhere in a period, and what is left of one may be used in the first.
_MORE_PERIODS = 2


@declare_check(default=25.0, accepts=Limit("percent of the quota"), rank=7)
def max_bandwidth_excess_pct(run: Evidence, limit: float) -> Iterator[Finding]:
    """No cgroup with a `cpu.max` all through the phase used more CPU time than its quota, and that much of it more."""
    states = run.held_states
    held_ns = max((worker.wall_ns for worker in run.workers), default=0)
    cases = []
    for path in states[0].cgroups if states else ():
        quotas = {state.cgroups[path].quota if path in state.cgroups else None for state in states}
        quota = quotas.pop() if len(quotas) == 1 else None
        if quota is None:
            continue
        used_ns = sum(
            worker.run_ns
            for worker in run.workers
            if (several := run.members(worker))
            and all(f"{one.cgroup}/".startswith(f"{path}/") for one in several)
        )
        quota_ns, period_ns = quota
        allowed_ns = quota_ns * (held_ns / period_ns * (1 + limit / 100) + _MORE_PERIODS)
        if used_ns > allowed_ns:
            due_ns = quota_ns * held_ns / period_ns
            message = (
                f"cgroup {path} exceeded its cpu.max: its workers ran {used_ns / 1e6:.0f} ms in {held_ns / 1e6:.0f} ms,"
                f" but {quota_ns / 1e6:g} ms in each {period_ns / 1e6:g} ms is {due_ns / 1e6:.0f} ms: limit"
                f" {allowed_ns / 1e6:.0f} ms"
            )
            cases.append(Case(used_ns / allowed_ns, message))
    yield from worst(cases, "cgroups exceeded theirs")
