"""The flight recorder has what led to a scheduler's exit and who failed; with the real clock after a second run."""

from pathlib import Path
from typing import Any

import pytest

from ktstr import BpfMapWrite, CgroupDef, Ctx, declare_scheduler, ktstr_test
from ktstr.checks.verdict import RunReport, VerdictFailed
from ktstr.events.flight import FAILED
from ktstr.vm.job import RunOptions

SCHEDULERS = Path(__file__).parents[1] / "schedulers"
EXITS = declare_scheduler(name="flown_exits", bpf=SCHEDULERS / "exits.bpf.c", topology=(1, 1, 4, 1))
FIXTURE = declare_scheduler(name="flown_fixture", bpf=SCHEDULERS / "fixture.bpf.c", topology=(1, 1, 4, 1))


def flown(ctx: Ctx, folder: str) -> RunReport:
    guest = Ctx(ctx.test, ctx.kernel, "virtual", 1, ctx.artifacts / folder, options=RunOptions(fresh=True))
    return guest.run(CgroupDef("w", 6), hold_s=1.0, check=False)


@ktstr_test(scheduler=EXITS)
def recorder_has_what_led_to_an_exit(ctx: Ctx) -> None:
    report = flown(ctx, "first")
    flight = report.guest.flight
    failed = [event for event in flight if event.kind == FAILED]
    assert len(failed) == 1, "the kernel stops the recording at the dump's first line"
    assert failed[0].at_ns == max(event.at_ns for event in flight)
    # scx_bpf_error was called by the tick of a worker that had the CPU.
    switches = [event for event in flight if event.cpu == failed[0].cpu and event.kind == "switch"]
    assert switches[-1].what.endswith(f"-> {failed[0].task}[{failed[0].pid}]")
    assert failed[0].task.startswith("ktstr-w")
    assert {event.cpu for event in flight} == set(range(4))

    again = flown(ctx, "again")
    assert again.result.start == "clone"
    assert again.guest.flight == flight


@ktstr_test(scheduler=FIXTURE)
def recorder_is_silent_about_a_scheduler_that_stays(ctx: Ctx) -> None:
    report = flown(ctx, "stays")
    assert report.passed
    assert "recorder" in (ctx.artifacts / "stays" / "run-1" / "plan.txt").read_text().splitlines()
    assert report.guest.flight == ()


@ktstr_test(scheduler=FIXTURE, cores=2, bpf_map_write=BpfMapWrite(".bss", "crash", 1, at_s=0.2))
def a_crash_under_the_real_clock_is_run_again_with_the_recorder(ctx: Ctx) -> None:
    guest = Ctx(ctx.test, ctx.kernel, "real", 1, ctx.artifacts)
    with pytest.raises(VerdictFailed) as failed:
        guest.run(CgroupDef("w", 6), hold_s=2)
    print(failed.value)
    first: Any = guest.runs[0]
    assert first["guest"]["flight"] == ()
    again = first["repro"]
    assert (again["more"], again["outcome"]) == ("flight recorder", "same")
    assert again["run"]["guest"]["scheduler_exit"]["message"] == "fixture: host-triggered crash"
    assert [event["kind"] for event in again["run"]["guest"]["flight"]].count(FAILED) == 1
    text = str(failed.value).partition("--- auto-repro ---\n")[2]
    assert text.startswith(
        "run again with the flight recorder: the same exit: scx_bpf_error: fixture: host-triggered crash\n"
        "us before the exit, newest last\nCPU "
    )
