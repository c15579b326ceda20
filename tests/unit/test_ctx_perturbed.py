"""A perturbed run that fails is run with fewer perturbations until only the needed ones are left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fake_executor import FakeExecutor, recorded, recorded_by_plan
from run_data import a_test, build_nothing
from vm_stand_in import a_job

from ktstr import CgroupDef, Checks, Cpuset, Ctx, KtstrError, Scheduler, VerdictFailed
from ktstr.base.topology import Topology
from ktstr.events.event import Event
from ktstr.run.hooks import NO_HOOKS, RunHooks
from ktstr.scenario.perturb import perturbations
from ktstr.vm.job import VmJob
from ktstr.vm.result import VmResult

MINE = Scheduler(name="racy", bpf=Path("racy.bpf.c"))
LOOSE = Checks(max_spread_pct=False, max_gap_ms=False)
Make = Callable[..., Ctx]


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Make:
    """Makes a context whose runs are perturbed; its scheduler is not built."""
    monkeypatch.setenv("KTSTR_CACHE_DIR", str(tmp_path / "cache"))
    kernel = a_job(tmp_path).kernel
    build_nothing(monkeypatch, tmp_path)
    (tmp_path / "results").mkdir()

    def make(
        executor: FakeExecutor,
        seed: int = 1,
        clock: str = "virtual",
        *,
        once: bool = False,
        shrink_s: float = 60.0,
        hooks: RunHooks = NO_HOOKS,
        **changes: Any,
    ) -> Ctx:
        test = a_test(scheduler=MINE, **{"topology": Topology(1, 1, 2, 1), **changes})
        folder = tmp_path / "results" / "mine"
        return Ctx(
            test,
            kernel,
            clock,
            seed,
            folder,
            executor=executor,
            perturb=True,
            once=once,
            shrink_s=shrink_s,
            hooks=hooks,
        )

    return make


def section(ctx: Ctx, *parts: CgroupDef, **arguments: Any) -> list[str]:
    """The lines on the perturbations in the text of a run that has to fail."""
    with pytest.raises(VerdictFailed) as failed:
        ctx.run(*(parts or (CgroupDef("cg", 2),)), **arguments)
    return str(failed.value).partition("--- perturbations ---\n")[2].partition("\n\n")[0].splitlines()


def test_a_race_is_shrunk_to_the_preemption_that_it_takes(make: Make) -> None:
    """Recorded: the racy scheduler, which forgets a worker that is preempted early in its turn."""
    by_plan = recorded_by_plan("race-seed-1")

    def answer(job: VmJob) -> VmResult:
        if job.plan.endswith("look\n"):
            raise KtstrError("this was not recorded")
        return by_plan(job)

    executor = FakeExecutor(answer)
    ctx = make(executor, topology=Topology(1, 1, 4, 1), checks=Checks(max_gap_ms=200, max_spread_pct=False))
    lines = section(ctx, CgroupDef("w", 5, cpuset=Cpuset.exact(range(3))), hold_s=0.5)
    assert lines == [
        "one of 20 is enough, moved to hit the same point of a turn without the others:",
        "  at   266.549 ms  CPU   1  for  0.139 ms  preempted ktstr-w3 (pid 138) 1.993 ms into its turn",
    ]
    # None; up to the wait, and one less; the last of them alone; without those of idle CPUs; moved.
    assert [folder.name for folder in executor.folders] == ["run-1", "repro", "look-1", *["shrunk"] * 6]
    assert ctx.runs[0]["vms"] == {"booted": 0, "cloned": 8, "remembered": 0}
    # A plan of the same length each time: nothing shifts.
    plans = [job.plan for job in executor.jobs if not job.plan.endswith(("dump\n", "look\n"))]
    assert len({len(plan.splitlines()) for plan in plans}) == 1


def in_plan(job: VmJob) -> list[tuple[int, int, int]]:
    """The perturbations of a job that have a length: CPU, time and length."""
    lines = (line.split() for line in job.plan.splitlines())
    found = [(int(at[1]), int(at[2]), int(at[3])) for at in lines if at[0] == "perturb"]
    return [one for one in found if one[2]]


STARVED, PASSED = recorded("starved"), recorded("passed")


def result_of(job: VmJob, fails: bool, ran_ns: int = 5_000, idle: frozenset[int] = frozenset()) -> VmResult:
    """A result that fails or not; each perturbation preempted a worker `ran_ns` into its time slice, or the idle task
    if its time is one of `idle`."""
    base = STARVED if fails else PASSED
    did = tuple(
        {
            "ev": "perturbed",
            "cpu": cpu,
            "at_ns": at,
            "ns": ns,
            "began_ns": at,
            "comm": f"swapper/{cpu}" if at in idle else "ktstr-w0",
            "pid": 0 if at in idle else 9,
            "ran_ns": ran_ns,
        }
        for cpu, at, ns in in_plan(job)
    )
    return replace(base, events=(*base.events, *did))


ALL = perturbations(1, Topology(1, 1, 2, 1), 0.5)


@pytest.mark.parametrize(
    ("needed", "first"),
    [
        ((), "it fails without any of the 20"),
        ((7,), "it takes 1 of 20:"),
        ((3, 11), "it takes 2 of 20:"),
        ((0, 5, 19), "it takes 3 of 20:"),
    ],
)
def test_the_remaining_perturbations_are_those_it_takes(
    make: Make, needed: tuple[int, ...], first: str
) -> None:
    wanted = {(ALL[index].cpu, ALL[index].at_ns) for index in needed}

    def answer(job: VmJob) -> VmResult:
        return result_of(job, wanted <= {(cpu, at) for cpu, at, _ in in_plan(job)})

    lines = section(make(FakeExecutor(answer), auto_repro=False), hold_s=0.5, checks=LOOSE)
    assert lines[0] == first
    assert len(lines) == 1 + len(needed)


def test_a_perturbation_is_moved_to_where_it_hit_before(make: Make) -> None:
    """Alone it comes 2 us later in the task's time slice, so it has to be moved 2 us earlier."""
    culprit = ALL[9]

    def answer(job: VmJob) -> VmResult:
        some = in_plan(job)
        if len(some) == 1:
            return result_of(job, some[0][1] == culprit.at_ns - 2_000, ran_ns=7_000)
        return result_of(job, (culprit.cpu, culprit.at_ns, culprit.ns) in some)

    lines = section(make(FakeExecutor(answer), auto_repro=False), hold_s=0.5, checks=LOOSE)
    assert lines[0] == "one of 20 is enough, moved to hit the same point of a turn without the others:"
    assert len(lines) == 2


