"""The check `max_nice_error`."""

from __future__ import annotations

from collections.abc import Iterator

from ktstr.checks.accepted import Limit
from ktstr.checks.evidence import Evidence
from ktstr.checks.registry import declare_check
from ktstr.checks.shares import competitors, divided
from ktstr.checks.violation import Finding
from ktstr.checks.worst import Case, worst

__all__ = ["max_nice_error"]


# Off by default: a scheduler need not follow nice values.
@declare_check(default=False, accepts=Limit("percentage points"), rank=6)
def max_nice_error(run: Evidence, limit: float) -> Iterator[Finding]:
    """Within a cgroup, no workers of one nice value got less of its CPU time than their weight gives them, by more than
    this.

    Workers are compared if all compute without end on the same CPUs, and nothing changes in the phase.
    """
    several = competitors(run)
    cases = []
    for name in dict.fromkeys(one.cgroup for one in several):
        inside = [one for one in several if one.cgroup == name and not one.yields]
        total = sum(one.got for one in inside)
        if len(inside) < 2 or not total:
            continue
        due = divided(inside, [float(one.weight) for one in inside], total)
        errors = [100 * (part - one.got) / total for one, part in zip(inside, due, strict=True)]
        place = max(range(len(inside)), key=errors.__getitem__)
        one = inside[place]
        if errors[place] > limit:
            share, right = 100 * one.got / total, 100 * due[place] / total
            message = (
                f"{one.name} got {share:.1f}% of the cgroup's CPU time, but {right:.1f}% is its due by weight:"
                f" error {errors[place]:.1f} points, limit {limit:g}"
            )
            cases.append(Case(errors[place], message))
    yield from worst(cases, "groups got too little")
