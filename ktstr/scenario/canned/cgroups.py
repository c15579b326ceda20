"""Canned scenarios in which cgroups come, go and change: weights, bandwidth, freezing, moves, hierarchies."""

from __future__ import annotations

from ktstr.scenario.canned.runner import Report_co, Runner, require, shares, total, usable_count
from ktstr.scenario.cgroup import CgroupDef
from ktstr.scenario.cpuset import Cpuset, usable_cpus
from ktstr.scenario.operations.at import At
from ktstr.scenario.operations.cgroup import AddCgroup
from ktstr.scenario.operations.freeze import Freeze
from ktstr.scenario.operations.move_tasks import MoveTasks
from ktstr.scenario.operations.remove_cgroup import RemoveCgroup
from ktstr.scenario.operations.set_bandwidth import SetBandwidth
from ktstr.scenario.operations.set_idle import SetIdle
from ktstr.scenario.operations.set_weight import SetWeight
from ktstr.scenario.operations.spawn import Spawn
from ktstr.scenario.operations.stop_cgroup import StopCgroup
from ktstr.scenario.operations.thaw import Thaw
from ktstr.scenario.step import Step
from ktstr.scenario.work import Bursty, Mixed

__all__ = [
    "cgroup_add",
    "cgroup_bandwidth",
    "cgroup_churn",
    "cgroup_freeze",
    "cgroup_idle",
    "cgroup_imbalance",
    "cgroup_move_threads",
    "cgroup_per_cpu",
    "cgroup_remove",
    "cgroup_reuse",
    "cgroup_weight",
    "dsq_contention",
    "load_oscillation",
]


