"""Scenarios in steps in a guest: what each phase reports, and which one a scheduler fails in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ktstr import (
    At,
    BpfMapWrite,
    Bursty,
    CgroupDef,
    Checks,
    Ctx,
    Hold,
    Operation,
    Scenario,
    Step,
    declare_scheduler,
    ktstr_test,
)
from ktstr.checks.verdict import RunReport, VerdictFailed
from ktstr.events.report import GuestReport, read_report
from ktstr.guest.agent import build_agent
from ktstr.guest.initramfs import base_files
from ktstr.scenario.operations.sysctl import Sysctl
from ktstr.vm.job import RunOptions, VmJob
from ktstr.vm.qemu.accel import probe
from ktstr.vm.result import Ending
from ktstr.vm.run import run

HERE = Path(__file__).parent
SCHEDULERS = HERE.parent / "schedulers"
FIXTURE = declare_scheduler(name="steps_fixture", bpf=SCHEDULERS / "fixture.bpf.c", topology=(1, 1, 2, 1))
STARVE = declare_scheduler(
    name="steps_starve",
    bpf=SCHEDULERS / "starve.bpf.c",
    topology=(1, 1, 2, 1),
    checks=Checks(max_gap_ms=False, max_spread_pct=False),
)
MS = 1_000_000
PRINTK = "kernel.printk_ratelimit"


@dataclass(frozen=True)
class Greet(Operation):
    """Reports a name."""

    name = "greet"
    source = "programs/op_greet.c"
    whom: str


@ktstr_test(scheduler=FIXTURE, duration_s=1)
def every_turn_of_a_step_is_a_phase_with_its_own_workers(ctx: Ctx) -> None:
    """The worker of the backdrop works in all, one that a step brings from then on; times and counts add up."""
    report = ctx.run(
        CgroupDef("a", 1),
        steps=(
            Step("alone", Greet("before"), hold=0.2),
            Step("both", CgroupDef("b", 1), At(0.1, Greet("meanwhile")), hold=Hold.fraction(0.3)),
            Step("turns", Greet("again"), hold=0.1, until_s=0.25),
        ),
    )
    assert [phase.name for phase in report.phases] == ["alone", "both", "turns 1/3", "turns 2/3", "turns 3/3"]
    assert [phase.asked_ns // MS for phase in report.phases] == [200, 300, 100, 100, 50]
    assert all(phase.held_ns >= phase.asked_ns for phase in report.phases)
    assert [len(phase.workers) for phase in report.phases] == [1, 2, 2, 2, 2]
    for phase in report.phases:
        assert all(worker.iterations > 100 for worker in phase.workers)
        assert all(worker.wall_ns >= phase.held_ns for worker in phase.workers)
    first, second = report.workers
    assert first.iterations == sum(phase.workers[0].iterations for phase in report.phases)
    assert first.wall_ns > second.wall_ns > 550 * MS
    done = [(one.name, one.words) for one in report.phase("both").operations]
    assert done == [
        ("cgroup", "b -"),
        ("spawn", "b 1 spin_wait pause=1 policy=normal"),
        ("greet", "meanwhile"),
    ]
    assert [event["name"] for event in report.result.of("greeted")] == ["before", "meanwhile"] + ["again"] * 3


@ktstr_test(cores=2)
def an_operation_with_a_time_is_done_at_that_time_of_its_hold(ctx: Ctx) -> None:
    times = (0.0, 0.013, 0.05, 0.051, 0.199)
    report = ctx.run(steps=(Step("s", *(At(at_s, Sysctl(PRINTK, "5")) for at_s in times), hold=0.2),))
    (phase,) = report.phases
    assert [one.due_ns for one in phase.operations] == [round(at_s * 1e9) for at_s in times]
    late = [one.began_ns - phase.began_ns - (one.due_ns or 0) for one in phase.operations]
    assert all(0 <= ns < 2 * MS for ns in late), late


def in_guest(ctx: Ctx, folder: Path, plan: Sequence[str]) -> tuple[Ending, GuestReport, str]:
    accel = probe()
    job = VmJob(
        kernel=ctx.kernel,
        topology=ctx.topology,
        memory_mb=256,
        files=tuple(base_files(build_agent(), ctx.kernel.config, ctx.kernel.release)),
        payload=(),
        plan="".join(f"{line}\n" for line in plan),
        clock=accel.clock,
        seed=1,
    )
    result = run(job, accel, folder)
    return result.ending, read_report(result.events), result.why


@ktstr_test(cores=2)
def a_worker_that_is_spawned_in_a_hold_works_at_once(ctx: Ctx, tmp_path: Path) -> None:
    """It is in its cgroup by then, so it runs on no other CPU than the cgroup has."""
    ending, report, why = in_guest(
        ctx,
        tmp_path / "run",
        [
            "cgroup a 0",
            "phase one",
            "at 100000000 spawn a 2 spin_wait pause=1 policy=normal",
            "hold 200000000",
            "phase two",
            "spawn a 1 spin_wait pause=1 policy=normal",
            "hold 100000000",
        ],
    )
    assert ending is Ending.DONE, why
    one, two = report.phases
    assert [worker.index for worker in one.workers] == [0, 1]
    assert all(80 * MS < worker.wall_ns < 101 * MS and worker.iterations for worker in one.workers)
    assert [worker.index for worker in two.workers] == [0, 1, 2]
    assert all(worker.cpus == (0,) for worker in report.workers)


@ktstr_test(cores=2)
def a_queued_operation_is_checked_when_it_is_queued(ctx: Ctx, tmp_path: Path) -> None:
    lines = {
        "at 5 spawn a x spin_wait": "plan: spawn: count=x: must be a whole number",
        "at 5 hold 5": "plan: at: operation=hold: cannot wait for a time in a hold",
        "at 5 sleep 5": "plan: sleep: there is no such operation",
    }
    for number, (line, why) in enumerate(lines.items()):
        ending, _, said = in_guest(ctx, tmp_path / str(number), [line])
        assert ending is Ending.AGENT_FAILED
        assert why in said


@ktstr_test(scheduler=FIXTURE)
def a_scheduler_that_leaves_fails_in_the_step_in_which_it_does(ctx: Ctx) -> None:
    """What comes after is left out. The time in the message counts from the begin of that step's hold."""
    test = replace(ctx.test, writes=(BpfMapWrite(".bss", "crash", 1, at_s=0.3),))
    guest = Ctx(test, ctx.kernel, "auto", ctx.seed, ctx.artifacts / "left")
    scenario = Scenario(
        (CgroupDef("a", 2),),
        steps=(Step("calm", hold=0.2), Step("crash", hold=0.4), Step("after", Greet("never"), hold=0.2)),
    )
    with pytest.raises(VerdictFailed, match=r"attached: .* \(in step crash, at 0\.\d{3} s\)") as failed:
        guest.run(scenario)
    text = str(failed.value)
    assert "left after 0.1" in text or "left after 0.2" in text, text
    assert "of 0.40 guest seconds" in text
    assert "step calm: held 0.20 s" in text
    (record,) = guest.runs
    (violation,) = record["verdict"]["violations"]  # type: ignore[index]
    assert violation["phase"] == "crash"
    assert violation["at_ns"] > 0


