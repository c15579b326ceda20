"""The histograms of latency of a whole run, by who the tasks were: what a sidecar keeps of them, to be drawn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ktstr.events.distribution import Distribution, merged
from ktstr.events.latency import Latency, TaskLatency

__all__ = ["GroupLatency", "Histogram", "drop_histograms", "groups_of"]

Histogram = tuple[tuple[int, int], ...]
"""The buckets that are not empty: the longest duration that each counts, in ns, and how many it has. The last one's is
the longest of all, exactly."""


@dataclass(frozen=True)
class GroupLatency:
    """How long the workers of a cgroup, or all other tasks of a class, waited for a CPU and had one, in all phases."""

    name: str
    """The cgroup, or the class: `ext`, `fair`, `idle` (the policy), `rt` or `deadline`."""
    workers: bool
    """Whether these are the workers of a cgroup."""
    tasks: int
    """How many there were."""
    woken: Histogram
    """From when somebody began to wake a task until it ran."""
    waited: Histogram
    """From when it could run until it ran, after it was preempted, too."""
    ran: Histogram
    """From when it got a CPU until it left it."""


def groups_of(latencies: Iterable[Latency]) -> tuple[GroupLatency, ...]:
    """The histograms of all phases together: cgroups by name, then classes."""
    found: dict[tuple[bool, str], list[TaskLatency]] = {}
    for latency in latencies:
        for task in latency.tasks:
            name = latency.class_of(task) if task.worker is None else task.cgroup
            found.setdefault((task.worker is None, name), []).append(task)
    return tuple(
        GroupLatency(
            name,
            not other,
            len({(task.worker, task.pid, task.name) for task in tasks}),
            _histogram(task.woken for task in tasks),
            _histogram(task.waited for task in tasks),
            _histogram(task.ran for task in tasks),
        )
        for (other, name), tasks in sorted(found.items())
    )


def drop_histograms(latencies: Iterable[dict[str, Any]]) -> None:
    """Take the histograms of single tasks out of this JSON data: they would be most of a sidecar."""
    for latency in latencies:
        for task in latency["tasks"]:
            for durations in ("woken", "waited", "ran"):
                del task[durations]["buckets"]


def _histogram(several: Iterable[Distribution]) -> Histogram:
    one = merged(several)
    return tuple((min(most, one.longest_ns), count) for most, count in one.buckets)
