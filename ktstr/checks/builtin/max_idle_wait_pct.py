"""The check `max_idle_wait_pct`."""

from __future__ import annotations

from collections.abc import Iterator

from ktstr.checks.accepted import Limit
from ktstr.checks.builtin.max_spread_pct import comparable
from ktstr.checks.evidence import Evidence
from ktstr.checks.idle_cpus import is_excused
from ktstr.checks.registry import declare_check
from ktstr.checks.violation import Finding
from ktstr.checks.worker_latency import worker_latency
from ktstr.checks.worker_names import worker_name
from ktstr.events.idle import Idle, read_idle
from ktstr.events.phase import Phase
from ktstr.events.report import WorkerStats
from ktstr.scenario.model import State

__all__ = ["max_idle_wait_pct"]

_MS = 1_000_000
_LEAST_NS = 200 * _MS  # in less than this, idle time and time on a CPU are too coarse


# The default: a scheduler may keep tasks on CPUs that they know, and let others idle for it, but not for most of the
# time that a task wants to run.
@declare_check(default=50.0, accepts=Limit("percent of the time that a worker wanted to run"), rank=3)
def max_idle_wait_pct(run: Evidence, limit: float) -> Iterator[Finding]:
    """No worker waited for a CPU, for so much of the time that it wanted to run, while one that it may use was idle.

    The agent knows for how long a worker waited and for how long a CPU was idle, but not when. If both together are
    longer than the time that there was, the rest was at the same time. The longest wait does not count: `max_gap_ms` is
    about that. Where latency is counted, a worker waited no longer than it could run and did not: what it wants may
    also be the end of a child, whose exit takes time.
    """
    idle, phase = read_idle(run.events), run.phase
    exact = {worker.index: task.waited.total_ns for worker, task in worker_latency(run)}
    states = run.held_states
    if idle is None or phase is None or not states:
        return
    found: list[tuple[float, int, int, WorkerStats]] = []
    for worker in run.workers:
        if worker.wall_ns < _LEAST_NS or worker.wanted_ns <= 0 or not _may_run(run, worker):
            continue
        waited_ns = worker.wanted_ns - worker.run_ns - worker.gap_ns
        waited_ns = min(waited_ns, exact.get(worker.index, waited_ns))
        cpu, both_ns = _both(idle, phase, worker, waited_ns, _allowed(run, states[-1], worker))
        if 100 * both_ns > limit * worker.wanted_ns:
            found.append((100 * both_ns / worker.wanted_ns, cpu, both_ns, worker))
    if found:
        share, cpu, both_ns, worker = max(found, key=lambda one: one[0])
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        yield Finding(
            f"CPU {cpu} was idle while {worker_name(worker)}{more} waited: for at least {both_ns / _MS:.0f} ms"
            f" of the {worker.wanted_ns / _MS:.0f} ms that {worker.cgroup}/{worker.index} wanted to run"
            f" ({share:.0f}%), limit {limit:g}%",
            victim=worker.index,
        )


def _both(
    idle: Idle, phase: Phase, worker: WorkerStats, waited_ns: int, allowed: frozenset[int]
) -> tuple[int, int]:
    """The allowed CPU that was idle for longest, and how long it was so at least while the worker waited, in ns."""
    until_ns = phase.began_ns + phase.held_ns
    from_ns = max(phase.began_ns, until_ns - worker.wall_ns)
    cpu = max(sorted(allowed), key=lambda one: idle.cpus.get(one, 0))
    return cpu, waited_ns + idle.least_ns(cpu, from_ns, until_ns) - worker.wall_ns


def _allowed(run: Evidence, state: State, worker: WorkerStats) -> frozenset[int]:
    member = run.member(worker)
    return state.allowed(member) if member else run.allowed(worker)


def _may_run(run: Evidence, worker: WorkerStats) -> bool:
    """Whether only the scheduler kept it from running all through the phase: no throttling, and nothing changed."""
    member = run.member(worker)
    return member is not None and comparable(run, worker) and not is_excused(run, member)
