"""The suite that looks for false alarms: its rows, its tables, and its page."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from cell import Cell, Record

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _suite(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its modules, with two rows of their own."""
    monkeypatch.syspath_prepend(ROOT / "tests" / "alarms")  # type: ignore[no-untyped-call, unused-ignore]


@pytest.fixture
def _two_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    import alarm_table
    import known

    rows = (
        known.Known("scx_*", "max_gap_ms", "it is a FIFO", ("forks", "steady"), kernels=("7.0.*",)),
        known.Known("eevdf", "max_share_error", "it balances late", topologies=("2n4l4c1t",), sometimes=True),
    )
    monkeypatch.setattr(known, "KNOWN", rows)
    monkeypatch.setattr(alarm_table, "KNOWN", rows)


def a_cell(scheduler: str = "scx_mine", scenario: str = "steady", topology: str = "2n4l4c1t") -> Cell:
    from cell import Cell

    return Cell(scheduler, scenario, topology, "7.0.13")


def a_record(cell: Cell, *checks: str) -> Record:
    from cell import Record

    return Record(cell, tuple((check, f"{check} of {cell.scenario}") for check in checks), 1.5, 2.5, 30.0)


@pytest.mark.usefixtures("_two_rows")
def test_a_row_is_of_the_cells_that_all_its_fields_have() -> None:
    from known import expected

    assert expected(a_cell()) == {"max_gap_ms": "it is a FIFO"}
    assert expected(a_cell(scenario="steady_llc")) == {}
    assert expected(a_cell("fixture")) == {}


@pytest.mark.usefixtures("_two_rows")
def test_what_is_an_accident_of_times_is_not_certain() -> None:
    from known import expected

    assert expected(a_cell("eevdf")) == {"max_share_error": "it balances late"}
    assert expected(a_cell("eevdf"), certainly=True) == {}
    assert expected(a_cell(), certainly=True) == {"max_gap_ms": "it is a FIFO"}


@pytest.mark.usefixtures("_two_rows")
def test_the_tables_say_what_is_known_and_what_is_not() -> None:
    from alarm_table import counts, violations

    several = [
        a_record(a_cell()),
        a_record(a_cell(scenario="forks"), "max_gap_ms"),
        a_record(a_cell(scenario="forks", topology="1n2l4c1t"), "max_gap_ms", "isolation", "isolation"),
    ]
    assert counts(several).splitlines()[1].split() == [
        *("scx_mine", "7.0.13", "3", "1", "1", "1", "2.5", "ms", "1.5", "%", "30.0", "ms")
    ]
    assert sorted(violations(several)) == [
        "scx_mine forks 1n2l4c1t 7.0.13 isolation: isolation of forks -- NOT KNOWN",
        "scx_mine forks 1n2l4c1t 7.0.13 max_gap_ms: max_gap_ms of forks -- known",
        "scx_mine forks 2n4l4c1t 7.0.13 max_gap_ms: max_gap_ms of forks -- known",
    ]


@pytest.mark.usefixtures("_two_rows")
def test_a_row_that_does_not_happen_is_told_for_each_cell() -> None:
    from alarm_table import missing

    several = [a_record(a_cell()), a_record(a_cell(scenario="forks"), "max_gap_ms")]
    assert list(missing(several)) == ["scx_mine steady 2n4l4c1t 7.0.13 max_gap_ms: did not happen"]


@pytest.mark.usefixtures("_two_rows")
def test_an_accident_must_happen_in_one_of_its_cells_if_all_were_run() -> None:
    from alarm_table import missing
    from unjudged import CANNED

    *most, last = [a_record(a_cell("eevdf", scenario)) for scenario in CANNED]
    assert list(missing(most)) == []
    assert len(list(missing([*most, last]))) == len(CANNED)
    assert list(missing([*most, a_record(last.cell, "max_share_error")])) == []


@pytest.mark.usefixtures("_two_rows")
@pytest.mark.parametrize(
    ("checks", "status"), [((), 1), (("max_gap_ms",), 0), (("max_gap_ms", "isolation"), 1)]
)
def test_the_status_says_whether_all_is_as_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checks: tuple[str, ...], status: int
) -> None:
    import alarm_table
    import cell

    folder = tmp_path / "alarms" / "cells"
    folder.mkdir(parents=True)
    monkeypatch.setattr(cell, "CELLS", folder)
    monkeypatch.setattr(alarm_table, "CELLS", folder)
    (folder / "one.json").write_text(json.dumps(asdict(a_record(a_cell(), *checks))))
    assert alarm_table.main() == status
    assert (folder.parent / "table.txt").is_file()


def test_each_row_is_of_a_scenario_a_topology_and_a_check_that_exist() -> None:
    from cell import TOPOLOGIES
    from known import KNOWN
    from unjudged import CANNED

    from ktstr.checks.registry import declared_checks

    checks = {check.name for check in declared_checks()}
    for row in KNOWN:
        assert row.why, row
        assert row.check in checks, row
        assert set(row.scenarios) <= {*CANNED, "*"}, row
        assert set(row.topologies) <= {*TOPOLOGIES, "*"}, row


def test_the_page_has_the_rows() -> None:
    from alarm_table import page_table

    assert page_table() in (ROOT / "docs" / "false-alarms.md").read_text()