def cgroup_add(ctx: Runner[Report_co], *, hold_s: float | None = None) -> Report_co:
    """Two cgroups spin, then a third is made with workers of its own.

    Probes that a scheduler takes up a cgroup it has not seen at its start. Drives `cgroup_init`, `cgroup_move`,
    `init_task`, `enable`.
    """
    count = max(1, usable_count(ctx) // 2)
    return ctx.run(
        CgroupDef("cg_0", count),
        CgroupDef("cg_1", count),
        hold_s=hold_s,
        steps=(Step("two", hold=shares(2)), Step("three", CgroupDef("cg_2", count), hold=shares(2))),
    )


def cgroup_remove(ctx: Runner[Report_co], *, hold_s: float | None = None) -> Report_co:
    """Three cgroups spin, then one is removed with its workers.

    Probes that a scheduler forgets tasks and cgroups that are gone. Drives `exit_task`, `disable`, `cgroup_exit`.
    """
    count = max(1, usable_count(ctx) // 2)
    return ctx.run(
        *(CgroupDef(f"cg_{i}", count) for i in range(3)),
        hold_s=hold_s,
        steps=(Step("three", hold=shares(2)), Step("two", RemoveCgroup("cg_2"), hold=shares(2))),
    )


def cgroup_churn(
    ctx: Runner[Report_co], *, turns: int = 6, cgroups: int = 2, hold_s: float | None = None
) -> Report_co:
    """A cgroup that stays, and `cgroups` others that are made with workers and removed again, `turns` times.

    Probes that a scheduler neither exhausts what it keeps for each cgroup nor reuses it too early. Drives
    `cgroup_init`, `cgroup_exit`, `init_task`, `exit_task`, again and again.
    """
    names = [f"new_{i}" for i in range(cgroups)]
    total_s = total(ctx, hold_s)
    turn_s = total_s / turns
    return ctx.run(
        CgroupDef("stays", usable_count(ctx)),
        hold_s=total_s,
        steps=(
            Step(
                "churn",
                *(CgroupDef(name, 2) for name in names),
                *(At(turn_s * 0.7, RemoveCgroup(name)) for name in names),
                hold=turn_s,
                repeat=turns,
            ),
        ),
    )


def cgroup_weight(ctx: Runner[Report_co], *, hold_s: float | None = None) -> Report_co:
    """Two cgroups spin on all CPUs with `cpu.weight` 100 and 400, and then with 400 and 100.

    Probes that shares follow the weights, also when they change. Drives `cgroup_set_weight`.
    """
    count = usable_count(ctx)
    return ctx.run(
        CgroupDef("cg_0", count),
        CgroupDef("cg_1", count, weight=400),
        hold_s=hold_s,
        steps=(
            Step("1 to 4", hold=shares(2)),
            Step("4 to 1", SetWeight("cg_0", 400), SetWeight("cg_1", 100), hold=shares(2)),
        ),
    )


def cgroup_bandwidth(ctx: Runner[Report_co], *, hold_s: float | None = None) -> Report_co:
    """Two cgroups spin; one gets a `cpu.max` of half a CPU, and then no limit again.

    Probes that a limit is kept and lifted. Drives `cgroup_set_bandwidth`.
    """
    return ctx.run(
        CgroupDef("limited", 1),
        CgroupDef("free", 1),
        hold_s=hold_s,
        steps=(
            Step("unlimited", hold=shares(3)),
            Step("limited", SetBandwidth("limited", 5, 10), hold=shares(3)),
            Step("unlimited again", SetBandwidth("limited", None, 10), hold=shares(3)),
        ),
    )


def cgroup_idle(ctx: Runner[Report_co], *, hold_s: float | None = None) -> Report_co:
    """Two cgroups spin; one becomes `cpu.idle`, and then an ordinary one again.

    Probes that tasks which are to run only when no others want to give way, and come back. Drives `cgroup_set_idle`.
    """
    count = usable_count(ctx)
    return ctx.run(
        CgroupDef("changing", count),
        CgroupDef("other", count),
        hold_s=hold_s,
        steps=(
            Step("equal", hold=shares(3)),
            Step("idle", SetIdle("changing"), hold=shares(3)),
            Step("equal again", SetIdle("changing", False), hold=shares(3)),
        ),
    )


def cgroup_freeze(ctx: Runner[Report_co], *, hold_s: float | None = None) -> Report_co:
    """Two cgroups spin; one is frozen, and thawed later.

    Probes tasks that stop all together and return all together. Drives `quiescent`, `runnable`, `select_cpu`.
    """
    count = usable_count(ctx)
    return ctx.run(
        CgroupDef("frozen", count),
        CgroupDef("other", count),
        hold_s=hold_s,
        steps=(
            Step("both", hold=shares(3)),
            Step("one", Freeze("frozen"), hold=shares(3)),
            Step("both again", Thaw("frozen"), hold=shares(3)),
        ),
    )


def cgroup_imbalance(ctx: Runner[Report_co], *, ways: int = 4, hold_s: float | None = None) -> Report_co:
    """`ways` cgroups over all CPUs with 1, 2, 4, 8, ... workers.

    Probes that large cgroups do not push small ones aside. Drives `enqueue`, `dispatch`, `stopping`.
    """
    return ctx.run(*(CgroupDef(f"cg_{i}", 2**i, work=Mixed()) for i in range(ways)), hold_s=hold_s)


def cgroup_move_threads(
    ctx: Runner[Report_co], *, threads: int = 4, turns: int = 4, hold_s: float | None = None
) -> Report_co:
    """A process with `threads` threads moves as a whole from one cgroup to another and back, while they run and sleep.

    Probes that a scheduler takes several tasks at once, all or none. Drives `cgroup_prep_move` for all of them before
    the first `cgroup_move`, and `cgroup_cancel_move` if the scheduler refuses one of them.
    """
    moves = [("a", "b"), ("b", "a")]
    return ctx.run(
        CgroupDef("a", threads, work=Bursty(1, 1), threads=True),
        AddCgroup("b"),
        CgroupDef("other", 1),
        hold_s=hold_s,
        steps=(
            Step("before", hold=shares(turns + 1)),
            *(Step(f"move {i + 1}", MoveTasks(*moves[i % 2]), hold=shares(turns + 1)) for i in range(turns)),
        ),
    )


def cgroup_per_cpu(ctx: Runner[Report_co], *, hold_s: float | None = None) -> Report_co:
    """A cgroup for each usable CPU, confined to it, with two workers that sleep half of the time.

    Probes queues for single CPUs, and CPUs that go idle beside busy ones. Drives `update_idle`, `select_cpu`.
    """
    cgroups = (
        CgroupDef(f"cpu_{cpu}", 2, cpuset=Cpuset.exact({cpu}), work=Bursty(1, 2))
        for cpu in sorted(usable_cpus(ctx.topology))
    )
    return ctx.run(*cgroups, hold_s=hold_s)


def cgroup_reuse(ctx: Runner[Report_co], *, hold_s: float | None = None) -> Report_co:
    """A cgroup spins beside another, its workers end, and it gets new ones.

    Probes a cgroup that becomes empty and is used again. Drives `exit_task`, `disable`, `init_task`, `enable`.
    """
    count = usable_count(ctx)
    return ctx.run(
        CgroupDef("reused", count),
        CgroupDef("other", count),
        hold_s=hold_s,
        steps=(
            Step("used", hold=shares(3)),
            Step("empty", StopCgroup("reused"), hold=shares(3)),
            Step("used again", Spawn("reused", count), hold=shares(3)),
        ),
    )


def dsq_contention(ctx: Runner[Report_co], *, per_cpu: int = 8, hold_s: float | None = None) -> Report_co:
    """Many workers that run for 0.1 ms and sleep for 0.1 ms, in cgroups that overlap over all CPUs.

    Probes locks and order of queues under many short wakeups. Drives `enqueue`, `dispatch`, `quiescent`.
    """
    require(ctx, "dsq_contention", cpus=2)
    count = max(1, per_cpu * usable_count(ctx) // 2)
    work = Bursty(0.1, 0.1)
    return ctx.run(
        CgroupDef("cg_0", count, work=work),
        CgroupDef("cg_1", count, cpuset=Cpuset.range(0, 0.5), work=work),
        hold_s=hold_s,
    )


def load_oscillation(ctx: Runner[Report_co], *, turns: int = 4, hold_s: float | None = None) -> Report_co:
    """One cgroup is full of workers and the other has one; every turn all but one change over.

    Probes a scheduler that adapts to load, and tasks that change cgroups. Drives `cgroup_prep_move`, `cgroup_move`.
    """
    many = 2 * usable_count(ctx)
    moves = [("a", "b"), ("b", "a")]
    return ctx.run(
        CgroupDef("a", many),
        CgroupDef("b", 1),
        hold_s=hold_s,
        steps=(
            Step("before", hold=shares(turns + 1)),
            *(
                Step(f"turn {i + 1}", MoveTasks(*moves[i % 2], many), hold=shares(turns + 1))
                for i in range(turns)
            ),
        ),
    )
