"""`ctx.run` through an executor with recorded results: what is run, how it is judged, and what a failure shows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fake_executor import FakeExecutor, recorded
from run_data import a_test
from vm_stand_in import a_job

from ktstr import BpfMapWrite, CgroupDef, Checks, Ctx, KtstrError, Scheduler, VerdictFailed
from ktstr.base.cancel import Cancel, Cancelled
from ktstr.base.errors import KernelLacks
from ktstr.base.topology import Topology
from ktstr.checks.expect import ExpectedError
from ktstr.run.program import Program
from ktstr.scenario.scenario import Scenario
from ktstr.vm.job import RunOptions
from ktstr.vm.result import Ending

PASSED, STARVED, STARVED_AGAIN = recorded("passed"), recorded("starved"), recorded("starved-again")
EJECTED, EJECTED_OTHERWISE = recorded("ejected"), recorded("ejected-other")
LOOSE = Checks(max_spread_pct=False, max_gap_ms=False)
MINE = Scheduler(
    name="mine", bpf=Path("mine.bpf.c"), rodata={"slice_us": 5}, sysctls={"kernel.watchdog": "0"}
)
TEST = a_test(scheduler=MINE, topology=Topology(1, 1, 2, 1))
CG = CgroupDef("cg", 2)

Make = Callable[..., Ctx]


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Make:
    """Makes a context on an executor; its scheduler is not built."""
    monkeypatch.setenv("KTSTR_CACHE_DIR", str(tmp_path / "cache"))
    kernel = a_job(tmp_path).kernel
    monkeypatch.setattr("ktstr.run.assemble.build_agent", lambda *_sources: tmp_path / "init")
    built: list[Scheduler] = []

    def program(scheduler: Scheduler, *_: object, **_options: object) -> Program:
        built.append(scheduler)
        return Program((), ("/ktstr/bin/mine", "-v") if scheduler.is_sched_ext else ())

    monkeypatch.setattr("ktstr.run.context.scheduler_program", program)
    folder = tmp_path / "results"
    folder.mkdir()

    def make(executor: FakeExecutor, clock: str = "auto", **changes: Any) -> Ctx:
        of_ctx = {
            name: changes.pop(name)
            for name in ("perturb", "oversubscribe", "options", "cancel")
            if name in changes
        }
        test = replace(TEST, **changes)
        ctx = Ctx(test, kernel, clock, 1, folder / "mine", executor=executor, **of_ctx)
        vars(ctx)["built"] = built
        return ctx

    return make


def failure(ctx: Ctx, *parts: Any, **arguments: Any) -> str:
    with pytest.raises(VerdictFailed) as failed:
        ctx.run(*(parts or (CG,)), **arguments)
    return str(failed.value)


def titles(text: str) -> list[str]:
    return re.findall(r"^--- (.*) ---$", text, re.MULTILINE)


def run_of(ctx: Ctx, number: int = 0) -> dict[str, Any]:
    return dict(ctx.runs[number])


# What is run


def test_a_run_that_passes_is_one_job_and_its_report(make: Make, tmp_path: Path) -> None:
    executor = FakeExecutor(PASSED)
    ctx = make(executor, options=RunOptions(fresh=True))
    report = ctx.run(CG, hold_s=0.2)
    assert report.passed
    assert [worker.cgroup for worker in report.workers] == ["cg", "cg"]
    assert report.dump is None
    (job,) = executor.jobs
    assert job.plan.splitlines() == [
        "sysctl kernel/watchdog 0",
        "patience",
        "scheduler 30000000000 /ktstr/bin/mine -v",
        "cgroup cg -",
        "spawn cg 2 spin_wait pause=1 policy=normal",
        "recorder",
        "hold 200000000",
    ]
    assert (job.clock, job.seed, job.memory_mb, job.wall_limit_s) == ("virtual", 1, 256, 242.4)
    assert executor.folders == [tmp_path / "results" / "mine" / "run-1"]
    assert executor.options == [RunOptions(fresh=True)]
    record = run_of(ctx)
    assert (record["verdict"]["passed"], record["repro"], record["dump"]) == (True, None, None)
    assert json.loads(json.dumps(record))["job"]["digest"] == job.digest()


def test_the_scheduler_is_given_the_constants_that_the_test_writes(make: Make) -> None:
    ctx = make(FakeExecutor(PASSED), writes=(BpfMapWrite(".rodata", "slice_us", 7),))
    ctx.run(CG, hold_s=0.2)
    (built,) = vars(ctx)["built"]
    assert built.rodata == {"slice_us": 7}


def test_a_scenario_is_run_as_its_parts_are(make: Make) -> None:
    executor = FakeExecutor(PASSED)
    ctx = make(executor, duration_s=0.2)
    ctx.run(CG)
    ctx.run(Scenario((CG,)))
    ctx.run(Scenario((CG,), hold_s=0.2))
    assert len({job.digest() for job in executor.jobs}) == 1
    assert [folder.name for folder in executor.folders] == ["run-1", "run-2", "run-3"]


def test_with_the_real_clock_nothing_is_recorded_in_flight(make: Make) -> None:
    executor = FakeExecutor(PASSED, clock="real")
    make(executor, "real").run(CG, hold_s=0.2)
    (job,) = executor.jobs
    assert job.clock == "real"
    assert "recorder" not in job.plan.splitlines()


def test_the_kernels_own_scheduler_has_no_program(make: Make) -> None:
    executor = FakeExecutor(recorded("eevdf"))
    ctx = make(executor, scheduler=Scheduler(name="eevdf"))
    assert ctx.run(CG, hold_s=0.2).passed
    assert executor.jobs[0].plan.startswith("cgroup cg -\n")


@pytest.mark.parametrize(("oversubscribe", "cpus"), [(False, 2), (True, None)])
def test_the_executor_is_asked_for_the_tests_clock_and_cpus(
    make: Make, oversubscribe: bool, cpus: int | None
) -> None:
    executor = FakeExecutor(PASSED)
    make(executor, "auto", oversubscribe=oversubscribe).run(CG, hold_s=0.2)
    assert executor.asked == [("auto", cpus)]


def test_trace_and_dump_are_part_of_the_plan(make: Make) -> None:
    executor = FakeExecutor(PASSED)
    make(executor).run(CG, hold_s=0.2, trace=True, dump=True, bounded_turn=False)
    lines = executor.jobs[0].plan.splitlines()
    assert ("trace" in lines, lines[-1], executor.jobs[0].bounded_turn) == (True, "dump", False)


# What is refused


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"parts": ["cg"]}, r"^ctx\.run: scenario: 'cg': must be CgroupDef\(\.\.\.\) or an operation$"),
        ({"checks": {"max_gap_ms": 1}}, r"^ctx\.run: checks=\{'max_gap_ms': 1\}: must be Checks\(\.\.\.\)$"),
        ({"hold_s": -1}, r"^ctx\.run: hold_s=-1: "),
        (
            {"checks": Checks(max_gap_ms=0.01)},
            r"^steady: max_gap_ms=0\.01: finer than .* turn here, 0\.1 ms,",
        ),
        (
            {"checks": Checks(max_gap_ms=1), "bounded_turn": False},
            r"max_gap_ms=1: finer than .* turn here, 4 ms,",
        ),
    ],
)
def test_nonsense_is_refused_before_a_guest_is_started(
    make: Make, arguments: dict[str, Any], message: str
) -> None:
    executor = FakeExecutor(PASSED)
    with pytest.raises(KtstrError, match=message):
        make(executor).run(*arguments.pop("parts", (CG,)), **arguments)
    assert executor.jobs == []


def test_checks_of_a_scheduler_that_works_contradict_an_expected_error(make: Make) -> None:
    ctx = make(FakeExecutor(EJECTED), expected=ExpectedError())
    with pytest.raises(
        KtstrError, match=r"^ctx\.run: checks: max_gap_ms: contradicts the test's expect_err$"
    ):
        ctx.run(CG, checks=Checks(max_gap_ms=100))


def test_too_little_memory_is_refused(make: Make) -> None:
    with pytest.raises(
        KtstrError, match=r"^steady: memory_mb=32: a guest of 1n1l2c1t with 0 MiB of files needs 100 MiB$"
    ):
        make(FakeExecutor(PASSED), memory_mb=32).run(CG)


def test_a_source_that_needs_what_the_kernel_lacks_fails(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it does if the kernel finds that at load; it is no error, which would say nothing of the scheduler."""

    def program(*_: object, **_options: object) -> Program:
        raise KernelLacks(
            "scheduler mine: kernel 7.0.13 has no kfunc scx_bpf_frob, which mine.bpf.c:7:2 calls"
        )

    ctx = make(FakeExecutor(PASSED))
    monkeypatch.setattr("ktstr.run.context.scheduler_program", program)
    assert failure(ctx).splitlines() == [
        "BUG SUMMARY: scheduler mine: kernel 7.0.13 has no kfunc scx_bpf_frob, which mine.bpf.c:7:2 calls",
        "steady: mine on 7.0.13, 1n1l2c1t",
    ]


