"""The check `cpus_kept`."""

from __future__ import annotations

from collections.abc import Iterator

from ktstr.checks.evidence import Evidence
from ktstr.checks.registry import Stage, declare_check

__all__ = ["cpus_kept"]


@declare_check(stage=Stage.KERNEL, always=True, rank=0)
def cpus_kept(run: Evidence, _always: bool) -> Iterator[str]:
    """The CPUs that are online at the end are those of the beginning: what the plan changed, the agent changes back."""
    if run.report.left_cpus and run.report.schedulers:
        yield f"a program in the guest left only CPUs {run.report.left_cpus} online, which interferes"