def test_a_perturbation_that_cannot_be_moved_is_kept_with_the_others_it_takes(make: Make) -> None:
    """Alone it preempts nothing, so there is nothing to aim by."""
    wanted = {ALL[4].at_ns, ALL[9].at_ns}

    def answer(job: VmJob) -> VmResult:
        some = in_plan(job)
        fails = wanted <= {at for _, at, _ in some}
        return result_of(job, fails, ran_ns=0 if len(some) == 1 else 5_000)

    lines = section(make(FakeExecutor(answer), auto_repro=False), hold_s=0.5, checks=LOOSE)
    assert lines[0] == "it takes 2 of 20:"


def test_another_violation_is_not_the_same_failure(make: Make) -> None:
    """Without the perturbation the run fails otherwise: that does not make it one that fails without any."""
    culprit = ALL[9]

    def answer(job: VmJob) -> VmResult:
        some = in_plan(job)
        if (culprit.cpu, culprit.at_ns, culprit.ns) in some:
            return result_of(job, True)
        return recorded("ejected") if not some else result_of(job, False)

    lines = section(make(FakeExecutor(answer), auto_repro=False), hold_s=0.5, checks=LOOSE)
    assert lines[0] == "it takes 1 of 20:"


def test_with_the_real_clock_nothing_is_shrunk(make: Make) -> None:
    executor = FakeExecutor(lambda job: result_of(job, True), clock="real")
    assert section(make(executor, clock="real", auto_repro=False), hold_s=0.5, checks=LOOSE) == []
    assert len(executor.jobs) == 1