def test_an_unknown_clock_is_refused(make: Make) -> None:
    with pytest.raises(KtstrError, match=r"^clock 'fast': must be real, virtual or auto$"):
        make(FakeExecutor(PASSED), "fast").run(CG)


# What could not be done, and what says nothing of the scheduler


@pytest.mark.parametrize("ending", [Ending.QEMU_DIED, Ending.AGENT_FAILED])
def test_a_run_that_could_not_be_done_is_an_error(make: Make, tmp_path: Path, ending: Ending) -> None:
    ctx = make(FakeExecutor(replace(PASSED, ending=ending, why="it broke", events=())))
    folder = tmp_path / "results" / "mine" / "run-1"
    with pytest.raises(KtstrError, match=rf"^it broke \(console and command in {folder}\)$"):
        ctx.run(CG)
    assert run_of(ctx)["result"]["why"] == "it broke"


def test_a_job_that_the_executor_refuses_is_an_error_without_a_record(make: Make) -> None:
    ctx = make(FakeExecutor(KtstrError("no emulator")))
    with pytest.raises(KtstrError, match=r"^no emulator$"):
        ctx.run(CG)
    assert ctx.runs == []


def test_a_mistake_of_the_test_is_an_error(make: Make) -> None:
    ctx = make(FakeExecutor(recorded("refused")), writes=(BpfMapWrite(".bss", "crsh", 1),))
    with pytest.raises(
        KtstrError,
        match=r"^steady: BpfMapWrite\('\.bss', 'crsh', 1\): no such variable in \.bss; near: crash$",
    ):
        ctx.run(CG)


