"""The check `max_gap_ms`."""

from __future__ import annotations

from collections.abc import Iterator

from ktstr.checks.accepted import Limit
from ktstr.checks.evidence import Evidence
from ktstr.checks.offline import while_offline
from ktstr.checks.registry import declare_check
from ktstr.checks.violation import Finding
from ktstr.checks.worker_names import worker_name

__all__ = ["max_gap_ms"]

_MS = 1_000_000


# The default: a gap has to fit into a scenario's default length of 2 s to be found at all; a second is still far more
# than a scheduler that works ever makes a runnable task wait.
@declare_check(default=1000.0, accepts=Limit("guest milliseconds"), rank=5)
def max_gap_ms(run: Evidence, limit: float) -> Iterator[Finding]:
    """No worker that wanted to run had to wait longer than this at a time."""
    for worker in run.workers:
        if worker.gap_ns > limit * _MS:
            yield Finding(
                f"{worker_name(worker)} wanted to run and did not for {worker.gap_ns / _MS:.1f} ms"
                f"{while_offline(run)}, limit {limit:g} ms",
                worker.gap_at_ns,
                worker.index,
            )