@ktstr_test(scheduler=STARVE)
def a_worker_that_starves_fails_in_the_step_that_starts_it(ctx: Ctx) -> None:
    """The scheduler never runs the second worker; the step before has only the first."""
    report = ctx.run(
        CgroupDef("a", 1),
        steps=(Step("one", hold=0.3), Step("two", CgroupDef("b", 1), hold=0.3)),
        check=False,
    )
    assert [(one.check, one.phase) for one in report.violations] == [
        ("not_stuck", "two"),
        ("max_wasted_pct", "two"),
    ]


@ktstr_test(scheduler=FIXTURE)
def steps_are_the_same_every_time_perturbed_or_not(ctx: Ctx) -> None:
    """With perturbations and switches of every hold, each in its own phase."""
    scenario = Scenario(
        (CgroupDef("a", 3), CgroupDef("b", 2, work=Bursty(burst_ms=3, sleep_ms=4))),
        steps=(
            Step("one", At(0.07, Sysctl(PRINTK, "6")), hold=0.15),
            Step("two", CgroupDef("c", 1), Sysctl(PRINTK, "5"), hold=0.1, repeat=1),
            Step("three", hold=0.05, repeat=2),
        ),
    )

    def again(perturb: bool, number: int) -> RunReport:
        guest = Ctx(
            ctx.test,
            ctx.kernel,
            "auto",
            ctx.seed,
            ctx.artifacts / f"{perturb}-{number}",
            options=RunOptions(fresh=True),
            perturb=perturb,
        )
        return guest.run(scenario, check=False)

    for perturb in (False, True):
        first, second = again(perturb, 1), again(perturb, 2)
        assert [phase.name for phase in first.phases] == ["one", "two", "three 1/2", "three 2/2"]
        if first.result.clock == "virtual":
            assert first.result.events_sha256 == second.result.events_sha256
    assert len(first.result.of("switches")) == 4
    assert len(first.guest.perturbed) == 14
    assert all(
        one.began_ns is not None and 0 <= one.began_ns - one.at_ns < 50 * MS for one in first.guest.perturbed
    )
