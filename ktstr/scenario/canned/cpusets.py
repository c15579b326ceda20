"""Canned scenarios in which cpusets change while workers run."""

from __future__ import annotations

from ktstr.scenario.canned.runner import Report_co, Runner, require, shares, total
from ktstr.scenario.cgroup import CgroupDef
from ktstr.scenario.cpuset import Cpuset
from ktstr.scenario.operations.at import At
from ktstr.scenario.operations.clear_cpuset import ClearCpuset
from ktstr.scenario.operations.set_cpuset import SetCpuset
from ktstr.scenario.operations.spawn import Spawn
from ktstr.scenario.operations.swap_cpusets import SwapCpusets
from ktstr.scenario.step import Hold, Step
from ktstr.scenario.work import Bursty

__all__ = [
    "cpuset_apply",
    "cpuset_change_on_wakeup",
    "cpuset_clear",
    "cpuset_load_shift",
    "cpuset_overlap",
    "cpuset_resize",
    "cpuset_swap",
    "cross_llc_race",
]


def cpuset_apply(ctx: Runner[Report_co], *, hold_s: float | None = None) -> Report_co:
    """Two cgroups spin on all CPUs, then each is confined to a half of them.

    Probes that running and queued tasks leave CPUs that they lose. Drives `set_cpumask`, `dequeue`, `enqueue`.
    """
    require(ctx, "cpuset_apply", cpus=2)
    return ctx.run(
        CgroupDef("cg_0"),
        CgroupDef("cg_1"),
        hold_s=hold_s,
        steps=(
            Step("everywhere", hold=shares(2)),
            Step(
                "halves",
                SetCpuset("cg_0", Cpuset.disjoint(0, 2)),
                SetCpuset("cg_1", Cpuset.disjoint(1, 2)),
                hold=shares(2),
            ),
        ),
    )


def cpuset_clear(ctx: Runner[Report_co], *, hold_s: float | None = None) -> Report_co:
    """Two cgroups spin in a half of the CPUs each, then both cpusets are taken away.

    Probes that tasks spread to CPUs that they gain. Drives `set_cpumask` with a wider mask, `select_cpu`.
    """
    require(ctx, "cpuset_clear", cpus=2)
    return ctx.run(
        CgroupDef("cg_0", cpuset=Cpuset.disjoint(0, 2)),
        CgroupDef("cg_1", cpuset=Cpuset.disjoint(1, 2)),
        hold_s=hold_s,
        steps=(
            Step("halves", hold=shares(2)),
            Step("everywhere", ClearCpuset("cg_0"), ClearCpuset("cg_1"), hold=shares(2)),
        ),
    )


def cpuset_resize(ctx: Runner[Report_co], *, hold_s: float | None = None) -> Report_co:
    """Two cgroups share the CPUs by halves, then by a quarter and three quarters, then the other way round.

    Probes tasks that must move from CPUs which stay busy with others. Drives `set_cpumask`, `dequeue`, `enqueue`.
    """
    require(ctx, "cpuset_resize", cpus=4)
    return ctx.run(
        CgroupDef("cg_0", 2, cpuset=Cpuset.range(0, 0.5)),
        CgroupDef("cg_1", 2, cpuset=Cpuset.range(0.5, 1)),
        hold_s=hold_s,
        steps=(
            Step("halves", hold=shares(3)),
            Step(
                "shrunk",
                SetCpuset("cg_0", Cpuset.range(0, 0.34)),
                SetCpuset("cg_1", Cpuset.range(0.34, 1)),
                hold=shares(3),
            ),
            Step(
                "grown",
                SetCpuset("cg_0", Cpuset.range(0, 0.67)),
                SetCpuset("cg_1", Cpuset.range(0.67, 1)),
                hold=shares(3),
            ),
        ),
    )


