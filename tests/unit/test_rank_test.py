"""Mann-Whitney's test and Holm's correction, against every division of small lists, and against known numbers."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ktstr.compare import rank_test
from ktstr.compare.rank_test import ALPHA, holm, least_p, p_value, samples_needed

SMALL = st.lists(st.integers(0, 6), min_size=1, max_size=5)


def every_division(before: Sequence[int], after: Sequence[int]) -> float:
    """The p by its definition: all ways to choose who is `before`."""
    pool = [*before, *after]
    ranks = [
        Fraction(2 * sum(other < one for other in pool) + sum(other == one for other in pool) + 1, 2)
        for one in pool
    ]
    middle = Fraction(len(before) * (len(pool) + 1), 2)
    ours = abs(sum(ranks[: len(before)]) - middle)
    sums = [sum(chosen) for chosen in combinations(ranks, len(before))]
    return sum(abs(one - middle) >= ours for one in sums) / len(sums)


@given(SMALL, SMALL)
def test_it_is_exact_with_equal_numbers_too(before: list[int], after: list[int]) -> None:
    assert p_value(before, after) == pytest.approx(every_division(before, after))


@given(SMALL, SMALL)
def test_the_sides_may_change_places(before: list[int], after: list[int]) -> None:
    assert p_value(before, after) == pytest.approx(p_value(after, before))


@pytest.mark.parametrize(
    ("before", "after", "p"),
    [
        ([1, 2, 3], [4, 5, 6], 0.1),
        # Hollander and Wolfe, table 4.1: permeability of the chorioamnion; 0.2544 in R's wilcox.test.
        (
            [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46],
            [1.15, 0.88, 0.90, 0.74, 1.21],
            0.2544,
        ),
        ([7] * 8, [7] * 9, 1.0),
        (range(10), range(10, 20), 2 / 184756),
    ],
)
def test_known_numbers(before: Sequence[float], after: Sequence[float], p: float) -> None:
    assert p_value(before, after) == pytest.approx(p, abs=5e-5)


@pytest.mark.parametrize("ties", [1, 5])
def test_many_samples_are_approximated_well(ties: int, monkeypatch: pytest.MonkeyPatch) -> None:
    before = [number // ties for number in range(30)]
    after = [number // ties + 6 // ties for number in range(30)]
    exact = p_value(before, after)
    monkeypatch.setattr(rank_test, "_MOST_EXACT", 59)
    assert p_value(before, after) == pytest.approx(exact, rel=0.1)
    assert p_value([3.0] * 40, [3.0] * 40) == 1.0


def test_a_few_samples_cannot_show_anything() -> None:
    assert least_p(1, 1) == 1.0
    assert least_p(10, 10) == pytest.approx(p_value(range(10), range(10, 20)))
    assert [samples_needed(tests) for tests in (1, 26, 100, 1000)] == [5, 8, 9, 11]
    assert least_p(4, 4) > ALPHA >= least_p(5, 5)


def test_holm() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []
