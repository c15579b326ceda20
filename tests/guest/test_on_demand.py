"""Globals of a scheduler that a scenario reads, its programs that a scenario runs, files, and attaches in a loop."""

from __future__ import annotations

import pytest

from ktstr import (
    At,
    Bursty,
    CgroupDef,
    Ctx,
    Detach,
    KtstrError,
    ReadFile,
    ReadGlobals,
    Reload,
    RunProgram,
    Step,
    WriteFile,
    declare_scheduler,
    ktstr_test,
)

ON_DEMAND = declare_scheduler(name="on_demand", bpf="bpf/on_demand.bpf.c", topology=(1, 1, 2, 1))
WORK = CgroupDef("work", 2, work=Bursty(burst_ms=0.2, sleep_ms=1))
FEATURES = "/proc/sys/kernel/sched_schedstats"


@ktstr_test(scheduler=ON_DEMAND)
def globals_are_read_by_path_also_after_a_detach(ctx: Ctx) -> None:
    paths = ("limits.of_queue[2]", "limits.least", "limits.strict", "a_constant", "numbers_of_queues[0]")
    report = ctx.run(
        WORK,
        steps=(
            Step("with", At(0.1, ReadGlobals("nr_enqueued", *paths)), hold=0.2),
            Step("without", Detach(), ReadGlobals("nr_enqueued", "stats[1].nr", "stats[0].nr"), hold=0.05),
        ),
    )
    early = {one.path: one.value for one in report.guest.globals_read if one.phase == "with"}
    assert [early[path] for path in paths] == [7, -3, 1, -11, -5]
    # Of a per-CPU array it is the sum over all CPUs.
    assert report.globals["stats[1].nr"] == report.globals["nr_enqueued"] > early["nr_enqueued"] > 0
    assert report.globals["stats[0].nr"] == 0


@ktstr_test(scheduler=ON_DEMAND)
def a_program_runs_with_a_context_by_its_c_type(ctx: Ctx) -> None:
    question: dict[str, int | str] = {
        "pid": "work/1",
        "limits.of_queue[1]": 44,
        "limits.least": -2,
        "answer": 0,
    }
    steps = (
        Step("ask", At(0.1, RunProgram("answer_a_long_question", question, expect=42)), hold=0.2),
        Step("add", RunProgram("add", [40, 2**32 - 50], expect=range(-10, -9)), hold=0.05),
    )
    report = ctx.run(WORK, steps=steps)
    asked, added = report.program_runs
    assert asked.context["answer"] == -asked.context["pid"] < 0
    assert asked.context["limits.least"] == -2
    assert (added.returned, added.phase) == (-10, "add")


@ktstr_test(scheduler=ON_DEMAND)
def another_value_than_expected_is_a_violation(ctx: Ctx) -> None:
    report = ctx.run(
        WORK, steps=(Step("s", RunProgram("add", [1, 2], expect=range(4, 6)), hold=0.05),), check=False
    )
    (violation,) = report.violations
    assert violation.message == "program add(0=1, 1=2) returned 3, not 4 to 5"


@ktstr_test(scheduler=ON_DEMAND)
def a_program_can_make_the_scheduler_leave(ctx: Ctx) -> None:
    report = ctx.run(WORK, steps=(Step("s", At(0.1, RunProgram("leave")), hold=0.5),), check=False)
    left = report.guest.scheduler_exit
    assert left is not None
    assert (left.kind, left.code, left.message) == ("unregistered_by_bpf", 0x77, "asked to leave")


@ktstr_test(scheduler=ON_DEMAND)
def what_is_not_there_is_a_mistake_in_one_line(ctx: Ctx) -> None:
    for operation, message in (
        (ReadGlobals("nr_enqeued"), "no global and no array map of that name; near: nr_enqueued"),
        (ReadGlobals("stats[2].nr"), "the map has elements [0] to [1]"),
        (RunProgram("ad"), 'no program of SEC("syscall") with that name; it has '),
        (RunProgram("answer_a_long_question", {"limits.least": 2**15}), "does not fit into 2 bytes"),
        (ReadFile("/proc/nothing"), "the kernel refused it: No such file or directory (/proc/nothing)"),
    ):
        with pytest.raises(KtstrError) as caught:
            ctx.run(WORK, operation, hold_s=0.05)
        assert message in str(caught.value)
        assert "\n" not in str(caught.value)


@ktstr_test(scheduler=ON_DEMAND)
def files_are_written_and_read(ctx: Ctx) -> None:
    steps = (
        Step("before", ReadFile(FEATURES), hold=0.05),
        Step(
            "after", WriteFile(FEATURES, "1"), ReadFile(FEATURES), ReadFile("/proc/stat", "cpu1"), hold=0.05
        ),
    )
    report = ctx.run(WORK, steps=steps)
    before, after, stat = report.files
    assert (before.text.strip(), after.text.strip(), after.phase) == ("0", "1", "after")
    assert stat.text.startswith("cpu1 ")
    assert stat.text.count("\n") == 1


@ktstr_test(scheduler=ON_DEMAND)
def what_is_loaded_is_attached_in_a_loop(ctx: Ctx) -> None:
    report = ctx.run(WORK, steps=(Step("loop", Reload(10, at_once=2), hold=0.1),))
    (done,) = report.result.of("reloaded")
    assert done["attached"] + done["refused"] == 20
    assert done["attached"] > 0
    assert len(report.schedulers) == 2
