"""What the monitor's events become: a series for each quantity, by name."""

from __future__ import annotations

import json

import pytest
from monitor_data import MS, sampled

from ktstr.events import monitor
from ktstr.events.monitor import Samples, read_lacks, read_samples

ANSWER = {"errno": 0, "args": {"resp": {"nr": 3, "cpus": [{"busy": 0.5}], "on": True, "name": "x"}}}


def read(events: list[dict[str, object]]) -> Samples:
    found = read_samples(events)
    assert found is not None
    return found


def test_without_a_monitor_there_are_no_samples() -> None:
    assert read_samples([{"ev": "hold", "held_ns": 5}]) is None


def test_each_quantity_is_a_series() -> None:
    first = {"running": [1, 3], "local": [0, 1], "switches": [5, 6], "idle": [], "dsqs": [2, 0]}
    second = {
        "running": [1, 0],
        "local": [0, 0],
        "switches": [7, 6],
        "idle": [1],
        "claimable": [1],
        "dsqs": [0, 4],
    }
    found = read(sampled(first, second))
    assert (found.period_ns, found.cpus, found.at_ns, found.phases) == (
        10 * MS,
        2,
        (10 * MS, 20 * MS),
        ("", ""),
    )
    assert found.series == {
        "runnable": (4, 1),
        "idle_cpus": (0, 1),
        "queued": (3, 4),
        "cpu0.runnable": (1, 1),
        "cpu1.runnable": (3, 0),
        "cpu0.local_dsq": (0, 0),
        "cpu1.local_dsq": (1, 0),
        "cpu0.switches": (5, 7),
        "cpu1.switches": (6, 6),
        "cpu0.idle": (0, 0),
        "cpu1.idle": (0, 1),
        "cpu0.claimable": (None, 0),
        "cpu1.claimable": (None, 1),
        "dsq0.depth": (2, 0),
        "dsq7.depth": (0, 4),
    }


def test_columns_have_the_names_that_were_reported_once() -> None:
    columns = ("variable nr_queued", "event SCX_EV_BYPASS_ACTIVATE", "cg/cpu.stat usage_usec")
    found = read(
        sampled({"values": [2**64 - 1, 5, 0], "missing": [2]}, {"values": [3, 6, 9]}, columns=columns)
    )
    assert found.series["nr_queued"] == (-1, 3)
    assert found.series["event.SCX_EV_BYPASS_ACTIVATE"] == (5, 6)
    assert found.series["cg/cpu.stat.usage_usec"] == (None, 9)


def test_dsqs_that_come_and_go_have_gaps() -> None:
    events = sampled({"dsqs": [1, 2]}, {"dsqs": [5]})
    events.insert(-1, {"ev": "monitor_dsqs", "ids": [9], "more": 0})
    found = read(events).series
    assert (found["dsq0.depth"], found["dsq9.depth"]) == ((1, None), (None, 5))


def test_the_schedulers_own_statistics_are_numbers_by_path() -> None:
    events = sampled({}, {})
    events.insert(-1, {"ev": "stats", "text": json.dumps(ANSWER)})
    found = read(events).series
    assert found["stats.nr"] == (None, 3)
    assert (found["stats.cpus.0.busy"][1], found["stats.on"][1]) == (0.5, 1)
    assert "stats.name" not in found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no JSON",
        "[]",
        '{"errno": 22, "args": {"resp": "unknown command"}}',
        '{"errno": 0}',
        '{"errno": 0, "args": {"resp": {"nan": NaN, "huge": 1e300}}}',
        "[" * 100_000,
    ],
)
def test_an_answer_that_is_none_has_no_numbers(text: str) -> None:
    events = sampled({})
    events.insert(-1, {"ev": "stats", "text": text})
    assert not [name for name in read(events).series if name.startswith("stats.")]


def test_samples_belong_to_the_phase_they_are_in() -> None:
    events = [{"ev": "phase", "name": "one"}, *sampled({}), {"ev": "phase", "name": "two"}, *sampled({}, {})]
    found = read(events)
    assert found.phases == ("one", "two", "two")
    assert len(found.of_phase("two").at_ns) == 2
    assert found.of_phase("two").series["runnable"] == (3, 3)


def test_lists_of_another_length_than_they_should_have_are_cut() -> None:
    found = read(sampled({"running": [1, 2, 3], "dsqs": [1, 2, 3], "values": [1]}))
    assert "cpu2.runnable" not in found.series
    assert len([name for name in found.series if name.startswith("dsq")]) == 2


def test_a_variable_that_is_found_later_is_not_lacking() -> None:
    lacks = [{"ev": "monitor_lacks", "name": name, "why": "no such variable"} for name in ("a", "b")]
    assert read_lacks([*lacks, *sampled({}, columns=("variable a",))]) == {"b": "no such variable"}


def test_a_guest_that_lies_costs_no_more_than_one_that_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor, "MOST_SAMPLES_OF_CPUS", 8)
    monkeypatch.setattr(monitor, "_MOST_NUMBERS", 20)
    found = read(sampled(*[{"idle": [], "claimable": []}] * 9, cpus=4))
    assert (len(found.at_ns), len(found.series)) == (2, 10)