def test_a_cancelled_run_is_not_an_error_and_leaves_no_record(make: Make) -> None:
    cancel = Cancel()
    ctx = make(FakeExecutor(PASSED), cancel=cancel)
    cancel.cancel()
    with pytest.raises(Cancelled):
        ctx.run(CG)
    assert ctx.runs == []


def test_a_cancelled_second_run_is_not_reported_as_one_that_could_not_be_done(make: Make) -> None:
    with pytest.raises(Cancelled):
        make(FakeExecutor(STARVED, Cancelled())).run(CG, checks=LOOSE)


# A run that fails, and its second run


def test_a_starved_worker_fails_and_a_second_run_has_the_maps(make: Make, tmp_path: Path) -> None:
    """With the virtual clock it is the same run up to there."""
    executor = FakeExecutor(STARVED, STARVED_AGAIN)
    ctx = make(executor)
    text = failure(ctx, CgroupDef("cg", 4), hold_s=0.5, checks=LOOSE)
    first_line = "BUG SUMMARY: mine: worker cg/1 (spin_wait) did no work in 0.50 guest seconds: starved"
    assert text.startswith(first_line)
    assert "steady: mine on 7.0.13, 1n1l2c1t (virtual clock, tcg, seed 1)\n" in text
    assert f"  replay: ktstr replay {tmp_path}/results/mine.json\n" in text
    assert "auto-repro" not in titles(text)
    assert {"stats", "maps"} <= set(titles(text))
    assert "(read at the end of the hold, by a second run that is the same up to there)" in text
    first, second, *looks = executor.jobs
    assert second.plan == f"{first.plan}dump\n"
    # No look sees anything here; the first one that sees a worker wait while a CPU idles would be the last.
    assert [look.plan for look in looks] == [
        first.plan.replace("hold 500000000\n", f"hold {at}0000000\nlook\n") for at in (45, 30, 15)
    ]
    assert [folder.name for folder in executor.folders] == ["run-1", "repro", "look-1", "look-2", "look-3"]
    record = run_of(ctx)
    assert (record["repro"]["more"], record["repro"]["outcome"]) == ("dump", "identical")
    assert record["vms"] == {"booted": 0, "cloned": 5, "remembered": 0}
    dump = json.loads((tmp_path / "results" / record["dump"]).read_text())
    assert (dump["again"], dump["run"], dump["test"]) == (True, 1, "steady")


def test_check_false_gives_the_report_of_a_run_that_fails(make: Make) -> None:
    executor = FakeExecutor(STARVED)
    report = make(executor).run(CG, checks=LOOSE, check=False)
    assert [violation.check for violation in report.violations] == ["not_stuck"]
    assert len(executor.jobs) == 1


