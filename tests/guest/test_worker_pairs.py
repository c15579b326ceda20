"""Schedulers that fail when workers change, each beside one that does not: the message names the cause."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ktstr import (
    Affinity,
    At,
    Bursty,
    CgroupDef,
    Churn,
    Cpuset,
    Ctx,
    KtstrError,
    RunReport,
    Scenario,
    SetAffinity,
    SetNice,
    SetPolicy,
    Spawn,
    Step,
    Workers,
    WriteFile,
    declare_scheduler,
    ktstr_test,
)
from ktstr.checks.verdict import VerdictFailed

BPF = Path(__file__).parent / "bpf"
PAGE = Path(__file__).parents[2] / "docs" / "workers.md"
PAIR = (1, 1, 2, 1)

WEIGHTED = declare_scheduler(name="weighted", bpf=BPF / "weights.bpf.c", topology=PAIR)
STALE = declare_scheduler(name="stale", bpf=BPF / "weights.bpf.c", bpf_cflags=["-DSTALE"], topology=PAIR)
HOMES = declare_scheduler(name="homes", bpf=BPF / "homes.bpf.c", topology=PAIR)
STUBBORN = declare_scheduler(
    name="stubborn", bpf=BPF / "homes.bpf.c", bpf_cflags=["-DFORGETS_NOTHING"], topology=PAIR
)
ROOMY = declare_scheduler(name="roomy", bpf=BPF / "seats.bpf.c", bpf_cflags=["-DSEATS=1000"], topology=PAIR)
FULL = declare_scheduler(name="full", bpf=BPF / "seats.bpf.c", topology=PAIR)
SLOTS = declare_scheduler(name="slots", bpf=BPF / "slots.bpf.c", topology=PAIR)
LEAKY = declare_scheduler(name="leaky", bpf=BPF / "slots.bpf.c", bpf_cflags=["-DLEAKS"], topology=PAIR)
PART = declare_scheduler(name="part", bpf=BPF / "part.bpf.c", topology=PAIR)


def on_the_page(check: str) -> str:
    """The line of docs/workers.md that a check reports, without the time at its end."""
    line = re.search(rf"^    ({check}: .*) \(in step", PAGE.read_text(), re.MULTILINE)
    assert line is not None, check
    return line[1]


def failure(ctx: Ctx, scenario: Scenario) -> str:
    """The text of the verdict that a run fails with."""
    with pytest.raises(VerdictFailed) as failed:
        ctx.run(scenario)
    return str(failed.value)


# Nice inversion

SWAPPED = Scenario(
    (CgroupDef("a", groups=(Workers(2, nice=15, group="x"), Workers(2, nice=0, group="y"))),),
    steps=(
        Step("before", hold=0.3),
        Step("swap", SetNice("a", 0, group="x"), SetNice("a", 15, group="y"), hold=0.1),
        Step("after", hold=0.6),
    ),
)


@ktstr_test(scheduler=WEIGHTED, auto_repro=False)
def a_scheduler_that_follows_the_nice_value_passes(ctx: Ctx) -> None:
    report = ctx.run(SWAPPED)
    x, _, y, _ = report.phases[2].workers
    assert x.run_ns > 2 * y.run_ns


@ktstr_test(scheduler=STALE, auto_repro=False)
def one_that_keeps_the_old_weight_inverts(ctx: Ctx) -> None:
    text = failure(ctx, SWAPPED)
    assert re.search(
        r"cgroup a: nice inversion: worker a/\d \(spin_wait\) with nice 0 waited [\d.]+%", text
    ), text


# Affinity

ALLOWED = Scenario(
    (CgroupDef("a", 4, affinity=Affinity.exact({0, 1})),),
    steps=(
        Step(
            "move",
            At(0.1, SetAffinity("a", Affinity.exact({1, 2}))),  # whichever of 0 and 1 a worker's home is,
            At(0.3, SetAffinity("a", Affinity.exact({0, 2}))),  # it is forbidden once
            hold=0.5,
        ),
    ),
)


@ktstr_test(scheduler=HOMES, auto_repro=False, cores=3)
def a_scheduler_that_looks_at_a_new_affinity_passes(ctx: Ctx) -> None:
    ctx.run(ALLOWED)


@ktstr_test(scheduler=STUBBORN, auto_repro=False, cores=3)
def one_that_keeps_a_cpu_that_is_forbidden_is_ejected(ctx: Ctx) -> None:
    text = failure(ctx, ALLOWED)
    assert "not allowed for ktstr-w" in text or "cannot move" in text


# A cpuset: the kernel holds schedulers to it, so that only one that was changed past the plan is left

CONFINED = CgroupDef("a", 3, cpuset=Cpuset.exact({0}))


def written(ctx: Ctx, cpus: str) -> list[str]:
    """The violations of a run in whose middle the cpuset is written to its file."""
    writes = At(0.1, WriteFile("/sys/fs/cgroup/a/cpuset.cpus", cpus))
    report = ctx.run(CONFINED, steps=(Step("written", writes, hold=0.5),), check=False)
    return [f"{one.check}: {one.message}" for one in report.violations]


@ktstr_test(cores=3)
def workers_whose_cpuset_was_widened_ran_outside_it(ctx: Ctx) -> None:
    (line,) = written(ctx, "0-2")
    assert line.startswith("isolation: worker a/")
    assert ", outside its cpuset 0" in line


@ktstr_test(cores=3)
def workers_whose_cpuset_was_written_as_it_is_stayed_inside(ctx: Ctx) -> None:
    assert written(ctx, "0") == []


# A refused fork

LATE = Scenario(
    (CgroupDef("a", 2),), steps=(Step("more", At(0.1, Spawn("a", 10)), At(0.2, Spawn("", 2)), hold=0.4),)
)
THREADS = Scenario((CgroupDef("a", 12, threads=True),), hold_s=0.3)


@ktstr_test(scheduler=ROOMY, auto_repro=False)
def a_scheduler_with_room_takes_every_worker(ctx: Ctx) -> None:
    assert len(ctx.run(LATE).workers) == 14


@ktstr_test(scheduler=FULL, auto_repro=False)
def one_that_refuses_a_fork_is_named_with_its_callback(ctx: Ctx) -> None:
    text = failure(ctx, LATE)
    assert "operations: the scheduler's init_task refused an operation: spawn a 10" in text
    assert on_the_page("operations") in text


@ktstr_test(scheduler=FULL, auto_repro=False)
def and_so_is_one_that_refuses_a_thread(ctx: Ctx) -> None:
    assert "operations: the scheduler's init_task refused an operation: spawn a 12" in failure(ctx, THREADS)


# Leaving the ext class

LEAVING = Scenario(
    (CgroupDef("a", 2, work=Bursty(1, 4), comm="slot"),),
    steps=(
        Step(
            "leave",
            Churn((SetPolicy("a", "fifo", priority=5), SetPolicy("a", "normal")), per_s=60),
            hold=0.6,
        ),
        Step("stay", SetPolicy("a", "normal"), hold=1.5),
    ),
)


@ktstr_test(scheduler=SLOTS, auto_repro=False)
def a_scheduler_that_sees_tasks_leave_passes(ctx: Ctx) -> None:
    ctx.run(LEAVING)


@ktstr_test(scheduler=LEAKY, auto_repro=False)
def one_that_only_counts_those_that_come_starves_them(ctx: Ctx) -> None:
    text = failure(ctx, LEAVING)
    assert "wanted to run and did not for" in text or "did no work" in text


# A partial scheduler


@ktstr_test(scheduler=PART, auto_repro=False)
def workers_of_policy_ext_are_a_partial_schedulers(ctx: Ctx) -> None:
    report: RunReport = ctx.run(
        CgroupDef("a", 2, policy="ext", affinity=Affinity.single(1)),
        CgroupDef("b", 1, affinity=Affinity.single(0)),
        steps=(
            Step("part", hold=0.2),
            Step("all", SetPolicy("b", "ext"), SetPolicy("a", "normal"), hold=0.2),
        ),
    )
    assert [worker.ext for worker in report.phases[0].workers] == [True, True, False]
    assert [worker.ext for worker in report.phases[1].workers] == [False, False, True]


# What makes no sense


@ktstr_test(cores=2)
def what_makes_no_sense_is_refused_before_a_guest_starts(ctx: Ctx) -> None:
    with pytest.raises(
        KtstrError, match="set_nice: group='late': no worker is in it at that moment"
    ) as refused:
        ctx.run(CgroupDef("a", 1), steps=(Step("more", SetNice("a", 5, group="late"), hold=0.1),))
    assert f"\n    {refused.value}\n" in PAGE.read_text()
