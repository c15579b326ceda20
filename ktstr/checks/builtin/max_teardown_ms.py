"""The check `max_teardown_ms`."""

from __future__ import annotations

from collections.abc import Iterator

from ktstr.checks.accepted import Limit
from ktstr.checks.evidence import Evidence
from ktstr.checks.registry import Stage, declare_check
from ktstr.checks.violation import Finding

__all__ = ["max_teardown_ms"]

_MS = 1_000_000


# What workers did is worth knowing whether or not this is violated, so it is judged with what the kernel said.
@declare_check(default=False, accepts=Limit("guest milliseconds"), stage=Stage.KERNEL, rank=1)
def max_teardown_ms(run: Evidence, limit: float) -> Iterator[Finding]:
    """No scheduler that was asked to end took longer for that than this, from the first signal to its program's end."""
    stopped = [state for state in run.report.states if state.when == "stopped"]
    for number, state in enumerate(stopped, 1):
        if state.took_ns > limit * _MS:
            which = f"scheduler {number} of {len(stopped)}" if len(stopped) > 1 else "the scheduler"
            yield Finding(
                f"{which} took {state.took_ns / _MS:.1f} ms to end after it was asked to, limit {limit:g} ms",
                state.at_ns,
            )
