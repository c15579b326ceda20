"""The check `max_share_error`."""

from __future__ import annotations

from collections.abc import Iterator

from ktstr.checks.accepted import Limit
from ktstr.checks.evidence import Evidence
from ktstr.checks.registry import declare_check
from ktstr.checks.shares import competitors, dues

__all__ = ["max_share_error"]

# A scheduler may charge a task more that yields: with bursts of 1 ms beside spinners it gets 0.96 of its due of EEVDF.
# Who charges it a whole slice of some ms gives it less than this part; scx_simple does, and its source says so.
_OF_YIELDING = 0.5


# The default: that of max_weight_error, for the same reason.
@declare_check(default=15.0, accepts=Limit("percentage points"), rank=5)
def max_share_error(run: Evidence, limit: float) -> Iterator[str]:
    """No workers of one cgroup, policy and nice value got less of the CPU time than they are due by more than this.

    Schedulers divide in equal parts, by the weights of tasks, or by those of cgroups and then of the tasks in them:
    what is due is the least of the three. Workers are compared if all compute without end on the same CPUs, and nothing
    changes in the phase. Some that yield are only found if they got less than half of their due.
    """
    several = competitors(run)
    total = sum(one.got for one in several)
    if len(several) < 2 or not total:
        return
    least = [min(parts) for parts in zip(*dues(run, several), strict=True)]
    errors = [100 * (part - one.got) / total for one, part in zip(several, least, strict=True)]
    place = max(range(len(several)), key=lambda place: errors[place])
    error, part, one = errors[place], least[place], several[place]
    if error > limit and not (one.yields and one.got > _OF_YIELDING * part):
        most = max((other for other in several if other is not one), key=lambda other: other.got)
        share, right = 100 * one.got / total, 100 * part / total
        yield (
            f"{one.name} got {share:.1f}% of the CPU time, but at least {right:.1f}% is due to it:"
            f" error {error:.1f} points, limit {limit:g}; {most.name} got {100 * most.got / total:.1f}%"
        )
