"""Operations on cgroups: what each does, read back from the guest, and schedulers that get one of them wrong."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from ktstr import (
    AddCgroup,
    At,
    Bursty,
    CgroupDef,
    ClearCpuset,
    Cpuset,
    CpusetPartition,
    Ctx,
    Freeze,
    KtstrError,
    MoveTasks,
    ReadCgroup,
    RemoveCgroup,
    RunReport,
    SetBandwidth,
    SetControllers,
    SetCpuset,
    SetIdle,
    SetLimit,
    SetWeight,
    Step,
    StopCgroup,
    SwapCpusets,
    Thaw,
    VerdictFailed,
    declare_scheduler,
    ktstr_test,
)

GROUPS = Path(__file__).parent / "bpf" / "groups.bpf.c"
TINY = (1, 1, 2, 1)

TWIN = declare_scheduler(name="groups", bpf=GROUPS, topology=TINY)
NO_WEIGHT = declare_scheduler(name="no_weight", bpf=GROUPS, bpf_cflags=["-DNO_WEIGHT"], topology=TINY)
NO_LIMIT = declare_scheduler(name="no_bandwidth", bpf=GROUPS, bpf_cflags=["-DNO_BANDWIDTH"], topology=TINY)
FEW = declare_scheduler(name="few_groups", bpf=GROUPS, bpf_cflags=["-DFEW"], topology=TINY)
NO_MOVE = declare_scheduler(name="no_move", bpf=GROUPS, bpf_cflags=["-DNO_MOVE"], topology=TINY)
SUBTREE = declare_scheduler(name="subtree", bpf=GROUPS, cgroup_parent="/work", topology=TINY)


def files(report: RunReport) -> list[str]:
    """What the files said that the scenario read, in order."""
    return [str(event["text"]) for event in report.result.of("cgroup_file")]


def failure(ctx: Ctx, *parts: CgroupDef, steps: tuple[Step, ...] = ()) -> str:
    """The text of the verdict that a run of these fails with."""
    with pytest.raises(VerdictFailed) as failed:
        ctx.run(*parts, steps=steps, hold_s=1)
    return str(failed.value)


# Each operation's effect


@ktstr_test(cores=4)
def what_is_set_is_what_the_kernel_has(ctx: Ctx) -> None:
    report = ctx.run(
        CgroupDef(
            "a/b/c",
            1,
            weight=50,
            quota_ms=20,
            period_ms=50,
            pids_max=7,
            memory_max=1 << 26,
            cpuset=Cpuset.exact({0, 1}),
        ),
        AddCgroup("idle"),
        SetIdle("idle"),
        ReadCgroup("a/b/c", "cpu.weight"),
        ReadCgroup("a/b/c", "cpu.max"),
        ReadCgroup("a/b/c", "pids.max"),
        ReadCgroup("a/b/c", "memory.max"),
        ReadCgroup("a/b/c", "cpuset.cpus.effective"),
        ReadCgroup("idle", "cpu.idle"),
        SetWeight("a", 300),
        SetBandwidth("a/b/c", None),
        SetLimit("a/b/c", "pids.max", None),
        SetCpuset("a/b/c", Cpuset.exact({2})),
        ReadCgroup("a", "cpu.weight"),
        ReadCgroup("a/b/c", "cpu.max"),
        ReadCgroup("a/b/c", "pids.max"),
        ReadCgroup("a/b/c", "cpuset.cpus.effective"),
        ClearCpuset("a/b/c"),
        ReadCgroup("a/b/c", "cpuset.cpus.effective"),
        hold_s=0.1,
    )
    assert files(report) == [
        *("50", "20000 50000", "7", str(1 << 26), "0-1", "1"),
        *("300", "max 100000", "max", "2", "0-3"),
    ]


@ktstr_test(cores=4)
def workers_follow_their_cpuset(ctx: Ctx) -> None:
    report = ctx.run(
        CgroupDef("a", 2, cpuset=Cpuset.exact({0})),
        CgroupDef("b", 2, cpuset=Cpuset.exact({1, 2})),
        steps=(
            Step("as declared", hold=0.2),
            Step("swapped", SwapCpusets("a", "b"), hold=0.2),
            Step("settled", At(0.1, SetCpuset("a", Cpuset.exact({2}))), hold=0.3),
            Step("narrow", hold=0.2),
        ),
        hold_s=0.2,
    )
    where = [
        [set().union(*(one.cpus for one in phase.workers if one.cgroup == name)) for name in ("a", "b")]
        for phase in report.phases
    ]
    assert [where[0], where[3]] == [[{0}, {1, 2}], [{2}, {0}]]
    assert where[2] == [{1, 2}, {0}]


@ktstr_test(cores=4)
def a_partition_keeps_others_away(ctx: Ctx) -> None:
    report = ctx.run(
        CgroupDef("mine", 1, cpuset=Cpuset.exact({1})),
        CgroupDef("others", 3),
        CpusetPartition("mine", "root"),
        ReadCgroup("mine", "cpuset.cpus.partition"),
        ReadCgroup("others", "cpuset.cpus.effective"),
        hold_s=0.2,
    )
    assert files(report) == ["root", "0,2-3"]
    assert all(1 not in one.cpus for one in report.workers if one.cgroup == "others")


@ktstr_test(scheduler=TWIN)
def a_frozen_cgroup_does_nothing_and_that_is_no_fault_of_the_scheduler(ctx: Ctx) -> None:
    report = ctx.run(
        CgroupDef("outer/a", 1),
        CgroupDef("b", 1),
        steps=(
            Step("runs", hold=0.2),
            Step("frozen", Freeze("outer"), ReadCgroup("outer/a", "cgroup.events"), hold=1.5),
            Step("goes on", Thaw("outer"), hold=0.2),
            Step("for a while", At(0.1, Freeze("b")), At(0.2, Thaw("b")), hold=0.4),
        ),
    )
    assert "frozen 1" in files(report)[0]
    did = [{one.cgroup: one.iterations for one in phase.workers} for phase in report.phases]
    assert did[0]["outer/a"] > 100
    assert did[1]["outer/a"] < 10
    assert did[1]["b"] > 1000
    assert did[2]["outer/a"] > 100


@ktstr_test(scheduler=TWIN)
def cgroups_come_and_go(ctx: Ctx) -> None:
    report = ctx.run(
        CgroupDef("a", 2),
        steps=(
            Step("one more", CgroupDef("b/c", 2), At(0.1, StopCgroup("b")), hold=0.2),
            Step("removed", RemoveCgroup("a"), At(0.1, RemoveCgroup("b")), CgroupDef("d", 1), hold=0.2),
            Step("again", CgroupDef("a", 2), ReadCgroup("", "cgroup.stat"), hold=0.2),
        ),
    )
    assert [sorted({one.cgroup for one in phase.workers}) for phase in report.phases] == [
        ["a", "b/c"],
        ["a", "d"],
        ["a", "d"],
    ]
    assert "nr_descendants 2" in files(report)[0]


@ktstr_test(scheduler=TWIN)
def tasks_move_between_cgroups(ctx: Ctx) -> None:
    report = ctx.run(
        CgroupDef("a", 3),
        AddCgroup("b"),
        steps=(
            Step("some", MoveTasks("a", "b", 2), ReadCgroup("b", "cgroup.procs"), hold=0.1),
            Step("all", At(0.05, MoveTasks("b", "a")), hold=0.1),
            Step("to the root", MoveTasks("a", ""), ReadCgroup("a", "cgroup.procs"), hold=0.1),
        ),
        dump=True,
    )
    assert [event["tasks"] for event in report.result.of("moved")] == [2, 2, 3]
    assert [len(text.split()) for text in files(report)] == [2, 0]
    assert report.dump is not None
    assert report.dump.map(".bss").variable("nr_moved") == 10  # three as they were spawned


@ktstr_test(scheduler=TWIN)
def without_the_cpu_controller_a_scheduler_sees_the_cgroup_above(ctx: Ctx) -> None:
    report = ctx.run(
        AddCgroup("plain"),
        SetControllers("plain", ()),
        CgroupDef("plain/a", 1),
        CgroupDef("plain/b", 1),
        ReadCgroup("plain/a", "cgroup.controllers"),
        hold_s=0.2,
    )
    assert files(report) == [""]
    assert len(report.workers) == 2


@ktstr_test(scheduler=SUBTREE)
def a_scheduler_that_rules_a_subtree_has_all_cgroups_in_it(ctx: Ctx) -> None:
    report = ctx.run(
        CgroupDef("a", 1), ReadCgroup("", "cgroup.stat"), ReadCgroup("a", "cgroup.procs"), hold_s=0.1
    )
    assert "nr_descendants 2" in files(report)[0]
    assert files(report)[1] == str(report.result.of("worker")[0]["pid"])


@ktstr_test()
def a_partition_that_the_kernel_calls_invalid_is_the_tests_mistake(ctx: Ctx) -> None:
    every = CgroupDef("all", 1, cpuset=Cpuset.exact({0, 1}))
    with pytest.raises(KtstrError, match=r"cpuset_partition all root: .*invalid"):
        ctx.run(every, CpusetPartition("all"), hold_s=0.1)


# Schedulers with a bug, and without


WEIGHTS = (CgroupDef("light", 2, weight=100), CgroupDef("heavy", 2, weight=300))


@ktstr_test(scheduler=NO_WEIGHT, auto_repro=False)
def a_scheduler_that_ignores_cpu_weight_fails(ctx: Ctx) -> None:
    text = failure(ctx, *WEIGHTS)
    assert "cgroup heavy got" in text
    assert "cpu.weight" in text


@ktstr_test(scheduler=TWIN)
def a_scheduler_that_heeds_cpu_weight_passes(ctx: Ctx) -> None:
    ctx.run(*WEIGHTS, hold_s=1)


@ktstr_test()
def eevdf_heeds_cpu_weight_also_in_nested_cgroups(ctx: Ctx) -> None:
    ctx.run(
        AddCgroup("outer"),
        SetWeight("outer", 200),
        CgroupDef("outer/a", 2, weight=100),
        CgroupDef("outer/b", 4, weight=300),
        CgroupDef("other", 2),
        hold_s=1.5,
    )


@ktstr_test(scheduler=NO_WEIGHT, auto_repro=False)
def a_weight_that_is_set_later_is_ignored_in_that_step(ctx: Ctx) -> None:
    text = failure(
        ctx,
        CgroupDef("light", 2),
        CgroupDef("heavy", 2),
        steps=(Step("equal", hold=0.5), Step("unequal", SetWeight("heavy", 400), hold=0.5)),
    )
    assert "in step unequal" in text
    assert "in step equal" not in text


LIMITS = (CgroupDef("limited", 2, quota_ms=10, period_ms=50), CgroupDef("free", 2))


@ktstr_test(scheduler=NO_LIMIT, auto_repro=False)
def a_scheduler_that_ignores_cpu_max_fails(ctx: Ctx) -> None:
    text = failure(ctx, *LIMITS)
    assert "cgroup limited" in text
    assert "cpu.max" in text


@ktstr_test(scheduler=TWIN)
def a_scheduler_that_heeds_cpu_max_passes(ctx: Ctx) -> None:
    ctx.run(*LIMITS, hold_s=1)


@ktstr_test()
def eevdf_heeds_cpu_max(ctx: Ctx) -> None:
    ctx.run(*LIMITS, hold_s=1)


MANY = tuple(CgroupDef(f"c{number}", 1, work=Bursty(1, 10)) for number in range(10))


@ktstr_test(scheduler=FEW, auto_repro=False)
def a_scheduler_that_refuses_a_cgroup_fails(ctx: Ctx) -> None:
    text = failure(ctx, *MANY)
    assert "the scheduler's cgroup_init refused an operation: cgroup c" in text
    assert "Cannot allocate memory" in text


@ktstr_test(scheduler=FEW, auto_repro=False)
def a_scheduler_that_refuses_a_cgroup_in_a_hold_fails(ctx: Ctx) -> None:
    late = tuple(At(0.01 * number, AddCgroup(f"c{number}")) for number in range(10))
    text = failure(ctx, CgroupDef("a", 1), steps=(Step("more", *late, hold=0.3),))
    assert "the scheduler's cgroup_init refused an operation: cgroup c" in text
    assert "in step more" in text


@ktstr_test(scheduler=TWIN)
def a_scheduler_with_room_for_them_passes(ctx: Ctx) -> None:
    ctx.run(*MANY, hold_s=0.5)


def move_and_end(ctx: Ctx) -> RunReport:
    """Workers that end right after they were moved."""
    some = tuple(
        part
        for number in range(20)
        for part in (
            At(0.01 * number, MoveTasks("a", "b", 1)),
            At(0.01 * number, StopCgroup("b")),
        )
    )
    return ctx.run(CgroupDef("a", 24), AddCgroup("b"), steps=(Step("churn", *some, hold=0.3),))


@ktstr_test(scheduler=NO_MOVE, auto_repro=False)
def a_scheduler_that_does_not_notice_a_move_fails(ctx: Ctx) -> None:
    with pytest.raises(VerdictFailed, match="ended in another cgroup than the one it was started in"):
        move_and_end(ctx)


@ktstr_test(scheduler=TWIN)
def a_scheduler_that_notices_moves_passes(ctx: Ctx) -> None:
    report = move_and_end(ctx)
    assert [event["tasks"] for event in report.result.of("moved")] == [1] * 20


def stream(report: RunReport) -> list[Mapping[str, object]]:
    """All events of a run."""
    return list(report.result.events)


@ktstr_test(scheduler=TWIN)
def the_same_operations_give_the_same_events(ctx: Ctx) -> None:
    assert stream(move_and_end(ctx)) == stream(move_and_end(ctx))
