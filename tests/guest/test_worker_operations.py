"""Workers that are spawned, changed and stopped while a scenario runs: each effect is read back from the kernel."""

from __future__ import annotations

import pytest

from ktstr import (
    Affinity,
    At,
    CgroupDef,
    Checks,
    CoreSched,
    Cpuset,
    Ctx,
    Deadline,
    KtstrError,
    MemoryPolicy,
    Pause,
    ReadWorkers,
    Resume,
    RunReport,
    SetAffinity,
    SetNice,
    SetPolicy,
    Spawn,
    Step,
    StopWorkers,
    Workers,
    ktstr_test,
)
from ktstr.vm.result import Event


def tasks(report: RunReport) -> list[Event]:
    """What the kernel said of each worker, in the order in which it was asked."""
    return report.result.of("task")


def run_if_the_kernel_has_core_scheduling(ctx: Ctx, *parts: CgroupDef, steps: tuple[Step, ...]) -> RunReport:
    """The run; the test is skipped if the kernel has no core scheduling, which the message has to say."""
    try:
        return ctx.run(*parts, steps=steps)
    except KtstrError as error:
        if "the kernel lacks CONFIG_SCHED_CORE" not in str(error):
            raise
        pytest.skip("the kernel has no core scheduling")


def read(report: RunReport, *fields: str) -> list[tuple[object, ...]]:
    """These fields of each answer."""
    return [tuple(task[field] for field in fields) for task in tasks(report)]


@ktstr_test(llcs=2, cores=2, threads=1)
def settings_of_a_group_are_the_kernels(ctx: Ctx) -> None:
    report = ctx.run(
        CgroupDef(
            "a",
            groups=(
                Workers(2, nice=5, comm="io", uid=1000, gid=100, group="io"),
                Workers(2, policy="fifo", priority=7, affinity=Affinity.llc_aligned(), group="rt"),
                Workers(1, policy="batch", memory=MemoryPolicy("bind", {0}), group="mem"),
            ),
        ),
        Spawn("", 1, policy="deadline", deadline=Deadline(1, period_ms=20)),
        steps=(Step("read", At(0.1, ReadWorkers("a")), At(0.1, ReadWorkers("")), hold=0.2),),
        # The fifo workers have two CPUs for themselves, and starve by right whoever is placed there.
        checks=Checks(max_spread_pct=False, max_inversion_pct=False, not_stuck=False),
    )
    assert read(report, "group", "comm", "uid", "gid", "policy", "nice", "priority", "cpus") == [
        ("io", "io", "1000", "100", 0, 5, 0, "0-3"),
        ("io", "io", "1000", "100", 0, 5, 0, "0-3"),
        ("rt", "ktstr-w2", "0", "0", 1, 0, 7, "0-1"),
        ("rt", "ktstr-w3", "0", "0", 1, 0, 7, "2-3"),
        ("mem", "ktstr-w4", "0", "0", 3, 0, 0, "0-3"),
        ("", "ktstr-w5", "0", "0", 6, 0, 0, "0-3"),
    ]
    assert tasks(report)[4]["memory"] == "bind:0"
    assert tasks(report)[5]["runtime_ns"] == 1_000_000
    assert tasks(report)[5]["cgroup"] == ""


@ktstr_test(cores=2)
def threads_share_a_process(ctx: Ctx) -> None:
    report = ctx.run(
        CgroupDef("a", 4, threads=True),
        steps=(
            Step("run", At(0.05, ReadWorkers("a")), hold=0.15),  # too short to compare shares
            Step("rest", StopWorkers("a"), CgroupDef("b", 1), hold=0.1),
        ),
    )
    assert len({task["process"] for task in tasks(report)}) == 1
    assert len({task["pid"] for task in tasks(report)}) == 4
    first, second = report.phases
    assert all(worker.iterations > 1000 for worker in first.workers)
    assert [worker.cgroup for worker in second.workers if worker.iterations > 1000] == ["b"]


@ktstr_test(cores=2)
def workers_are_spawned_and_stopped_in_a_hold(ctx: Ctx) -> None:
    report = ctx.run(
        CgroupDef("a", 1),
        steps=(
            Step(
                "churn",
                At(0.1, Spawn("a", 2, group="late")),
                At(0.2, Spawn("", 1)),
                At(0.3, StopWorkers("a", group="late", count=1)),
                At(0.35, ReadWorkers("a")),
                hold=0.4,
            ),
        ),
    )
    assert read(report, "index") == [(0,), (2,)]
    assert [worker.iterations > 0 for worker in report.workers] == [True] * 4


@ktstr_test(llcs=2, cores=2)
def running_workers_are_changed(ctx: Ctx) -> None:
    report = ctx.run(
        CgroupDef("a", 2, cpuset=Cpuset.exact({0, 1, 2})),
        steps=(
            Step(
                "change",
                At(0.05, SetNice("a", 10, count=1)),
                At(0.05, SetAffinity("a", Affinity.single(2))),
                At(0.1, ReadWorkers("a")),
                At(0.15, SetPolicy("a", "rr", priority=3)),
                At(0.15, SetAffinity("a", Affinity.inherit())),
                At(0.2, ReadWorkers("a")),
                At(0.25, SetPolicy("a", "idle")),
                At(0.3, ReadWorkers("a")),
                hold=0.4,
            ),
        ),
    )
    assert read(report, "policy", "nice", "priority", "cpus") == [
        (0, 10, 0, "2"),
        (0, 0, 0, "2"),
        (2, 10, 3, "0-2"),
        (2, 0, 3, "0-2"),
        (5, 10, 0, "0-2"),
        (5, 0, 0, "0-2"),
    ]


@ktstr_test(cores=2)
def a_paused_worker_is_not_starved(ctx: Ctx) -> None:
    report = ctx.run(
        CgroupDef("a", 1),
        CgroupDef("b", 2, threads=True),
        steps=(
            Step(
                "pause",
                At(0.1, Pause("a")),
                At(0.1, Pause("b", count=1)),
                At(0.15, ReadWorkers("a")),
                At(0.15, ReadWorkers("b")),
                At(2.0, Resume("a")),
                At(2.0, Resume("b", count=1)),
                hold=2.2,
            ),
        ),
    )
    assert read(report, "state") == [("T",)] * 3
    assert all(0 < worker.gap_ns < 100_000_000 for worker in report.workers)


@ktstr_test(llcs=2, cores=4)
def a_random_subset_follows_from_the_seed(ctx: Ctx) -> None:
    report = ctx.run(
        CgroupDef("a", 4, affinity=Affinity.subset(2)),
        CgroupDef("b", 2, affinity=Affinity.cross_llc()),
        ReadWorkers("a"),
        ReadWorkers("b"),
        hold_s=0.1,
    )
    sets = [task["cpus"] for task in tasks(report)]
    assert all(len(str(cpus).replace("-", ",").split(",")) == 2 for cpus in sets)
    assert len(set(sets[:4])) > 1
    assert sets[4:] == ["0,4", "1,5"]


@ktstr_test(cores=2, threads=2)
def a_core_scheduling_cookie_is_shared(ctx: Ctx) -> None:
    report = run_if_the_kernel_has_core_scheduling(
        ctx,
        CgroupDef("a", 2),
        CgroupDef("b", 2),
        steps=(
            Step(
                "share",
                At(0.05, CoreSched("a")),
                At(0.1, ReadWorkers("a")),
                At(0.1, ReadWorkers("b")),
                hold=0.2,
            ),
        ),
    )
    assert read(report, "core_cookie") == [(1,), (1,), (0,), (0,)]
