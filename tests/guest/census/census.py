"""The census: which callbacks and flags of sched_ext each canned scenario makes the kernel use."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ktstr import CgroupDef, Ctx, Operation, RunReport, Step, Topology, scenarios
from ktstr.bpf.build import vmlinux_header
from ktstr.kernel.model import Kernel

__all__ = [
    "CANNED",
    "FLAGS_OF_OTHERS",
    "OUT_OF_REACH",
    "SCHEDULER",
    "Counting",
    "members",
    "table",
]

SCHEDULER = Path(__file__).with_name("census.bpf.c")
"""The scheduler that counts."""

CANNED = tuple(name for name in scenarios.__all__ if name != "Runner")
"""The names of all canned scenarios."""

OUT_OF_REACH = {
    "core_sched_before": "these kernels are built without CONFIG_SCHED_CORE",
    "cgroup_cancel_move": "called only if a move fails after prep_move() accepted it, which this scheduler always does",
    "sub_attach": "of a scheduler with sub-schedulers",
    "sub_detach": "of a scheduler with sub-schedulers",
    "sub_caps_updated": "of a scheduler with sub-schedulers",
    "sub_ecaps_updated": "of a scheduler with sub-schedulers",
    "init_cids": "of a scheduler by cid",
}
"""Callbacks that no scenario can cause, and why."""

FLAGS_OF_OTHERS = {
    "ENQ_PREEMPT": "a scheduler gives it to the kernel",
    "ENQ_IMMED": "a scheduler gives it to the kernel",
    "ENQ_RESCUE": "the kernel's, for a sub-scheduler's tasks",
    "ENQ_CLEAR_OPSS": "the kernel's own",
    "ENQ_DSQ_PRIQ": "the kernel's own",
    "ENQ_NESTED": "the kernel's own",
    "ENQ_GDSQ_FALLBACK": "the kernel's own",
    "ENQ_IGNORE_CAPS": "the kernel's own",
    "ENQ_APPLY_SLICE": "the kernel's own",
    "ENQ_SLICE_DFL": "the kernel's own",
}
"""Flags that user space cannot cause, and whose they are."""


class Counting:
    """Stands in for a test's `ctx`: runs a scenario under the census, and keeps what was counted."""

    def __init__(self, ctx: Ctx) -> None:
        self._ctx = ctx
        self.counts: dict[str, int] = {}
        self.report: RunReport | None = None

    @property
    def topology(self) -> Topology:
        """The guest's CPUs."""
        return self._ctx.topology

    def run(
        self, *parts: CgroupDef | Operation, hold_s: float | None = None, steps: Sequence[Step] = ()
    ) -> RunReport:
        """Run it, judge nothing, and read the counters at the end."""
        report = self._ctx.run(*parts, hold_s=hold_s, steps=steps, dump=True, check=False)
        assert report.dump is not None
        self.report = report
        counted = {one.name: one.value for of in report.dump.maps for one in of.variables}
        self.counts = {
            name.partition("_")[2]: value
            for name, value in counted.items()
            if name.startswith(("callback_", "flag_")) and isinstance(value, int)
        }
        # The maps are read before the scheduler leaves; its program prints what exit() has recorded.
        self.counts["exit"] = sum("exit kind=" in event["text"] for event in report.result.of("sched_log"))
        return report


def members(kernel: Kernel) -> tuple[list[str], list[str]]:
    """The callbacks of the kernel's sched_ext_ops, and its wake and enqueue flags without SCX_, from its BTF."""
    header = vmlinux_header(kernel).read_text()
    ops = header[header.index("struct sched_ext_ops {") :]
    ops = ops[: ops.index("\n};")]
    flags = re.findall(r"^\tSCX_((?:WAKE|ENQ)_\w+) =", header, re.MULTILINE)
    return re.findall(r"\(\*(\w+)\)", ops), sorted(set(flags))


def table(counts: Mapping[str, Mapping[str, int]], rows: Sequence[str]) -> str:
    """A line for each callback or flag: in how many scenarios it was reached, and in which it was most often."""
    lines = ["| callback or flag | scenarios | most often in |", "| --- | --- | --- |"]
    for row in rows:
        reached = {name: count[row] for name, count in counts.items() if count.get(row)}
        first = sorted(reached, key=lambda name: (-reached[name], name))[:3]
        most = ", ".join(f"`{name}` ({reached[name]})" for name in first)
        why = OUT_OF_REACH.get(row) or FLAGS_OF_OTHERS.get(row) or "never"
        lines.append(f"| `{row}` | {len(reached)} | {most or why} |")
    return "\n".join(lines)