def test_a_guest_that_panics_is_shrunk_although_it_says_nothing_of_its_perturbations(make: Make) -> None:
    wanted = {ALL[3].at_ns, ALL[9].at_ns}

    def answer(job: VmJob) -> VmResult:
        panics = wanted <= {at for _, at, _ in in_plan(job)}
        return recorded("panicked") if panics else result_of(job, False)

    lines = section(make(FakeExecutor(answer), auto_repro=False), hold_s=0.5, checks=LOOSE)
    assert lines[0] == "it takes 2 of 20:"
    assert [line.split("preempted ")[1] for line in lines[1:]] == ["what was not recorded"] * 2


def test_perturbations_of_idle_cpus_are_left_out_together(make: Make) -> None:
    idle = frozenset(one.at_ns for one in ALL if one.cpu == 1)
    busy = [one for one in ALL if one.cpu == 0]
    wanted = {busy[2].at_ns, busy[5].at_ns}
    tried: list[set[int]] = []

    def answer(job: VmJob) -> VmResult:
        times = {at for _, at, _ in in_plan(job)}
        tried.append(times)
        return result_of(job, wanted <= times, idle=idle)

    lines = section(make(FakeExecutor(answer), auto_repro=False), hold_s=0.5, checks=LOOSE)
    assert lines[0] == "it takes 2 of 20:"
    assert [len(times) for times in tried[:3]] == [20, 0, len(busy)]
    assert not any(times & idle for times in tried[1:])


def test_if_it_takes_one_of_an_idle_cpu_that_costs_a_run(make: Make) -> None:
    idle = frozenset(one.at_ns for one in ALL if one.cpu == 1)
    wanted = next(one.at_ns for one in ALL if one.cpu == 1)

    def answer(job: VmJob) -> VmResult:
        return result_of(job, wanted in {at for _, at, _ in in_plan(job)}, idle=idle)

    executor = FakeExecutor(answer)
    assert section(make(executor, auto_repro=False), hold_s=0.5, checks=LOOSE)[0] == "it takes 1 of 20:"
    assert (
        len(executor.jobs) <= 1 + 1 + 1 + 5 + 1
    )  # the failure, without any, without idle ones, bisection, alone


def test_the_perturbation_before_a_wait_is_the_first_suspect(make: Make) -> None:
    """The recorded worker began to wait at a known time, so two runs tell what bisection tells in five."""
    culprit = ALL[12]

    def waits(event: Event) -> Event:
        """Worker 1, which waited for all of the 500 ms, waits from just before the culprit on."""
        if event.get("ev") == "hold":
            return {**event, "began_ns": event["t"] - 500_000_000}
        if event.get("index") == 1:
            began_ns = hold_ns - 500_000_000 + culprit.at_ns - 50_000
            gap = {"gap_ns": 250_000_000, "gap_at_ns": began_ns + 250_000_000}
            return {**event, "iterations": 1, **gap}
        return event

    hold_ns = next(event["t"] for event in STARVED.events if event.get("ev") == "hold")
    sizes: list[int] = []

    def answer(job: VmJob) -> VmResult:
        some = in_plan(job)
        sizes.append(len(some))
        if culprit.at_ns not in {at for _, at, _ in some}:
            return result_of(job, False)
        result = result_of(job, True)
        return replace(result, events=tuple(map(waits, result.events)))

    ctx = make(FakeExecutor(answer), auto_repro=False)
    checks = Checks(max_gap_ms=200, max_spread_pct=False)
    assert section(ctx, hold_s=0.5, checks=checks)[0] == "it takes 1 of 20:"
    assert sizes == [20, 0, 13, 12, 1]


def test_a_failed_run_and_those_after_it_are_in_a_row(make: Make) -> None:
    """So they wait for a core of the host once."""
    executor = FakeExecutor(lambda job: result_of(job, True))
    section(make(executor), hold_s=0.5, checks=LOOSE)
    assert len(executor.jobs) > 1
    assert executor.rows == [len(executor.jobs)]
