"""Shrinking the stops of a failed run: the last one first, then the others, then their lengths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from ktstr.checks.verdict import RunReport
from ktstr.checks.violation import Violation
from ktstr.instrument.explored import Explored, Stop
from ktstr.instrument.interleaving import Interleaving, SwitchPoint
from ktstr.instrument.parts import Owner
from ktstr.instrument.programs import Function, Place
from ktstr.instrument.stood import Stood, stood_still
from ktstr.report.stops import stop_lines
from ktstr.run import needed_stops
from ktstr.run.interleaved import interleaving_for
from ktstr.run.needed_stops import shortened
from ktstr.run.shrink_time import ShrinkTime

POINTS = tuple(SwitchPoint(block, 1 + block % 3, block % 2 * 5, 1_000_000) for block in range(1, 101))


class Guest:
    """Runs without a guest: a run fails if it has the needed blocks, each for at least `least_ns`."""

    def __init__(self, *needed: int, least_ns: int = 0) -> None:
        self.needed = set(needed)
        self.least_ns = least_ns
        self.runs: list[tuple[SwitchPoint, ...]] = []

    def __call__(self, run: Any, folder: Path) -> tuple[None, RunReport]:
        points = run.interleaving.points
        self.runs.append(points)
        blocks = {point.block for point in points if point.ns >= self.least_ns}
        return None, report(points, failed=self.needed <= blocks)


@dataclass(frozen=True)
class Run:
    """Stands in for a ScenarioRun, of which nothing else is looked at."""

    interleaving: Interleaving | None


def report(points: Sequence[SwitchPoint], *, failed: bool) -> Any:
    class Report:
        violations = (Violation("max_gap_ms", "waited"),) if failed else ()
        explored = Explored(tuple(Stop(one, 1, 0, 5, 0, 0) for one in points), (), frozenset(), (), {})

    return Report()


def few_of(guest: Guest, monkeypatch: pytest.MonkeyPatch, seconds: float = 60.0) -> Any:
    monkeypatch.setattr(needed_stops, "stood_in_run", lambda _run, explored: tuple(explored.stops))
    time = ShrinkTime(seconds, Path("/dev/null/nowhere"), now=lambda: 0.0)
    run: Any = Run(Interleaving(POINTS))
    runner: Any = guest
    return needed_stops.needed_stops(runner, run, Path("x"), report(POINTS, failed=True), time)


def blocks(needed: Any) -> list[int]:
    return [point.block for point in needed.points]


@pytest.mark.parametrize("of", [(57,), (3, 98), (1, 50, 100)])
def test_the_needed_ones_are_left(of: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    needed = few_of(Guest(*of), monkeypatch)
    assert blocks(needed) == list(of)
    assert (needed.tried, needed.unfinished) == (100, "")


def test_one_that_matters_takes_a_bisection_and_its_length(monkeypatch: pytest.MonkeyPatch) -> None:
    guest = Guest(57, least_ns=100_000)
    needed = few_of(guest, monkeypatch)
    assert needed.points == (SwitchPoint(57, 1, 0, 250_000),)
    assert len(guest.runs) < 16


def test_a_failure_that_needs_no_stop_keeps_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert few_of(Guest(), monkeypatch).points == ()


def test_without_time_all_are_left_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    needed = few_of(Guest(57), monkeypatch, seconds=0.0)
    assert len(needed.points) == 100
    assert needed.unfinished.startswith("not shrunk")


def test_lengths_and_skips_are_made_simple_if_that_still_fails() -> None:
    one, other = SwitchPoint(1, 1, 5, 64_000), SwitchPoint(2, 1, 5, 9_000)

    def fails(some: Sequence[SwitchPoint]) -> bool:
        return some[0].ns >= 4_000 and some[1].skip == 5

    assert shortened([one, other], fails) == [replace(one, ns=4_000, skip=0), replace(other, ns=2_250)]


def test_an_interleaving_is_for_all_runs_or_each_has_its_own() -> None:
    one = Interleaving(POINTS[:1])
    assert [interleaving_for(one, number) for number in (1, 2)] == [one, one]
    assert [interleaving_for([None, one], number) for number in (1, 2, 3)] == [None, one, None]
    assert interleaving_for(None, 1) is None


def test_stops_are_told_in_source_lines() -> None:
    owner = Owner(4, True, 1, 0, 0, 0x1000, 0x1100, "bpf_prog_1_mine_enqueue")
    places = (Place(0x1000, "./mine.bpf.c", 20, 1), Place(0x1010, "./mine.bpf.c", 31, 1))
    function = Function(owner, "mine_enqueue", 0, 27, b"", places)
    reached = Stop(SwitchPoint(9, 1, 0, 41_200), 7, 2, 123_456_000, 0x1014, 4)
    later = Stop(SwitchPoint(9, 2, 0, 2_500_000), 8, 0, 130_000_000, 0, 2**32 - 1)
    never = Stop(SwitchPoint(9, 3, 0, 1), 9, 2, 0, 0, 0)
    stood = stood_still(
        Explored((reached, later, never), (), frozenset(), (), {}), [function], lambda _file: ""
    )
    assert stood[0] == Stood(reached.point, 2, 123_456_000, "mine_enqueue", "mine.bpf.c", 31)
    assert stop_lines(stood, 40, "") == [
        "it takes 2 of 40:",
        "  at   123.456 ms  CPU   2 stood still for 41.2 us at mine.bpf.c:31 (mine_enqueue)",
        "  at   130.000 ms  CPU   0 stood still for 2.500 ms at the end of its callback",
    ]
