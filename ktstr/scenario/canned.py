"""The canned scenarios. Each takes a test's `ctx`, runs, and returns the judged result."""

from __future__ import annotations

from typing import Protocol, TypeVar

from ktstr.base.topology import Topology
from ktstr.scenario.cgroup import CgroupDef
from ktstr.scenario.cpuset import Cpuset
from ktstr.scenario.work import Bursty, Mixed, SpinWait, YieldHeavy

__all__ = ["Runner", "sched_mixed", "steady", "steady_llc"]

_Report_co = TypeVar("_Report_co", covariant=True)


class Runner(Protocol[_Report_co]):
    """What a canned scenario needs of a test's `ctx`: its topology, and a way to run cgroups."""

    @property
    def topology(self) -> Topology:
        """The guest's CPUs."""

    def run(self, *parts: CgroupDef, hold_s: float | None = None) -> _Report_co:
        """Run `parts` for `hold_s` guest seconds (None: the test's duration) and judge the run."""


def steady(ctx: Runner[_Report_co], *, workers: int | None = None, hold_s: float | None = None) -> _Report_co:
    """Two cgroups over all CPUs, spinning. `workers` in each (None: half the CPUs, so that every CPU has one)."""
    count = max(1, ctx.topology.cpus // 2) if workers is None else workers
    return ctx.run(CgroupDef("cg_0", count), CgroupDef("cg_1", count), hold_s=hold_s)


def steady_llc(ctx: Runner[_Report_co], *, hold_s: float | None = None) -> _Report_co:
    """A cgroup for each LLC, confined to it, with a spinner for each of its usable CPUs."""
    cgroups = [CgroupDef(f"llc_{llc}", cpuset=Cpuset.llc(llc)) for llc in range(ctx.topology.llcs)]
    return ctx.run(*cgroups, hold_s=hold_s)


def sched_mixed(ctx: Runner[_Report_co], *, hold_s: float | None = None) -> _Report_co:
    """Four cgroups under four policies: spinners, batch computing, idle-class yielders, short real-time bursts."""
    return ctx.run(
        CgroupDef("normal", 2, work=SpinWait()),
        CgroupDef("batch", 2, work=Mixed(), policy="batch"),
        CgroupDef("idle", 2, work=YieldHeavy(), policy="idle"),
        CgroupDef("fifo", 1, work=Bursty(burst_ms=5, sleep_ms=45), policy="fifo"),
        hold_s=hold_s,
    )