def test_a_test_may_want_no_second_run(make: Make) -> None:
    executor = FakeExecutor(STARVED)
    failure(make(executor, auto_repro=False), checks=LOOSE)
    assert len(executor.jobs) == 1


def test_a_second_run_that_cannot_be_done_is_reported(make: Make) -> None:
    ctx = make(FakeExecutor(STARVED, KtstrError("the disk is full")))
    text = failure(ctx, checks=LOOSE)
    assert "run again with a dump: it could not be: the disk is full" in text
    assert (run_of(ctx)["repro"]["outcome"], run_of(ctx)["dump"]) == ("undone", None)


def test_an_ejected_scheduler_leaves_its_dump_at_once(make: Make, tmp_path: Path) -> None:
    """With the virtual clock the recorder is on, so a second run would show nothing more."""
    executor = FakeExecutor(EJECTED)
    ctx = make(executor)
    text = failure(ctx, hold_s=1)
    assert text.startswith(
        "BUG SUMMARY: mine was ejected by the kernel: scx_bpf_error: exits: failed after 100 ms"
    )
    assert {"scheduler exit", "flight recorder", "maps", "sched_ext dump"} <= set(titles(text))
    assert len(executor.jobs) == 1
    dump = json.loads((tmp_path / "results" / run_of(ctx)["dump"]).read_text())
    assert dump["again"] is False
    assert f"(all of it: {tmp_path}/results/{run_of(ctx)['dump']})" in text


@pytest.mark.parametrize(
    ("again", "outcome", "line"),
    [
        (EJECTED_OTHERWISE, "same", "the same exit: scx_bpf_error: exits: failed after 150 ms"),
        (PASSED, "passed", "it passed"),
        (STARVED, "other", "it failed otherwise: not_stuck: worker cg/1"),
    ],
)
def test_with_the_real_clock_an_exit_is_run_again_with_the_recorder(
    make: Make, again: Any, outcome: str, line: str
) -> None:
    executor = FakeExecutor(EJECTED, again, clock="real")
    ctx = make(executor, "real")
    text = failure(ctx, hold_s=1, checks=LOOSE)
    assert f"run again with the flight recorder: {line}" in text
    assert run_of(ctx)["repro"]["outcome"] == outcome
    assert ["recorder" in job.plan.splitlines() for job in executor.jobs] == [False, True]
    assert run_of(ctx)["repro"]["run"]["result"]["clock"] == "real"


def test_a_panic_is_a_violation_and_is_not_run_again(make: Make) -> None:
    executor = FakeExecutor(recorded("panicked"))
    text = failure(make(executor), hold_s=0.2)
    assert "  guest: kernel panic: the guest's kernel panicked: VFS: Unable to mount root fs" in text
    assert "kernel log" in titles(text)
    assert len(executor.jobs) == 1


def test_a_failure_without_a_scheduler_is_not_run_again(make: Make) -> None:
    executor = FakeExecutor(STARVED)
    failure(make(executor, scheduler=Scheduler(name="eevdf")), checks=LOOSE)
    assert len(executor.jobs) == 1


# An error that is expected


CRASHED = recorded("crashed")
WRITES = (BpfMapWrite(".bss", "crash", 1),)


def test_the_expected_error_passes_and_the_test_is_over(make: Make) -> None:
    expected = ExpectedError(contains="host-triggered crash")
    ctx = make(FakeExecutor(CRASHED), expected=expected, writes=WRITES)
    report = ctx.run(CG, hold_s=0.5)
    assert report.passed
    assert report.dump is not None
    ctx.finish()


def test_another_error_than_expected_fails(make: Make) -> None:
    expected = ExpectedError(contains="no such text")
    text = failure(make(FakeExecutor(CRASHED), expected=expected, writes=WRITES))
    assert "expected_error: another error fired than expected: " in text


@pytest.mark.parametrize(("runs", "why"), [(0, "the test ran no scenario"), (1, "no run ended with it")])
def test_a_test_whose_error_never_fired_fails_at_its_end(make: Make, runs: int, why: str) -> None:
    ctx = make(FakeExecutor(PASSED), expected=ExpectedError())
    for _ in range(runs):
        ctx.run(CG, check=False)
    with pytest.raises(
        VerdictFailed, match=rf"^steady: expected error did not fire: {why} \(expected: an error\)$"
    ):
        ctx.finish()


def test_a_test_that_expects_nothing_is_simply_over(make: Make) -> None:
    make(FakeExecutor(PASSED)).finish()
