"""Operations on the machine and its scheduler: CPUs come and go, schedulers leave, return or are replaced."""

from __future__ import annotations

import pytest
from embedded import SCHEDULERS

from ktstr import (
    At,
    Attach,
    AttachOver,
    BpfMapWrite,
    CgroupDef,
    Checks,
    CpuOffline,
    CpuOnline,
    Cpuset,
    Ctx,
    Detach,
    KtstrError,
    Payload,
    ReplaceScheduler,
    Restart,
    RunPayload,
    Snapshot,
    Spawn,
    Step,
    Suspend,
    Sysctl,
    VerdictFailed,
    WaitPayload,
    declare_payload,
    declare_scheduler,
    ktstr_test,
    scenarios,
)

FIXTURE = SCHEDULERS / "fixture.bpf.c"
MINE = declare_scheduler(name="sys_mine", bpf=FIXTURE, topology="1n1l4c1t")
OTHER = declare_scheduler(name="sys_other", bpf=FIXTURE, rodata={"slice_us": 1000}, topology="1n1l4c1t")
HOTPLUG = SCHEDULERS / "hotplug.bpf.c"
FORGETS = declare_scheduler(name="sys_forgets", bpf=HOTPLUG, topology="1n1l4c1t")
HEEDS = declare_scheduler(name="sys_heeds", bpf=HOTPLUG, bpf_cflags=["-DHEEDS"], topology="1n1l4c1t")
NO_OPS = declare_scheduler(name="sys_no_ops", bpf=HOTPLUG, bpf_cflags=["-DNO_OPS"], topology="1n1l4c1t")

WORK = CgroupDef("work", 4)
A_CPU_GOES = (Step("all", hold=0.5), Step("going", CpuOffline(1), hold=0.1), Step("without", hold=1.5))


def failure(ctx: Ctx, *steps: Step) -> str:
    with pytest.raises(VerdictFailed) as failed:
        ctx.run(WORK, steps=steps)
    print(failed.value)
    return str(failed.value)


# CPUs


@ktstr_test(scheduler=FORGETS, auto_repro=False)
def a_scheduler_that_deals_to_an_offline_cpu_starves_a_worker(ctx: Ctx) -> None:
    text = failure(ctx, *A_CPU_GOES)
    line = text.splitlines()[0]
    assert "while CPU 1 was offline: starved" in line
    assert "in step without" in line
    assert "wanted to run and did not" in text


@ktstr_test(scheduler=HEEDS)
def a_scheduler_that_heeds_cpu_offline_goes_on(ctx: Ctx) -> None:
    back = Step("back", CpuOnline(1), hold=0.5)
    report = ctx.run(WORK, steps=(*A_CPU_GOES, back))
    assert 1 in {cpu for worker in report.phases[0].workers for cpu in worker.cpus}
    assert 1 not in {cpu for worker in report.phases[2].workers for cpu in worker.cpus}
    assert 1 in {cpu for worker in report.phases[3].workers for cpu in worker.cpus}
    (one,) = report.schedulers
    assert one.phases == ("all", "going", "without", "back")
    assert not one.asked
    assert one.exit is None


@ktstr_test(scheduler=NO_OPS, auto_repro=False)
def a_scheduler_without_ops_for_it_leaves_when_a_cpu_goes(ctx: Ctx) -> None:
    text = failure(ctx, Step("one", At(0.1, CpuOffline(1)), hold=0.5))
    assert "attached and then left" in text
    assert "neither ops.cpu_online nor ops.cpu_offline" in text
    assert "SCX_ECODE_ACT_RESTART" in text


@ktstr_test(scheduler=MINE)
def cpus_that_cannot_go_are_the_tests_mistake(ctx: Ctx) -> None:
    for cpu, why in ((0, "the kernel keeps CPU 0"), (3, "ktstr's own agent"), (4, "has no such CPU")):
        with pytest.raises(KtstrError, match=why):
            ctx.run(WORK, steps=[Step("one", CpuOffline(cpu), hold=0.1)])


def writes_online(*values: int) -> Payload:
    """A program that sets whether CPU 1 is online, past the plan."""
    commands = (f"echo {value} > /sys/devices/system/cpu/cpu1/online" for value in values)
    return declare_payload("writes_online", binary_path="/bin/sh", args=["-c", "; ".join(commands)])


@ktstr_test(scheduler=HEEDS)
def a_program_that_leaves_a_cpu_offline_is_found_at_the_end(ctx: Ctx) -> None:
    gone = writes_online(0)
    report = ctx.run(CgroupDef("work", 1), RunPayload(gone), WaitPayload(gone), hold_s=1, check=False)
    assert [f"{one.check}: {one.line}" for one in report.violations] == [
        "cpus_kept: a program in the guest left only CPUs 0,2-3 online, which interferes"
    ]


@ktstr_test(scheduler=HEEDS)
def one_that_brings_it_back_passes(ctx: Ctx) -> None:
    back = writes_online(0, 1)
    ctx.run(CgroupDef("work", 1), RunPayload(back), WaitPayload(back), hold_s=1)


TWO_ONLINE = declare_scheduler(name="sys_two", bpf=FIXTURE, topology="1n1l4c1t", kargs=["maxcpus=2"])
NO_SMT = declare_scheduler(name="sys_nosmt", bpf=FIXTURE, topology="1n1l2c2t", kargs=["nosmt"])


