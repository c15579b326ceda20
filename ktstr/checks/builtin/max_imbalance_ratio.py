"""The check `max_imbalance_ratio`."""

from __future__ import annotations

from collections.abc import Iterator

from ktstr.checks.accepted import Sustained, SustainedLimit
from ktstr.checks.evidence import Evidence
from ktstr.checks.registry import declare_check
from ktstr.checks.sampled import exceeded, lasted, recording, sustained
from ktstr.checks.series import Sample, Series
from ktstr.checks.violation import Finding

__all__ = ["max_imbalance_ratio"]


# Off unless it is asked for: tasks that are confined to some CPUs make an imbalance that no scheduler can mend.
@declare_check(default=False, accepts=SustainedLimit("times", 1), rank=6, monitored=True)
def max_imbalance_ratio(run: Evidence, limit: float | Sustained) -> Iterator[Finding]:
    """The most runnable tasks of a CPU are no more than so many times those of another, which counts as one if idle."""
    allowed, monitor = sustained(limit), recording(run)
    cpus = [monitor[f"cpu{cpu}.runnable"] for cpu in range(monitor.samples.cpus)]
    ratios = []
    for several in zip(*(cpu.samples for cpu in cpus), strict=False):
        values = [one.value for one in several]
        ratios.append(
            Sample(several[0].at_ns, several[0].into_ns, max(values) / max(1, min(values)), several[0].phase)
        )
    if found := exceeded(iter([Series("imbalance", tuple(ratios))]), allowed):
        _, first, last = found
        runnable = [int(one.value) for cpu in cpus for one in cpu.samples if one.at_ns == first.at_ns]
        yield Finding(
            f"CPU {runnable.index(max(runnable))} had {max(runnable)} runnable tasks and CPU"
            f" {runnable.index(min(runnable))} had {min(runnable)}: {first.value:.1f} times as"
            f" many{lasted(first, last)}, limit {allowed}",
            first.at_ns,
        )
