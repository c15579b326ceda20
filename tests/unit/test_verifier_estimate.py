"""How long a sweep will take is said at its start and while it runs, by what its cells took before."""

from __future__ import annotations

from pathlib import Path

import pytest
from verifier_data import a_cell, a_result

from ktstr.report.timings import CELLS, keep_timings, read_timings
from ktstr.verifier.estimate import Estimate, cells_s
from ktstr.verifier.record import case_of

CELL = a_cell("mine", "7.0", "tiny-1llc")
OTHER = a_cell("other", "7.0", "tiny-1llc")
LARGE = a_cell("mine", "7.0", "medium-8llc")


def test_a_cell_takes_as_long_as_it_took() -> None:
    assert cells_s([CELL, OTHER], {CELL.name: 7400, "verifier/gone": 1}) == {CELL.name: 7.4, OTHER.name: 2.0}


def test_the_first_cell_of_a_guest_boots_it() -> None:
    one, other, large = cells_s([CELL, OTHER, LARGE], {}).values()
    assert one > other == 2.0
    assert large > one


def test_the_start_says_how_many_and_how_long() -> None:
    assert Estimate({"a": 200.0, "b": 160.0}, 2).begin(fresh=True) == "2 cells: about 3 min"
    assert Estimate({"a": 20.0}, 1).begin(fresh=False) == (
        "1 cell: about 20 s, less for those whose results are remembered"
    )


def test_what_is_left_is_said_every_ten_seconds() -> None:
    now = [0.0]
    estimate = Estimate(
        cells_s([CELL, OTHER, LARGE], {one.name: 30_000 for one in (CELL, OTHER, LARGE)}), 2, lambda: now[0]
    )
    said = []
    for cell, at_s in ((CELL, 9.0), (LARGE, 12.0), (OTHER, 30.0)):
        now[0] = at_s
        said.append(estimate.done(a_result(cell)))
    assert said == ["", "... 2 of 3 done, about 15 s left", ""]


def test_what_a_cell_took_is_kept_apart_from_tests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KTSTR_RESULTS_DIR", raising=False)
    (tmp_path / "target" / "ktstr").mkdir(parents=True)
    keep_timings(tmp_path, [case_of(a_result(CELL, wall_s=2.5), seed=1)], CELLS)
    assert read_timings(tmp_path, CELLS) == {CELL.name: 2500}
    assert read_timings(tmp_path) == {}
