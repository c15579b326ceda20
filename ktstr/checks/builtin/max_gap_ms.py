"""The check `max_gap_ms`."""

from __future__ import annotations

from collections.abc import Iterator

from ktstr.checks.accepted import Limit
from ktstr.checks.evidence import Evidence
from ktstr.checks.offline import while_offline
from ktstr.checks.registry import declare_check
from ktstr.checks.violation import Finding
from ktstr.checks.weight import patience
from ktstr.checks.worker_names import worker_name
from ktstr.checks.worst import Case, worst
from ktstr.events.report import WorkerStats

__all__ = ["max_gap_ms"]

_MS = 1_000_000


# The default: a gap has to fit into a scenario's default length of 2 s to be found at all; a second is still far more
# than a scheduler that works ever makes a runnable task wait.
@declare_check(default=1000.0, accepts=Limit("guest milliseconds", of_wait=True), rank=5)
def max_gap_ms(run: Evidence, limit: float) -> Iterator[Finding]:
    """No worker that wanted to run had to wait longer than this at a time.

    One of half the weight may wait twice as long: one of the policy idle waits by right beside others.
    """
    cases = []
    for worker in run.workers:
        allowed_ms = limit * _patience(run, worker)
        if worker.gap_ns > allowed_ms * _MS:
            message = (
                f"{worker_name(worker)} wanted to run and did not for {worker.gap_ns / _MS:.1f} ms"
                f"{while_offline(run)}, limit {allowed_ms:g} ms"
            )
            excess = worker.gap_ns / allowed_ms if allowed_ms else worker.gap_ns
            cases.append(Case(excess, message, worker.gap_at_ns, worker.index))
    yield from worst(cases, "workers did not for longer than they may")


def _patience(run: Evidence, worker: WorkerStats) -> float:
    """That of the lightest that it was in the time that is judged."""
    several = run.members(worker)
    if not several:
        return patience(run.policy(worker), 0)
    return max(patience(member.policy, member.nice) for member in several)
