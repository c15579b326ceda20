"""Canned scenarios about single tasks: affinity, nice values, policies, signals."""

from __future__ import annotations

from ktstr.scenario.affinity import Affinity
from ktstr.scenario.canned.runner import Report_co, Runner, require, shares, usable_count
from ktstr.scenario.cgroup import CgroupDef
from ktstr.scenario.cpuset import usable_cpus
from ktstr.scenario.operations.pause import Pause
from ktstr.scenario.operations.resume import Resume
from ktstr.scenario.operations.set_affinity import SetAffinity
from ktstr.scenario.operations.set_nice import SetNice
from ktstr.scenario.operations.set_policy import SetPolicy
from ktstr.scenario.step import Step
from ktstr.scenario.workers import Workers

__all__ = [
    "affinity_change",
    "affinity_pinned",
    "affinity_subsets",
    "nice_sweep",
    "policy_change",
    "stop_and_continue",
]


def affinity_change(ctx: Runner[Report_co], *, changes: int = 4, hold_s: float | None = None) -> Report_co:
    """Spinners whose affinity changes while they run: one half of the CPUs, the other, and so on.

    Probes tasks whose mask changes while they run or are queued. Drives `set_cpumask`, `dequeue`, `enqueue`.
    """
    require(ctx, "affinity_change", cpus=2)
    cpus = sorted(usable_cpus(ctx.topology))
    halves = (cpus[: len(cpus) // 2], cpus[len(cpus) // 2 :])
    return ctx.run(
        CgroupDef("cg", 2 * len(cpus)),
        hold_s=hold_s,
        steps=[
            Step(f"half {i}", SetAffinity("cg", Affinity.exact(halves[i % 2])), hold=shares(changes))
            for i in range(changes)
        ],
    )


def affinity_pinned(ctx: Runner[Report_co], *, hold_s: float | None = None) -> Report_co:
    """Workers pinned to one CPU each, two for every CPU, among others that may run anywhere.

    Probes that pinned tasks are not starved by those that can go elsewhere. Drives `select_cpu` and `enqueue` with a
    mask of one CPU.
    """
    cpus = sorted(usable_cpus(ctx.topology))
    pinned = (Workers(2, affinity=Affinity.single(cpu), group=f"cpu{cpu}") for cpu in cpus)
    return ctx.run(CgroupDef("pinned", groups=tuple(pinned)), CgroupDef("free", len(cpus)), hold_s=hold_s)


def affinity_subsets(ctx: Runner[Report_co], *, hold_s: float | None = None) -> Report_co:
    """Groups of workers with affinities of every kind: random subsets, one LLC each, a CPU of each LLC, all CPUs.

    Probes placement within masks that overlap. Drives `select_cpu` and `dispatch` past tasks that may not run there.
    """
    require(ctx, "affinity_subsets", cpus=4)
    count = usable_count(ctx)
    groups = (
        Workers(count, affinity=Affinity.subset(2), group="subset"),
        Workers(count, affinity=Affinity.llc_aligned(), group="llc"),
        Workers(count, affinity=Affinity.cross_llc(), group="cross"),
        Workers(count, affinity=Affinity.inherit(), group="all"),
    )
    return ctx.run(CgroupDef("cg", groups=groups), hold_s=hold_s)


def nice_sweep(ctx: Runner[Report_co], *, hold_s: float | None = None) -> Report_co:
    """Two spinners a CPU; the nice value of half of them goes from 19 over 0 to -20 while they run.

    Probes that a scheduler heeds weights that change. Drives `set_weight`.
    """
    count = usable_count(ctx)
    return ctx.run(
        CgroupDef("changing", count),
        CgroupDef("fixed", count),
        hold_s=hold_s,
        steps=[
            Step(f"nice {nice}", SetNice("changing", nice), hold=shares(5)) for nice in (19, 10, 0, -10, -20)
        ],
    )


def policy_change(ctx: Runner[Report_co], *, hold_s: float | None = None) -> Report_co:
    """Spinners that become batch, then a real-time class takes one of them, then it comes back.

    Probes tasks that leave the ext class and return. Drives `set_weight`, `disable`, `enable`, and `enqueue` with
    `SCX_ENQ_HEAD`, because a task whose priority falls is queued first.
    """
    return ctx.run(
        CgroupDef("changing", 1),
        CgroupDef("fixed", 1),
        hold_s=hold_s,
        steps=(
            Step("normal", hold=shares(4)),
            Step("batch", SetPolicy("changing", "batch"), hold=shares(4)),
            Step("fifo", SetPolicy("changing", "fifo"), hold=shares(4)),
            Step("back", SetPolicy("changing", "normal"), hold=shares(4)),
        ),
    )


def stop_and_continue(ctx: Runner[Report_co], *, hold_s: float | None = None) -> Report_co:
    """Two cgroups spin; the workers of one are stopped by SIGSTOP and continue later.

    Probes tasks that vanish from the queues and return with their state. Drives `dequeue`, `quiescent`, `runnable`.
    """
    count = usable_count(ctx)
    return ctx.run(
        CgroupDef("stopped", count),
        CgroupDef("other", count),
        hold_s=hold_s,
        steps=(
            Step("both", hold=shares(3)),
            Step("one", Pause("stopped"), hold=shares(3)),
            Step("both again", Resume("stopped"), hold=shares(3)),
        ),
    )
