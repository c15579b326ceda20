"""What a census found: how often each canned scenario made a kernel use each callback and flag of sched_ext."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

__all__ = ["COVER", "OUT_OF_REACH", "RECORDED", "Census", "read_census"]

RECORDED = Path(__file__).parents[1] / "unit" / "data" / "census"
"""The folder of recorded ones: what `nox -s census` wrote."""

COVER = (
    "affinity_change",
    "cgroup_bandwidth",
    "cgroup_churn",
    "cgroup_idle",
    "cgroup_weight",
    "cpu_hotplug",
    "forks",
    "scheduler_dump",
)
"""Scenarios that together reach all that any canned scenario reaches, and nothing by a single chance."""

_SUB_SCHEDULERS = "of a scheduler that has sub-schedulers, or is one"
_TO_THE_KERNEL = "a scheduler gives it to the kernel"
_KERNELS_OWN = "the kernel's own; no callback is given it"
_NO_CORE_SCHED = "these kernels have no CONFIG_SCHED_CORE"

OUT_OF_REACH = {
    "core_sched_before": _NO_CORE_SCHED,
    "DEQ_CORE_SCHED_EXEC": _NO_CORE_SCHED,
    "cgroup_cancel_move": "takes a scheduler that refuses part of a move (see cgroup_move_threads)",
    "sub_attach": _SUB_SCHEDULERS,
    "sub_detach": _SUB_SCHEDULERS,
    "sub_caps_updated": _SUB_SCHEDULERS,
    "sub_ecaps_updated": _SUB_SCHEDULERS,
    "ENQ_RESCUE": _SUB_SCHEDULERS,
    "init_cids": "of a scheduler that numbers CPUs by cid",
    "ENQ_PREEMPT": _TO_THE_KERNEL,
    "ENQ_IMMED": _TO_THE_KERNEL,
    "ENQ_CLEAR_OPSS": _KERNELS_OWN,
    "ENQ_DSQ_PRIQ": _KERNELS_OWN,
    "ENQ_NESTED": _KERNELS_OWN,
    "ENQ_GDSQ_FALLBACK": _KERNELS_OWN,
    "ENQ_APPLY_SLICE": _KERNELS_OWN,
    "ENQ_SLICE_DFL": _KERNELS_OWN,
}
"""Callbacks and flags that no user space can cause under a scheduler that does nothing unusual, and why."""

_WIDTH = 100


@dataclass(frozen=True)
class Census:
    """The census of one kernel. A row is a callback, or a flag without SCX_."""

    kernel: str
    """The kernel's version."""
    topology: str
    """The guest's CPUs."""
    hold_s: float
    """The length of each scenario, in guest seconds."""
    callbacks: tuple[str, ...]
    """The callbacks of the kernel's sched_ext_ops."""
    flags: tuple[str, ...]
    """Its wake, enqueue and dequeue flags."""
    counts: Mapping[str, Mapping[str, int]]
    """For each scenario what it reached, and how often."""

    @property
    def rows(self) -> tuple[str, ...]:
        """All that there is to reach."""
        return self.callbacks + self.flags

    def reached_by(self, row: str) -> dict[str, int]:
        """The scenarios that reach a row, the one with most of it first, and how often."""
        found = {name: count[row] for name, count in self.counts.items() if count.get(row)}
        return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))

    def never(self, scenarios: Sequence[str] | None = None) -> list[str]:
        """The rows that none of `scenarios` (None: of all) reaches, without those that are out of reach."""
        some = self.counts if scenarios is None else scenarios
        reached = {row for name in some for row, count in self.counts[name].items() if count}
        return [row for row in self.rows if row not in reached and row not in OUT_OF_REACH]

    def table(self) -> str:
        """A line for each row that is reached: by how many scenarios, and by which most often; then what is not."""
        lines = [
            f"{self.kernel}: {len(self.counts)} scenarios of {self.hold_s:g} s on {self.topology}",
            f"{'callback or flag':21} {'scenarios':>9}  most often in, and how often there",
        ]
        without: dict[str, list[str]] = {}
        for row in self.rows:
            if reached := self.reached_by(row):
                most = ", ".join(f"{name} {count}" for name, count in list(reached.items())[:2])
                lines.append(f"{row:21} {len(reached):9}  {most}")
            else:
                without.setdefault(OUT_OF_REACH.get(row, "NEVER REACHED"), []).append(row)
        for why, rows in without.items():
            text = f"not {', '.join(rows)}: {why}"
            lines += textwrap.wrap(text, _WIDTH, subsequent_indent="    ", break_on_hyphens=False)
        return "\n".join(lines)

    def text(self) -> str:
        """It as JSON, a scenario a line."""
        fields = asdict(self)
        counts = fields.pop("counts")
        head = json.dumps(fields)[1:-1]
        lines = (f" {json.dumps(name)}: {json.dumps(count)}" for name, count in sorted(counts.items()))
        return f'{{{head}, "counts": {{\n' + ",\n".join(lines) + "\n}}\n"


def read_census(path: Path) -> Census:
    """The census in a file."""
    fields: dict[str, Any] = json.loads(path.read_text())
    return Census(**fields | {name: tuple(fields[name]) for name in ("callbacks", "flags")})