@ktstr_test(scheduler=TWO_ONLINE)
def maxcpus_leaves_cpus_offline(ctx: Ctx) -> None:
    report = ctx.run(
        CgroupDef("all"),
        CgroupDef("part", 1, cpuset=Cpuset.exact({1, 2})),
        hold_s=0.3,
        # So short a hold says nothing of three workers on two CPUs.
        checks=Checks(max_spread_pct=False),
    )
    assert {cpu.cpu for cpu in report.guest.cpus if cpu.online} == {0, 1}
    assert {cpu for worker in report.workers for cpu in worker.cpus} == {0, 1}
    with pytest.raises(KtstrError, match="CPU 2-3 is offline at that moment; must have a CPU of 0-1"):
        ctx.run(CgroupDef("off", 1, cpuset=Cpuset.exact({2, 3})), hold_s=0.3)


@ktstr_test(scheduler=NO_SMT)
def nosmt_leaves_one_thread_of_each_core(ctx: Ctx) -> None:
    report = scenarios.steady(ctx, hold_s=0.3)
    assert {cpu.cpu for cpu in report.guest.cpus if cpu.online} == {0, 2}


# Schedulers


@ktstr_test(scheduler=MINE)
def a_scheduler_is_restarted_and_replaced_under_load(ctx: Ctx) -> None:
    report = ctx.run(
        WORK,
        steps=(
            Step("mine", hold=0.2),
            Step("again", Restart(), hold=0.2),
            Step("other", At(0.1, ReplaceScheduler(OTHER)), hold=0.4),
            Step("none", Detach(), hold=0.2),
            Step("back", Attach(), hold=0.2),
        ),
    )
    assert [one.name for one in report.schedulers] == ["", "", "sys_other", ""]
    assert [one.phases for one in report.schedulers] == [("mine",), ("again", "other"), ("other",), ("back",)]
    assert [one.asked for one in report.schedulers] == [True, True, True, False]
    assert all(one.exit is None and one.attachments == 1 for one in report.schedulers)
    ext = {phase.name: {worker.ext for worker in phase.workers} for phase in report.phases}
    assert ext == {"mine": {True}, "again": {True}, "other": {True}, "none": {False}, "back": {True}}
    assert report.guest.scheduler_exit is None


@ktstr_test(scheduler=MINE)
def a_second_scheduler_is_refused_while_one_is_attached(ctx: Ctx) -> None:
    report = ctx.run(WORK, steps=[Step("over", At(0.1, AttachOver(OTHER)), hold=0.3)])
    (operation,) = report.phases[0].operations
    assert (operation.name, operation.errno) == ("attach_over", 16)
    (refused,) = report.guest.refused_attaches
    assert refused.name == "sys_other"
    assert any("refused by the kernel" in line for line in refused.log)
    assert len(report.schedulers) == 1


@ktstr_test(cores=2)
def a_scheduler_attaches_while_the_default_one_has_workers(ctx: Ctx) -> None:
    report = ctx.run(
        CgroupDef("work", 2), steps=[Step("eevdf", hold=0.2), Step("ext", Attach("sys_mine"), hold=0.2)]
    )
    assert [{worker.ext for worker in phase.workers} for phase in report.phases] == [{False}, {True}]


@ktstr_test(scheduler=MINE, auto_repro=False)
def a_scheduler_that_crashes_after_a_restart_is_the_one_named(ctx: Ctx) -> None:
    crash = At(0.1, BpfMapWrite(".bss", "crash", 1))
    text = failure(ctx, Step("mine", hold=0.2), Step("again", Restart(), crash, hold=0.5))
    assert "scheduler 2 of 2" in text
    assert "fixture: host-triggered crash" in text


# The rest of the machine


@ktstr_test(scheduler=MINE)
def maps_are_read_in_the_middle(ctx: Ctx) -> None:
    report = ctx.run(
        WORK,
        steps=(
            Step("one", At(0.1, Snapshot("early")), hold=0.2),
            Step("two", Sysctl("kernel.sched_autogroup_enabled", "0"), At(0.1, Snapshot("late")), hold=0.2),
        ),
    )
    assert [(dump.title, dump.phase, dump.complete) for dump in report.dumps] == [
        ("early", "one", True),
        ("late", "two", True),
    ]
    early, late = (dump.map(".bss").variable("nr_queued") for dump in report.dumps)
    assert isinstance(early, int)
    assert isinstance(late, int)
    assert 0 < early < late
    assert report.dump is None


@ktstr_test(scheduler=MINE)
def a_scheduler_lives_through_a_suspend(ctx: Ctx) -> None:
    report = ctx.run(WORK, steps=[Step("sleep", At(0.1, Suspend(1200)), hold=1.6)])
    assert all(worker.stopped_ns > 1_000_000_000 for worker in report.workers)
    assert all(worker.ext for worker in report.workers)
    assert report.schedulers[0].exit is None


# Before the scheduler


@ktstr_test(scheduler=MINE)
def workers_that_run_before_the_scheduler_is_attached_are_taken_over(ctx: Ctx) -> None:
    before = Step("before", Spawn("", workers=1), hold=0.2, attached=False)
    report = ctx.run(WORK, steps=(before, Step("with", hold=0.4)))
    assert [worker.ext for worker in report.phase("before").workers] == [False] * 5
    assert [worker.ext for worker in report.phase("with").workers] == [True] * 5
    assert all(worker.iterations for phase in report.phases for worker in phase.workers)
