"""The registry of metrics: each number that is compared, with its unit, its direction and its thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ktstr.scenario.metric import Better

__all__ = ["METRICS", "MetricKind", "kind_of_own"]


@dataclass(frozen=True)
class MetricKind:
    """A number that runs have. A difference counts if it is beyond both thresholds."""

    name: str
    """What tables call it. A label in brackets says which one it is: `wait_p99_ms[cg_0]`."""
    unit: str
    """Its unit; empty if it has none."""
    better: Better
    """Which direction is better: `lower`, `higher`; empty: neither."""
    source: str
    """Where it comes from, in words."""
    absolute: float = 0.0
    """The difference, in its unit, up to which it is noise."""
    relative: float = 0.05
    """The same as a part of the first side's number: 0.05 is 5 percent."""
    exact: bool = False
    """Whether it is a property of what was run, so that one number decides: no interleaving of tasks changes it."""


# A percentile is the upper end of a bucket an eighth of an octave wide: a step to the next is 9 to 12.5 percent.
_BUCKET = 0.15
_LATENCY = "latency of a cgroup's workers"


def _latency(name: str, what: str, absolute: float, relative: float) -> MetricKind:
    return MetricKind(name, "ms", "lower", f"{_LATENCY}: {what}", absolute, relative)


def _rate(name: str, what: str) -> MetricKind:
    return MetricKind(name, "1/s", "", f"{_LATENCY}: {what}", 10.0, 0.1)


def _cost(name: str, unit: str, what: str, absolute: float) -> MetricKind:
    return MetricKind(name, unit, "lower", f"verifier sweep: {what}", absolute, 0.01, exact=True)


_KINDS = (
    _latency("wakeup_p50_ms", "from wakeup to a CPU, the worst p50", 0.1, _BUCKET),
    _latency("wakeup_p99_ms", "from wakeup to a CPU, the worst p99", 0.1, _BUCKET),
    _latency("wakeup_longest_ms", "from wakeup to a CPU, the longest", 1.0, 0.2),
    _latency("wait_p99_ms", "waiting for a CPU, the worst p99", 0.1, _BUCKET),
    _latency("wait_longest_ms", "waiting for a CPU, the longest", 1.0, 0.2),
    _latency("idle_wait_ms", "waiting while a CPU was idle, all together", 5.0, 0.1),
    MetricKind("slice_p50_ms", "ms", "", f"{_LATENCY}: the longest p50 of their slices", 0.1, _BUCKET),
    _rate("preemptions", "how often one lost its CPU"),
    _rate("llc_moves", "how often one went to another LLC"),
    MetricKind("wasted_ms", "ms", "lower", "latency: CPU time that was idle while a task waited", 5.0, 0.1),
    MetricKind("throughput", "1/s", "higher", "workers: chunks of work a guest second, by work type", 1.0),
    MetricKind("off_cpu_pct", "%", "lower", "workers: the mean share of time without a wanted CPU", 1.0),
    MetricKind("gap_ms", "ms", "lower", "workers: the longest time without a wanted CPU", 1.0, 0.2),
    MetricKind("share_pct", "%", "", "workers: a cgroup's share of the CPU time of all", 2.0),
    MetricKind("monitor_mean", "", "", "monitor: the mean of a series", 0.0, 0.1),
    MetricKind("monitor_max", "", "", "monitor: the largest number of a series", 0.0, 0.1),
    _cost("verified_insns", "", "instructions that the verifier processed", 10),
    _cost("jited_bytes", "B", "a program's machine code", 64),
    _cost("map_bytes", "B", "the memory of all maps", 4096),
)

METRICS: Mapping[str, MetricKind] = {kind.name: kind for kind in _KINDS}
"""The metrics that ktstr itself knows, by name. Payloads and tests add their own."""


def kind_of_own(name: str, unit: str, better: Better, source: str) -> MetricKind:
    """The kind of a number that a payload printed or a test recorded; 5 percent count."""
    return MetricKind(name, unit, better, source)
