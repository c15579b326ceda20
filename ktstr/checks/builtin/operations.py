"""The check `operations`."""

from __future__ import annotations

from collections.abc import Iterator

from ktstr.checks.evidence import Evidence
from ktstr.checks.registry import Stage, declare_check
from ktstr.checks.violation import Finding

__all__ = ["operations"]


@declare_check(stage=Stage.SCHEDULER, always=True, rank=2)
def operations(run: Evidence, _always: bool) -> Iterator[Finding]:
    """The scheduler refused no operation of the scenario: no new task, no cgroup."""
    if not run.sched_ext or run.expected is not None or run.layout is None:
        return
    for one in run.report.operations:
        if callback := run.layout.refusals.get(one.name, {}).get(one.errno):
            yield Finding(f"the scheduler's {callback} refused an operation: {one.line}", one.ended_ns)
