"""The recorded censuses: of every canned scenario, complete, and what docs/scenarios.md shows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from census_record import COVER, OUT_OF_REACH, RECORDED, Census, read_census

from ktstr import scenarios

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "scenarios.md"
COUNTER = TESTS / "guest" / "census" / "census.bpf.c"
RECORDS = [read_census(path) for path in sorted(RECORDED.glob("*.json"))]
on_each_kernel = pytest.mark.parametrize("census", RECORDS, ids=lambda census: census.kernel)


def test_there_is_one_of_7_0_and_one_of_7_3() -> None:
    assert [census.kernel.rpartition(".")[0] for census in RECORDS] == ["7.0", "7.3"]


@on_each_kernel
def test_every_canned_scenario_was_counted(census: Census) -> None:
    assert sorted([*census.counts, "Runner"]) == sorted(scenarios.__all__)


@on_each_kernel
def test_every_callback_and_flag_is_reached_or_it_is_said_why_not(census: Census) -> None:
    assert census.never() == []


@on_each_kernel
def test_what_is_said_to_be_out_of_reach_is(census: Census) -> None:
    assert [row for row in OUT_OF_REACH if census.reached_by(row)] == []


def test_what_is_out_of_reach_is_a_callback_or_flag_of_a_kernel() -> None:
    assert set(OUT_OF_REACH) <= {row for census in RECORDS for row in census.rows}


def rare(census: Census, names: Sequence[str]) -> list[str]:
    """The rows that `names` reach less than five times, although another scenario does so more than twice as often.

    A change of the agent moves every event a little: what happened once may then not happen.
    """
    found = []
    for row in census.rows:
        reached = census.reached_by(row)
        often = max((reached.get(name, 0) for name in names), default=0)
        if often < min(5, max(reached.values(), default=0) / 2):
            found.append(row)
    return found


@on_each_kernel
def test_a_few_scenarios_reach_all_that_any_does(census: Census) -> None:
    assert rare(census, COVER) == []


@pytest.mark.parametrize("name", COVER)
def test_each_of_them_is_needed(name: str) -> None:
    others = [one for one in COVER if one != name]
    assert any(rare(census, others) for census in RECORDS)


@on_each_kernel
def test_the_scheduler_counts_every_callback_that_it_can_have(census: Census) -> None:
    counted = set(re.findall(r"\bOP\((\w+)\)", COUNTER.read_text())) - {"name"}
    assert counted <= set(census.callbacks)
    assert set(census.callbacks) - counted <= set(OUT_OF_REACH)


@on_each_kernel
def test_the_page_shows_what_the_session_printed(census: Census) -> None:
    shown = "".join(f"    {line}\n" for line in census.table().splitlines())
    assert shown in PAGE.read_text()


@on_each_kernel
def test_a_line_of_it_fits_a_terminal(census: Census) -> None:
    assert max(map(len, census.table().splitlines())) <= 100


SMALL = Census(
    "7.0",
    "1n1l2c1t",
    0.2,
    ("init", "yield", "core_sched_before"),
    ("ENQ_HEAD",),
    {"steady": {"init": 1, "yield": 3}, "forks": {"init": 1}, "oversubscribed": {"init": 1, "yield": 20}},
)


def test_a_table_has_the_scenarios_that_reach_most_and_the_reason_for_what_none_reaches() -> None:
    assert SMALL.table().splitlines() == [
        "7.0: 3 scenarios of 0.2 s on 1n1l2c1t",
        "callback or flag      scenarios  most often in, and how often there",
        "init                          3  forks 1, oversubscribed 1",
        "yield                         2  oversubscribed 20, steady 3",
        "not core_sched_before: these kernels have no CONFIG_SCHED_CORE",
        "not ENQ_HEAD: NEVER REACHED",
    ]


def test_what_is_missing_is_named() -> None:
    assert SMALL.never() == ["ENQ_HEAD"]
    assert SMALL.never(["forks"]) == ["yield", "ENQ_HEAD"]


def test_a_census_is_read_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "one.json").write_text(SMALL.text())
    assert read_census(tmp_path / "one.json") == SMALL
