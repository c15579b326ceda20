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
        **changes: Any,
    ) -> Ctx:
        test = a_test(scheduler=MINE, **{"topology": Topology(1, 1, 2, 1), **changes})
        folder = tmp_path / "results" / "mine"
        return Ctx(
            test, kernel, clock, seed, folder, executor=executor, perturb=True, once=once, shrink_s=shrink_s
        )

    return make


def section(ctx: Ctx, *parts: CgroupDef, **arguments: Any) -> list[str]:
    """The lines on the perturbations in the text of a run that has to fail."""
    with pytest.raises(VerdictFailed) as failed:
        ctx.run(*(parts or (CgroupDef("cg", 2),)), **arguments)
    return str(failed.value).partition("--- perturbations ---\n")[2].partition("\n\n")[0].splitlines()


def test_a_race_is_shrunk_to_the_preemption_that_it_takes(make: Make) -> None:
    """Recorded: the racy scheduler under seed 15, which forgets a worker that is preempted at the wrong microsecond."""
    by_plan = recorded_by_plan("race-seed-15")

    def answer(job: VmJob) -> VmResult:
        if job.plan.endswith("look\n"):
            raise KtstrError("this was not recorded")
        return by_plan(job)

    executor = FakeExecutor(answer)
    ctx = make(
        executor,
        seed=15,
        topology=Topology(1, 1, 8, 1),
        checks=Checks(max_gap_ms=200, max_spread_pct=False, isolation=True, not_stuck=True, attached=True),
    )
    lines = section(ctx, CgroupDef("w", 10, cpuset=Cpuset.exact(range(7))), hold_s=1.0)
    assert lines[0] in (
        "it takes 1 of 40:",
        "one of 40 is enough, moved to hit the same point of a turn without the others:",
    )
    assert len(lines) == 2
    assert "preempted ktstr-w" in lines[1]
    looks = [f"look-{number}" for number in (1, 2, 3)]
    assert [folder.name for folder in executor.folders] == ["run-1", "repro", *looks, *["shrunk"] * 7]
    assert ctx.runs[0]["vms"] == {"booted": 0, "cloned": 9, "remembered": 0}
    # A plan of the same length each time: nothing shifts.
    plans = [job.plan for job in executor.jobs if not job.plan.endswith(("dump\n", "look\n"))]
    assert {len(plan.splitlines()) for plan in plans} == {45 + 3}


def in_plan(job: VmJob) -> list[tuple[int, int, int]]:
    """The perturbations of a job that have a length: CPU, time and length."""
    lines = (line.split() for line in job.plan.splitlines())
    found = [(int(at[1]), int(at[2]), int(at[3])) for at in lines if at[0] == "perturb"]
    return [one for one in found if one[2]]


STARVED, PASSED = recorded("starved"), recorded("passed")


def result_of(job: VmJob, fails: bool, ran_ns: int = 5_000) -> VmResult:
    """A result that fails or not; each perturbation preempted a worker `ran_ns` into its time slice."""
    base = STARVED if fails else PASSED
    did = tuple(
        {
            "ev": "perturbed",
            "cpu": cpu,
            "at_ns": at,
            "ns": ns,
            "began_ns": at,
            "comm": "ktstr-w0",
            "pid": 9,
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
