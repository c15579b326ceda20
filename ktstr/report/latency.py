"""The latency of a run's tasks as its failure text shows it."""

from __future__ import annotations

from collections.abc import Sequence

from ktstr.events.distribution import Distribution
from ktstr.events.latency import Latency, TaskLatency
from ktstr.events.phase import Phase
from ktstr.report.text import aligned

__all__ = ["latency_lines"]

_WORKERS = 16
_OTHERS = 4
_HEAD = (
    "ms",
    "wakeups",
    "p50",
    "p99",
    "longest",
    "waits",
    "p99",
    "longest",
    "slices",
    "p50",
    "longest",
    "moves",
)


def latency_lines(phases: Sequence[Phase]) -> list[str]:
    """A table for each phase: from wakeup to running, waits for a CPU, slices, in milliseconds; moves between CPUs.

    Of others than workers it has those that waited longest. Empty if latency was not counted.
    """
    lines: list[str] = []
    for phase in phases:
        if phase.latency is not None:
            lines += [f"step {phase.name}:"] if phase.name else []
            lines += _table(phase.latency)
    return lines


def _table(latency: Latency) -> list[str]:
    workers = [task for task in latency.tasks if task.worker is not None]
    others = [task for task in latency.tasks if task.worker is None]
    others.sort(key=lambda task: task.longest_wait_ns, reverse=True)
    shown = [*workers[:_WORKERS], *others[:_OTHERS]]
    rows = [_HEAD, *(_row(task) for task in shown)]
    lines = aligned(rows, right=range(1, len(_HEAD)))
    left_out = len(latency.tasks) - len(shown)
    return [*lines, f"and {left_out} more tasks"] if left_out else lines


def _row(task: TaskLatency) -> tuple[str, ...]:
    who = f"{task.name}[{task.pid}]" if task.worker is None else f"{task.cgroup}/{task.worker}"
    waited = task.waited
    return (
        who,
        *_cells(task.woken, "p50", "p99"),
        str(waited.count),
        _ms(waited.p99_ns),
        _ms(task.longest_wait_ns),
        *_cells(task.ran, "p50"),
        str(task.moved),
    )


def _cells(one: Distribution, *percentiles: str) -> tuple[str, ...]:
    return (
        str(one.count),
        *(_ms(getattr(one, f"{name}_ns")) for name in percentiles),
        _ms(one.longest_ns),
    )


def _ms(ns: int) -> str:
    return f"{ns / 1e6:.3f}" if ns < 10_000_000 else f"{ns / 1e6:.1f}"
