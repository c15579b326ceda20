"""The check `not_stuck`."""

from __future__ import annotations

from collections.abc import Iterator

from ktstr.checks.evidence import Evidence
from ktstr.checks.offline import while_offline
from ktstr.checks.registry import declare_check
from ktstr.checks.violation import Finding
from ktstr.checks.worker_names import worker_name, worker_names

__all__ = ["not_stuck"]

_MS = 1_000_000
# In a phase shorter than this a worker may wait its turn; a scenario without steps has one hold, as long as asked.
_LEAST_NS = 100 * _MS


@declare_check(rank=2)
def not_stuck(run: Evidence, _on: bool) -> Iterator[Finding]:
    """Every worker did some work, unless the scenario gave it no time to."""
    least_ns = _LEAST_NS if run.has_steps else 0
    starved = [one for one in run.workers if one.iterations == 0 and one.wanted_ns >= least_ns]
    if not starved:
        return
    # One starvation is one violation, however many workers it met.
    wall_s = max(one.wall_ns for one in starved) / 1e9
    ran = f"{max(one.run_ns for one in starved) / _MS:.1f} ms on a CPU"
    if len(starved) == 1:
        who, whom = worker_name(starved[0]), ""
    else:
        who, ran = f"{len(starved)} workers", f"at most {ran}"
        whom = f": {worker_names(starved)}"
    yield Finding(
        f"{who} did no work in {wall_s:.2f} guest seconds{while_offline(run)}:"
        f" starved (0 iterations, limit: 1; {ran}){whom}",
        victim=starved[0].index,
    )
