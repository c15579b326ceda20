"""The check `not_stuck`."""

from __future__ import annotations

from collections.abc import Iterator

from ktstr.checks.evidence import Evidence
from ktstr.checks.offline import while_offline
from ktstr.checks.registry import declare_check
from ktstr.checks.worker_names import worker_name

__all__ = ["not_stuck"]

_MS = 1_000_000
# In a phase shorter than this a worker may wait its turn; a scenario without steps has one hold, as long as asked.
_LEAST_NS = 100 * _MS


@declare_check(rank=2)
def not_stuck(run: Evidence, _on: bool) -> Iterator[str]:
    """Every worker did some work, unless the scenario gave it no time to."""
    least_ns = _LEAST_NS if run.has_steps else 0
    for worker in run.workers:
        if worker.iterations == 0 and worker.wanted_ns >= least_ns:
            yield (
                f"{worker_name(worker)} did no work in {worker.wall_ns / 1e9:.2f} guest seconds"
                f"{while_offline(run)}: starved (0 iterations, limit: 1; {worker.run_ns / _MS:.1f} ms on a CPU)"
            )
