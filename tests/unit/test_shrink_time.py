"""Shrinking has a clock of its own: it ends a search early, says so, and decides nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from fake_executor import FakeExecutor
from hypothesis import given, settings
from hypothesis import strategies as st
from run_data import a_run
from test_ctx_perturbed import ALL, LOOSE, Make, in_plan, make, result_of, section
from vm_stand_in import a_job

from ktstr import CgroupDef, Ctx, VerdictFailed
from ktstr.checks.verdict import RunReport
from ktstr.events.phase import NeededOperations
from ktstr.events.report import Needed
from ktstr.report.failure import perturbation_table
from ktstr.report.phases import needed_lines
from ktstr.report.run_record import shrunk_records
from ktstr.run.execute import judged
from ktstr.run.hooks import NoHooks
from ktstr.run.search import Search
from ktstr.run.shrink import shrink
from ktstr.run.shrink_time import ShrinkTime
from ktstr.vm.job import VmJob
from ktstr.vm.result import VmResult

__all__ = ["make"]  # the fixture


@dataclass
class Clock:
    """A clock that stands still until it is set on."""

    now_s: float = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def reports(tmp_path: Path) -> tuple[RunReport, RunReport]:
    """A run that failed, and one that passed."""
    run, job = a_run(tmp_path, limits=LOOSE), a_job(tmp_path)
    failed, passed = (judged(run, result_of(job, fails)) for fails in (True, False))
    assert failed.violations
    assert not passed.violations
    return failed, passed


def found(
    reports: tuple[RunReport, RunReport],
    needed: set[int],
    seconds: float,
    takes_s: float,
    folder: Path,
) -> tuple[tuple[int, ...], str, list[tuple[int, ...]]]:
    """What a search among 40 numbers comes to if a run takes so long, why it ended, and its runs."""
    clock = Clock()
    asked: list[tuple[int, ...]] = []

    def run_with(some: tuple[int, ...]) -> RunReport:
        asked.append(some)
        clock.now_s += takes_s
        return reports[0] if needed <= set(some) else reports[1]

    search = Search(range(40), reports[0], run_with, ShrinkTime(seconds, folder / "shrinking.txt", clock))
    few = search.until_time_is_up(lambda: shrink(search.items, search.fails, 1000))
    return few, search.unfinished, asked


def test_with_time_enough_the_search_comes_to_its_end(
    reports: tuple[RunReport, RunReport], tmp_path: Path
) -> None:
    few, unfinished, _ = found(reports, {7, 31}, 1000, 3, tmp_path)
    assert (few, unfinished) == ((7, 31), "")


def test_when_time_is_up_what_failed_with_fewest_is_kept_and_said(
    reports: tuple[RunReport, RunReport], tmp_path: Path
) -> None:
    few, unfinished, asked = found(reports, {7, 31}, 30, 3, tmp_path)
    assert {7, 31} <= set(few)
    assert 2 < len(few) < 40
    assert unfinished == "not shrunk to the end: its 30 s were up after 10 runs (--shrink-seconds)"
    assert len(asked) == 10
    assert (tmp_path / "shrinking.txt").read_text() == f"{len(few)} of 40 left, run 11"


def test_a_run_that_would_end_too_late_is_not_begun(
    reports: tuple[RunReport, RunReport], tmp_path: Path
) -> None:
    assert len(found(reports, {7}, 60, 25, tmp_path)[2]) == 2


def test_without_any_time_nothing_runs(reports: tuple[RunReport, RunReport], tmp_path: Path) -> None:
    few, unfinished, asked = found(reports, {7}, 0, 1, tmp_path)
    assert (len(few), unfinished, asked) == (
        40,
        "not shrunk: no time was given for it (--shrink-seconds)",
        [],
    )
    assert not list(tmp_path.glob("shrinking.txt"))


def test_less_time_makes_the_same_runs_as_far_as_it_goes(
    reports: tuple[RunReport, RunReport], tmp_path: Path
) -> None:
    """So a later run, for which these are remembered, goes on where an earlier one ended."""

    @settings(max_examples=40, deadline=None)
    @given(st.sets(st.integers(0, 39), min_size=1, max_size=4), st.integers(0, 100))
    def check(needed: set[int], seconds: int) -> None:
        whole, _, all_asked = found(reports, needed, 10_000, 1, tmp_path)
        few, unfinished, asked = found(reports, needed, seconds, 1, tmp_path)
        assert asked == all_asked[: len(asked)]
        assert needed <= set(few)
        assert few == whole or unfinished

    check()


# In a test's run


def test_the_time_up_is_one_line_of_the_failure_and_a_field_of_its_record(make: Make) -> None:
    wanted = {ALL[index].at_ns for index in (0, 5, 19)}

    def answer(job: VmJob) -> VmResult:
        return result_of(job, wanted <= {at for _, at, _ in in_plan(job)})

    executor = FakeExecutor(answer)
    ctx = make(executor, auto_repro=False, shrink_s=0)
    lines = section(ctx, hold_s=0.5, checks=LOOSE)
    assert lines == ["20, not shrunk: no time was given for it (--shrink-seconds)"]
    assert len(executor.jobs) == 1
    assert ctx.runs[0]["shrunk"] == [
        {
            "what": "perturbations",
            "left": 20,
            "of": 20,
            "unfinished": "not shrunk: no time was given for it (--shrink-seconds)",
        }
    ]


class Before(NoHooks):
    """Says that another seed failed before."""

    def why_not_shrunk(self, ctx: Ctx, check: str) -> str:
        return f"seed 7 failed {check} before"


def test_what_another_seed_has_shown_is_not_shrunk_again(make: Make) -> None:
    executor = FakeExecutor(lambda job: result_of(job, True))
    ctx = make(executor, auto_repro=False, hooks=Before())
    assert section(ctx, hold_s=0.5, checks=LOOSE) == ["20, not shrunk: seed 7 failed not_stuck before"]
    assert len(executor.jobs) == 1


def test_once_is_one_run(make: Make) -> None:
    executor = FakeExecutor(lambda job: result_of(job, True))
    assert section(make(executor, once=True), hold_s=0.5, checks=LOOSE)[0].startswith("20, not shrunk")
    assert len(executor.jobs) == 1


def test_the_failure_is_told_before_further_runs(make: Make) -> None:
    told: list[str] = []

    def answer(job: VmJob) -> VmResult:
        folder = executor.folders[0]
        told.append((folder / "verdict.txt").read_text() if (folder / "verdict.txt").exists() else "")
        return result_of(job, True)

    executor = FakeExecutor(answer)
    ctx = make(executor)
    ctx.artifacts.mkdir()
    (ctx.artifacts / "run-1").mkdir()  # as the executor of real guests does
    with pytest.raises(VerdictFailed) as failed:
        ctx.run(CgroupDef("cg", 2), hold_s=0.5, checks=LOOSE)
    assert told[0] == ""
    assert len(told) > 1
    assert set(told[1:]) == {str(failed.value).splitlines()[0].removeprefix("BUG SUMMARY: ")}


# What is said

UP = "not shrunk to the end: its 60 s were up after 12 runs (--shrink-seconds)"


def test_what_is_left_is_an_upper_bound_in_the_text() -> None:
    assert needed_lines(NeededOperations(("a", "b"), 9)) == ["it takes 2 of 9:", "  a", "  b"]
    assert needed_lines(NeededOperations(("a", "b"), 9, UP)) == [
        f"at most 2 of 9, {UP}:",
        "  a",
        "  b",
    ]
    many = needed_lines(NeededOperations(tuple("abcdefghijklmnop"), 99, UP))
    assert (len(many), many[-1]) == (14, "  and 4 more")
    assert perturbation_table(Needed((), 40)) == ["it fails without any of the 40"]


def test_the_record_has_both() -> None:
    assert shrunk_records(None, None) == []
    assert [
        (one["what"], one["left"], one["of"], one["unfinished"])
        for one in shrunk_records(NeededOperations(("a",), 9, UP), Needed((), 40))
    ] == [("operations", 1, 9, UP), ("perturbations", 0, 40, None)]
