"""The check `max_insns_per_call`."""

from __future__ import annotations

from collections.abc import Iterator

from ktstr.checks.accepted import ByFunction
from ktstr.checks.evidence import Evidence
from ktstr.checks.registry import Stage, declare_check

__all__ = ["max_insns_per_call"]


# Off by default: how long a callback may be depends on the scheduler. The whole run is judged, not a phase.
@declare_check(default=False, accepts=ByFunction("instructions"), stage=Stage.KERNEL, rank=2)
def max_insns_per_call(run: Evidence, limits: tuple[tuple[str, int], ...]) -> Iterator[str]:
    """No call of a BPF function took more instructions of BPF code than this, with those of what it called."""
    if not run.costs:
        return  # nothing was counted, because the run was cut off, or no scheduler was loaded
    for name, limit in limits:
        found = [cost for cost in run.costs if cost.name == name]
        if not found:
            names = ", ".join(sorted({cost.name for cost in run.costs}))
            yield f"{name}: the scheduler has no such BPF function; there are {names}"
        for cost in found:
            over = sum(count for insns, count in cost.calls.items() if insns > limit)
            if over:
                yield f"{name}: {over} of {cost.count} calls took up to {cost.most} instructions; limit {limit}"
