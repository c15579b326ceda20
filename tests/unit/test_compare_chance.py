"""Of equal sides something is found as rarely as is promised; a planted difference always is."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import pytest
from recorded_runs import BEFORE, recorded

from ktstr.compare.difference import Comparison, compared
from ktstr.compare.samples import cases_of

SEEDS = 10
METRICS = 40
PLANTED = "metric7"


def side(draw: random.Random, slower: float = 1.0) -> list[Mapping[str, Any]]:
    """A test with ten seeds, and forty metrics with tails as long as those of latencies; one may be slower."""
    one = {**recorded(BEFORE, "7.0.13")[0], "test": "busy"}
    return [{**one, "seed": seed, "runs": [run(draw, slower)]} for seed in range(SEEDS)]


def run(draw: random.Random, slower: float) -> Mapping[str, Any]:
    numbers = {f"metric{number}": draw.lognormvariate(1.0, 0.2) for number in range(METRICS)}
    numbers[PLANTED] *= slower
    records = [
        {"name": name, "value": value, "unit": "ms", "better": "lower"} for name, value in numbers.items()
    ]
    return {"guest": {"workers": [], "phases": []}, "recorded": records}


def comparison(trial: int, slower: float) -> Comparison:
    draw = random.Random(trial)
    return compared(cases_of(side(draw)), cases_of(side(draw, slower)), {})


def test_a_hundred_comparisons_of_equal_sides_find_something_about_once() -> None:
    alarms = [trial for trial in range(100) if comparison(trial, 1.0).status]
    assert len(alarms) <= 3


@pytest.mark.parametrize("trial", range(100, 120))
def test_a_test_that_takes_three_times_as_long_is_found_with_every_draw(trial: int) -> None:
    found = comparison(trial, 3.0)
    assert [one.name for one in found.differences if one.result == "worse"] == [PLANTED]
