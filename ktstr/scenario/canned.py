"""The canned scenarios. Each takes a test's `ctx`, runs, and returns the judged result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ktstr.scenario.cgroup import CgroupDef
from ktstr.scenario.cpuset import Cpuset
from ktstr.scenario.work import Bursty, Mixed, SpinWait, YieldHeavy

if TYPE_CHECKING:
    from ktstr.checks.verdict import RunReport
    from ktstr.run.context import Ctx

__all__ = ["sched_mixed", "steady", "steady_llc"]


def steady(ctx: Ctx, *, workers: int | None = None, hold_s: float | None = None) -> RunReport:
    """Two cgroups over all CPUs, spinning. `workers` in each (None: half the CPUs, so that every CPU has one)."""
    count = max(1, ctx.topology.cpus // 2) if workers is None else workers
    return ctx.run(CgroupDef("cg_0", count), CgroupDef("cg_1", count), hold_s=hold_s)


def steady_llc(ctx: Ctx, *, hold_s: float | None = None) -> RunReport:
    """A cgroup for each LLC, confined to it, with a spinner for each of its usable CPUs."""
    cgroups = [CgroupDef(f"llc_{llc}", cpuset=Cpuset.llc(llc)) for llc in range(ctx.topology.llcs)]
    return ctx.run(*cgroups, hold_s=hold_s)


def sched_mixed(ctx: Ctx, *, hold_s: float | None = None) -> RunReport:
    """Four cgroups under four policies: spinners, batch computing, idle-class yielders, short real-time bursts."""
    return ctx.run(
        CgroupDef("normal", 2, work=SpinWait()),
        CgroupDef("batch", 2, work=Mixed(), policy="batch"),
        CgroupDef("idle", 2, work=YieldHeavy(), policy="idle"),
        CgroupDef("fifo", 1, work=Bursty(burst_ms=5, sleep_ms=45), policy="fifo"),
        hold_s=hold_s,
    )
