"""Canned scenarios in which nothing changes: spinners, policies, more workers than CPUs, sync wakeups, forks."""

from __future__ import annotations

from ktstr.scenario.canned.runner import Report_co, Runner, usable_count
from ktstr.scenario.cgroup import CgroupDef
from ktstr.scenario.cpuset import Cpuset
from ktstr.scenario.operations.spawn import Spawn
from ktstr.scenario.work import Bursty, ForkExit, Mixed, PipeIo, SpinWait, YieldHeavy
from ktstr.scenario.work_type import WorkType
from ktstr.scenario.workers import Workers

__all__ = [
    "forks",
    "host_contention",
    "io_compute",
    "mixed_workloads",
    "oversubscribed",
    "real_time_preemption",
    "sched_mixed",
    "steady",
    "steady_llc",
    "sync_wakeups",
    "workload_variety",
]


def steady(ctx: Runner[Report_co], *, workers: int | None = None, hold_s: float | None = None) -> Report_co:
    """Two cgroups over all CPUs, spinning. `workers` in each (None: half the CPUs, so that every CPU has one).

    Probes that every CPU finds its work and keeps it. Drives `enqueue`, `dispatch`, `running`, `stopping`, `tick`.
    """
    count = max(1, ctx.topology.cpus // 2) if workers is None else workers
    return ctx.run(CgroupDef("cg_0", count), CgroupDef("cg_1", count), hold_s=hold_s)


def steady_llc(ctx: Runner[Report_co], *, hold_s: float | None = None) -> Report_co:
    """A cgroup for each LLC, confined to it, with a spinner for each of its usable CPUs.

    Probes that the scheduler obeys cpusets and finds the idle CPUs within them. Drives `select_cpu` and `enqueue`
    with a narrowed `cpus_ptr`, `set_cpumask`, `cgroup_move`.
    """
    cgroups = [CgroupDef(f"llc_{llc}", cpuset=Cpuset.llc(llc)) for llc in range(ctx.topology.llcs)]
    return ctx.run(*cgroups, hold_s=hold_s)


def sched_mixed(ctx: Runner[Report_co], *, hold_s: float | None = None) -> Report_co:
    """Four cgroups under four policies: spinners, batch computing, idle-class yielders, short real-time bursts.

    Probes tasks of unequal weight beside ones that the scheduler never sees. Drives `yield`, `set_weight`,
    `cpu_release` and `cpu_acquire`, and `enqueue` with `SCX_ENQ_REENQ` if it reenqueues its local tasks then.
    """
    return ctx.run(
        CgroupDef("normal", 2, work=SpinWait()),
        CgroupDef("batch", 2, work=Mixed(), policy="batch"),
        CgroupDef("idle", 2, work=YieldHeavy(), policy="idle"),
        CgroupDef("fifo", 1, work=Bursty(burst_ms=5, sleep_ms=45), policy="fifo"),
        hold_s=hold_s,
    )


def oversubscribed(ctx: Runner[Report_co], *, per_cpu: int = 4, hold_s: float | None = None) -> Report_co:
    """Two cgroups over all CPUs, with `per_cpu` workers for each CPU, which compute and yield.

    Probes long queues: fairness, slices, and no starvation. Drives `enqueue` without wakeup, `dispatch`, `yield`,
    `stopping` with `runnable`.
    """
    count = max(1, per_cpu * ctx.topology.cpus // 2)
    return ctx.run(
        CgroupDef("cg_0", count, work=Mixed()), CgroupDef("cg_1", count, work=Mixed()), hold_s=hold_s
    )


def mixed_workloads(ctx: Runner[Report_co], *, hold_s: float | None = None) -> Report_co:
    """Spinners, bursts with sleeps, and yielders, each in a cgroup of its own over all CPUs.

    Probes that tasks which sleep get their CPU back while others never let go. Drives `select_cpu`, `runnable`,
    `quiescent` with `SCX_DEQ_SLEEP`, `yield`.
    """
    count = max(1, usable_count(ctx) // 2)
    return ctx.run(
        CgroupDef("spin", count),
        CgroupDef("burst", count, work=Bursty(burst_ms=2, sleep_ms=6)),
        CgroupDef("yield", count, work=YieldHeavy()),
        hold_s=hold_s,
    )


def io_compute(ctx: Runner[Report_co], *, hold_s: float | None = None) -> Report_co:
    """A cgroup that computes on every CPU, and one whose workers run for 0.2 ms and sleep for 2 ms.

    Probes the wakeup latency of short tasks among long ones. Drives `select_cpu`, `enqueue` with `SCX_ENQ_WAKEUP`.
    """
    count = usable_count(ctx)
    return ctx.run(
        CgroupDef("compute", count),
        CgroupDef("io", count, work=Bursty(burst_ms=0.2, sleep_ms=2)),
        hold_s=hold_s,
    )


def sync_wakeups(
    ctx: Runner[Report_co], *, pairs: int | None = None, hold_s: float | None = None
) -> Report_co:
    """Pairs of workers that wake each other through pipes (None: a pair for each CPU).

    Probes where a scheduler places a task whose waker is about to sleep. Drives `select_cpu` with `SCX_WAKE_SYNC`.
    """
    count = 2 * (usable_count(ctx) if pairs is None else pairs)
    return ctx.run(CgroupDef("pairs", count, work=PipeIo(burst_iters=64)), hold_s=hold_s)


def forks(ctx: Runner[Report_co], *, workers: int | None = None, hold_s: float | None = None) -> Report_co:
    """Workers that fork children which exit at once (None: one for each CPU).

    Probes the life of a task from its first placement to its end. Drives `init_task`, `enable`, `disable`,
    `exit_task`, and `select_cpu` with `SCX_WAKE_FORK`.
    """
    count = usable_count(ctx) if workers is None else workers
    return ctx.run(CgroupDef("forks", count, work=ForkExit()), hold_s=hold_s)


def host_contention(ctx: Runner[Report_co], *, hold_s: float | None = None) -> Report_co:
    """A cgroup with a spinner for each CPU, and as many spinners in the root cgroup.

    Probes fairness between a cgroup and tasks that are in none. Drives `cgroup_move` and `enqueue` for both.
    """
    count = usable_count(ctx)
    return ctx.run(CgroupDef("cg", count), Spawn("", count), hold_s=hold_s)


def real_time_preemption(ctx: Runner[Report_co], *, hold_s: float | None = None) -> Report_co:
    """A spinner for each CPU, and a real-time worker for each that runs for 1 ms and sleeps for 3 ms.

    Probes what becomes of tasks whose CPU is taken by a higher class. Drives `cpu_release`, `cpu_acquire`, and
    `enqueue` with `SCX_ENQ_REENQ` if the scheduler reenqueues its local tasks then.
    """
    count = usable_count(ctx)
    return ctx.run(
        CgroupDef("ext", count),
        CgroupDef("fifo", count, work=Bursty(burst_ms=1, sleep_ms=3), policy="fifo"),
        hold_s=hold_s,
    )


def workload_variety(
    ctx: Runner[Report_co],
    *,
    kinds: tuple[WorkType, ...] = (SpinWait(), Mixed(), YieldHeavy(), Bursty(2, 2), ForkExit(), PipeIo(64)),
    hold_s: float | None = None,
) -> Report_co:
    """One cgroup with two workers of each of `kinds`, any work types, as groups of one cgroup.

    Probes that tasks of unlike habits are served from the same queue. Drives what those work types drive.
    """
    groups = tuple(Workers(2, kind, group=f"g{number}") for number, kind in enumerate(kinds))
    return ctx.run(CgroupDef("variety", groups=groups), hold_s=hold_s)
