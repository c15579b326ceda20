"""The check `program_runs`."""

from __future__ import annotations

from collections.abc import Iterator

from ktstr.checks.evidence import Evidence
from ktstr.checks.registry import Stage, declare_check
from ktstr.checks.violation import Finding

__all__ = ["program_runs"]


@declare_check(stage=Stage.SCHEDULER, always=True, rank=3)
def program_runs(run: Evidence, _always: bool) -> Iterator[Finding]:
    """Each program that the scenario ran on demand returned what it was to."""
    for one in run.report.program_runs:
        if not one.as_expected:
            wanted = str(one.least) if one.least == one.most else f"{one.least} to {one.most}"
            given = ", ".join(f"{path}={value}" for path, value in one.context.items())
            yield Finding(f"program {one.program}({given}) returned {one.returned}, not {wanted}", one.at_ns)