def cpuset_swap(
    ctx: Runner[Report_co], *, by: str = "disjoint", swaps: int = 4, hold_s: float | None = None
) -> Report_co:
    """Two cgroups spin in CPUs of their own and exchange them, `swaps` times. `by`: `disjoint`, `llc` or `numa`.

    Probes that tasks change places at once, across LLCs or nodes. Drives `set_cpumask`, `dequeue`, `enqueue`.
    """
    parts = {"disjoint": lambda i: Cpuset.disjoint(i, 2), "llc": Cpuset.llc, "numa": Cpuset.numa}
    require(ctx, "cpuset_swap", **{{"llc": "llcs", "numa": "numa_nodes"}.get(by, "cpus"): 2})
    part = parts[by]
    return ctx.run(
        CgroupDef("cg_0", cpuset=part(0)),
        CgroupDef("cg_1", cpuset=part(1)),
        hold_s=hold_s,
        steps=(
            Step("before", hold=shares(swaps + 1)),
            Step("swap", SwapCpusets("cg_0", "cg_1"), hold=shares(swaps + 1), repeat=swaps),
        ),
    )


def cpuset_load_shift(ctx: Runner[Report_co], *, hold_s: float | None = None) -> Report_co:
    """Two cgroups in a half of the CPUs each; the load moves from one to the other by workers that are added.

    Probes that a scheduler follows the load without letting idle CPUs of the other half take it. Drives `init_task`,
    `enable`, `select_cpu` with a narrowed mask.
    """
    require(ctx, "cpuset_load_shift", cpus=4)
    return ctx.run(
        CgroupDef("cg_0", 4, cpuset=Cpuset.disjoint(0, 2)),
        CgroupDef("cg_1", 1, cpuset=Cpuset.disjoint(1, 2)),
        hold_s=hold_s,
        steps=(
            Step("left", hold=shares(2)),
            Step("right", Spawn("cg_1", 4), hold=shares(2)),
        ),
    )


def cpuset_overlap(ctx: Runner[Report_co], *, parts: int = 3, hold_s: float | None = None) -> Report_co:
    """`parts` cgroups whose cpusets reach into those of their neighbours by half.

    Probes placement where a CPU belongs to several cgroups. Drives `select_cpu` and `dispatch` past tasks that may not
    run there.
    """
    require(ctx, "cpuset_overlap", cpus=parts + 1)
    cgroups = [CgroupDef(f"cg_{i}", 2, cpuset=Cpuset.overlap(i, parts, 0.5)) for i in range(parts)]
    return ctx.run(*cgroups, hold_s=hold_s)


def cross_llc_race(ctx: Runner[Report_co], *, hold_s: float | None = None) -> Report_co:
    """A cgroup over all LLCs and one in each; the first is confined to one LLC after another while all run.

    Probes stealing between LLCs against tasks that may no longer be stolen. Drives `set_cpumask`, `dispatch`.
    """
    require(ctx, "cross_llc_race", llcs=2)
    llcs = ctx.topology.llcs
    own = [CgroupDef(f"llc_{llc}", 2, cpuset=Cpuset.llc(llc), work=Bursty(1, 1)) for llc in range(llcs)]
    return ctx.run(
        CgroupDef("all", 2),
        *own,
        hold_s=hold_s,
        steps=[
            Step(f"llc {llc}", SetCpuset("all", Cpuset.llc(llc)), hold=shares(llcs)) for llc in range(llcs)
        ],
    )


def cpuset_change_on_wakeup(ctx: Runner[Report_co], *, hold_s: float | None = None) -> Report_co:
    """Workers that sleep and wake every 2 ms while their cpuset changes ten times within one hold.

    Probes wakeups that race with a change of the mask. Drives `set_cpumask` on sleeping, queued and running tasks.
    """
    require(ctx, "cpuset_change_on_wakeup", cpus=2)
    total_s = total(ctx, hold_s)
    return ctx.run(
        CgroupDef("cg", 4, work=Bursty(1, 1)),
        hold_s=total_s,
        steps=(
            Step(
                "changes",
                *(At(total_s * (i + 1) / 12, SetCpuset("cg", Cpuset.disjoint(i % 2, 2))) for i in range(10)),
                hold=Hold.fraction(1),
            ),
        ),
    )
