"""The numbers of one test's sidecar, by metric."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from ktstr.compare.registry import METRICS, MetricKind, kind_of_own

__all__ = ["Value", "values_of"]

_NS_PER_MS = 1e6
_NS_PER_S = 1e9


@dataclass(frozen=True)
class Value:
    """A number of a test. Only one whose kind and label are the same can be compared with it."""

    kind: MetricKind
    """What it is."""
    label: str
    """Which one of its kind: a cgroup, a work type, a series, a program, and the number of the run if it is not 1."""
    number: float
    """The number."""

    @property
    def name(self) -> str:
        """The kind with the label: `wait_p99_ms[cg_0]`."""
        return f"{self.kind.name}[{self.label}]" if self.label else self.kind.name


def values_of(sidecar: Mapping[str, Any]) -> tuple[Value, ...]:
    """The numbers of a sidecar's runs; raises KeyError, TypeError or ValueError for one that is malformed."""
    found: list[Value] = []
    for number, run in enumerate(sidecar["runs"], 1):
        suffix = f"run {number}" if number > 1 else ""
        found += (_labelled(value, suffix) for value in _values(run))
    return tuple(found)


def _labelled(value: Value, suffix: str) -> Value:
    label = ", ".join(part for part in (value.label, suffix) if part)
    return Value(value.kind, label, value.number)


def _values(run: Mapping[str, Any]) -> Iterator[Value]:
    guest = run["guest"]
    yield from _of_workers(guest["workers"])
    yield from _of_latency(guest.get("phases", ()))  # the first sidecars had none
    yield from _of_monitor(guest.get("monitor"))
    for program in run.get("programs", ()):
        yield _known("verified_insns", program["verified_insns"], program["name"])
        yield _known("jited_bytes", program["jited_bytes"], program["name"])
    if "map_bytes" in run:
        yield _known("map_bytes", run["map_bytes"])
    for one in run.get("metrics", ()):
        if one["value"] is not None:
            kind = kind_of_own(f"{one['payload']}.{one['name']}", one["unit"], one["better"], "payload")
            yield Value(kind, one["phase"], float(one["value"]))
    for one in run.get("recorded", ()):
        kind = kind_of_own(one["name"], one["unit"], one["better"], "ctx.record")
        yield Value(kind, "", float(one["value"]))


def _known(name: str, number: float, label: str = "") -> Value:
    return Value(METRICS[name], label, float(number))


def _of_workers(workers: Sequence[Mapping[str, Any]]) -> Iterator[Value]:
    held = [worker for worker in workers if worker["wall_ns"] > 0]
    if not held:
        return
    for kind in sorted({worker["kind"] for worker in held}):
        rates = (one["iterations"] * _NS_PER_S / one["wall_ns"] for one in held if one["kind"] == kind)
        yield _known("throughput", sum(rates), kind)
    yield _known("off_cpu_pct", fmean(_off_cpu_pct(worker) for worker in held))
    yield _known("gap_ms", max(worker["gap_ns"] for worker in held) / _NS_PER_MS)
    total = sum(worker["run_ns"] for worker in held)
    cgroups = sorted({worker["cgroup"] for worker in held})
    if total and len(cgroups) > 1:
        for cgroup in cgroups:
            own = sum(worker["run_ns"] for worker in held if worker["cgroup"] == cgroup)
            yield _known("share_pct", 100.0 * own / total, cgroup)


def _off_cpu_pct(worker: Mapping[str, Any]) -> float:
    """As WorkerStats.off_cpu_pct has it."""
    wanted: int = worker["wall_ns"] - worker["slept_ns"] - worker.get("stopped_ns", 0)
    return max(0.0, 100.0 * float(wanted - worker["run_ns"]) / float(worker["wall_ns"]))


def _of_latency(phases: Sequence[Mapping[str, Any]]) -> Iterator[Value]:
    """Over all phases: percentiles are those of the worst worker in the worst phase, since a sidecar has no
    histograms that could be added up."""
    counted = [phase for phase in phases if phase.get("latency")]
    held_ns = sum(phase["held_ns"] for phase in counted)
    if not held_ns:
        return
    tasks = [task for phase in counted for task in phase["latency"]["tasks"] if task["worker"] is not None]
    for cgroup in sorted({task["cgroup"] for task in tasks}):
        own = [task for task in tasks if task["cgroup"] == cgroup]
        for name, durations, field in _DURATIONS:
            if numbers := [task[durations][field] for task in own if task[durations]["count"]]:
                yield _known(name, max(numbers) / _NS_PER_MS, cgroup)
        waits = (max(task["waited"]["longest_ns"], task.get("waiting_ns", 0)) for task in own)
        yield _known("wait_longest_ms", max(waits) / _NS_PER_MS, cgroup)
        yield _known("idle_wait_ms", sum(task.get("idle_ns", 0) for task in own) / _NS_PER_MS, cgroup)
        yield _known("preemptions", sum(task["involuntary"] for task in own) * _NS_PER_S / held_ns, cgroup)
        moves = sum(task["moved_across_llcs"] + task["moved_across_nodes"] for task in own)
        yield _known("llc_moves", moves * _NS_PER_S / held_ns, cgroup)
    yield _known("wasted_ms", sum(one["latency"].get("wasted_ns", 0) for one in counted) / _NS_PER_MS)


_DURATIONS = (
    ("wakeup_p50_ms", "woken", "p50_ns"),
    ("wakeup_p99_ms", "woken", "p99_ns"),
    ("wakeup_longest_ms", "woken", "longest_ns"),
    ("wait_p99_ms", "waited", "p99_ns"),
    ("slice_p50_ms", "ran", "p50_ns"),
)


def _of_monitor(monitor: Mapping[str, Any] | None) -> Iterator[Value]:
    """The aggregates of each series that is not of one CPU: those say where, and the others how much."""
    for name, samples in (monitor or {}).get("series", {}).items():
        numbers = [number for number in samples if number is not None]
        if numbers and not (name.startswith("cpu") and name[3:4].isdigit()):
            yield _known("monitor_mean", fmean(numbers), name)
            yield _known("monitor_max", max(numbers), name)
