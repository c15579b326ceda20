"""A run with drawn operations that fails is run with fewer of them until those are left that it takes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_executor import FakeExecutor, recorded
from run_data import a_test, build_nothing
from test_steps import Often
from vm_stand_in import a_job

from ktstr import CgroupDef, Checks, Ctx, Scheduler, Step, VerdictFailed
from ktstr.base.topology import Topology
from ktstr.vm.job import VmJob
from ktstr.vm.result import VmResult

MINE = Scheduler(name="mine", bpf=Path("mine.bpf.c"))
LOOSE = Checks(max_spread_pct=False, max_gap_ms=False, isolation=False)
HOLD_S, TIMES = 2.0, 16
Make = Callable[..., Ctx]


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Make:
    """Makes a context whose scheduler is not built."""
    monkeypatch.setenv("KTSTR_CACHE_DIR", str(tmp_path / "cache"))
    kernel = a_job(tmp_path).kernel
    build_nothing(monkeypatch, tmp_path)
    (tmp_path / "results").mkdir()

    def make(executor: FakeExecutor, clock: str = "virtual") -> Ctx:
        test = a_test(scheduler=MINE, topology=Topology(1, 1, 4, 1), auto_repro=False)
        return Ctx(test, kernel, clock, 1, tmp_path / "results" / "mine", executor=executor)

    return make


def section(ctx: Ctx) -> list[str]:
    """The lines on the operations in the text of a run that has to fail."""
    with pytest.raises(VerdictFailed) as failed:
        ctx.run(
            CgroupDef("cg", 2), CgroupDef("a", 1), steps=(Step("s", Often(TIMES), hold=HOLD_S),), checks=LOOSE
        )
    return str(failed.value).partition("--- operations ---\n")[2].partition("\n\n")[0].splitlines()


def times(job: VmJob) -> set[int]:
    """The numbers of the drawn operations that are in a job."""
    at = (line.split() for line in job.plan.splitlines() if line.startswith("at "))
    return {round(int(words[1]) / 1e9 * TIMES / HOLD_S) for words in at}


@pytest.mark.parametrize(
    ("needed", "first"),
    [
        (set(), "it fails without any of the 16"),
        ({7}, "it takes 1 of 16:"),
        ({3, 11}, "it takes 2 of 16:"),
        ({0, 5, 15}, "it takes 3 of 16:"),
    ],
    ids=str,
)
def test_what_is_left_is_what_it_takes(make: Make, needed: set[int], first: str) -> None:
    def answer(job: VmJob) -> VmResult:
        return recorded("starved" if needed <= times(job) else "passed")

    lines: list[Any] = section(make(FakeExecutor(answer)))
    assert lines[0] == first
    assert [line.partition("at ")[2].partition(" s:")[0] for line in lines[1:]] == [
        f"{number * HOLD_S / TIMES:g}" for number in sorted(needed)
    ]


def test_with_the_real_clock_nothing_is_left_out(make: Make) -> None:
    executor = FakeExecutor(recorded("starved"), clock="real")
    assert section(make(executor, "real")) == []
    assert len(executor.jobs) == 1
