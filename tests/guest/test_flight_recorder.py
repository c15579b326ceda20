"""The flight recorder: what led to a scheduler's exit is there without a second run, and says who failed."""

from pathlib import Path

from ktstr import CgroupDef, Ctx, declare_scheduler, ktstr_test
from ktstr.context import RunReport
from ktstr.guest.flight import FAILED
from ktstr.vm.job import Way

SCHEDULERS = Path(__file__).parents[1] / "schedulers"
EXITS = declare_scheduler(name="flown_exits", bpf=SCHEDULERS / "exits.bpf.c", topology=(1, 1, 4, 1))
FIXTURE = declare_scheduler(name="flown_fixture", bpf=SCHEDULERS / "fixture.bpf.c", topology=(1, 1, 4, 1))


def flown(ctx: Ctx, folder: str) -> RunReport:
    guest = Ctx(ctx.test, ctx.kernel, "virtual", 1, ctx.artifacts / folder, way=Way(fresh=True))
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
def recorder_says_nothing_of_a_scheduler_that_stays(ctx: Ctx) -> None:
    report = flown(ctx, "stays")
    assert report.passed
    assert "recorder" in (ctx.artifacts / "stays" / "run-1" / "plan.txt").read_text().splitlines()
    assert report.guest.flight == ()
