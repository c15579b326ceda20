"""How a census is taken: canned scenarios, each under a scheduler that counts its callbacks and flags."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from census_record import Census
from unjudged import Unjudged

from ktstr import CgroupDef, Ctx, Operation, RunReport, Step, scenarios
from ktstr.bpf.build import vmlinux_header
from ktstr.kernel.model import Kernel

__all__ = ["HOLD_S", "SCHEDULER", "Counting", "callbacks_of", "flags_of", "take_census"]

SCHEDULER = Path(__file__).with_name("census.bpf.c")
"""The scheduler that counts."""

HOLD_S = 0.2
"""The length of each scenario, in guest seconds."""


class Counting(Unjudged):
    """Stands in for a test's `ctx`: runs a scenario under the census, and keeps what was counted."""

    def __init__(self, ctx: Ctx) -> None:
        super().__init__(ctx, dump=True)
        self.counts: dict[str, int] = {}
        self.report: RunReport | None = None

    def run(
        self, *parts: CgroupDef | Operation, hold_s: float | None = None, steps: Sequence[Step] = ()
    ) -> RunReport:
        """Run it, judge nothing, and read the counters at the end."""
        report = super().run(*parts, hold_s=hold_s, steps=steps)
        assert report.dump is not None
        self.report = report
        counted = {one.name: one.value for of in report.dump.maps for one in of.variables}
        counts = {name: value for name, value in counted.items() if isinstance(value, int) and value}
        # The maps are read before the scheduler leaves; its program prints what exit() has recorded.
        counts["callback_exit"] = sum(
            "exit kind=" in event["text"] for event in report.result.of("sched_log")
        )
        for flag, bit in flags_of(self._ctx.kernel).items():
            if counts.get(f"seen_{flag.partition('_')[0]}", 0) & bit:
                counts.setdefault(f"flag_{flag}", 1)  # it has no counter: how often is not known
        self.counts = {
            name.partition("_")[2]: value
            for name, value in counts.items()
            if name.startswith(("callback_", "flag_"))
        }
        return report


def take_census(ctx: Ctx, names: Sequence[str]) -> Census:
    """Run each canned scenario of `names`; AssertionError if the scheduler did not keep well under one."""
    counts: dict[str, dict[str, int]] = {}
    wrong: dict[str, str] = {}
    for name in names:
        guest = Counting(ctx)
        getattr(scenarios, name)(guest, hold_s=HOLD_S)
        assert guest.report is not None
        counts[name] = guest.counts
        for one in guest.report.violations:
            if one.check in ("attached", "operations", "kernel_clean"):
                wrong[name] = one.message
    assert wrong == {}
    kernel = ctx.kernel
    return Census(
        kernel.version, str(ctx.topology), HOLD_S, callbacks_of(kernel), tuple(flags_of(kernel)), counts
    )


def callbacks_of(kernel: Kernel) -> tuple[str, ...]:
    """The callbacks of the kernel's sched_ext_ops, from its BTF."""
    header = vmlinux_header(kernel).read_text()
    ops = header[header.index("struct sched_ext_ops {") :]
    return tuple(re.findall(r"\(\*(\w+)\)", ops[: ops.index("\n};")]))


def flags_of(kernel: Kernel) -> dict[str, int]:
    """The kernel's wake, enqueue and dequeue flags, without SCX_, and the bit of each, from its BTF."""
    flags = re.findall(
        r"^\tSCX_((?:WAKE|ENQ|DEQ)_\w+) = (\d+)", vmlinux_header(kernel).read_text(), re.MULTILINE
    )
    return {name: int(bit) for name, bit in flags}
