"""Shrinking: the rest still fails, needs every element, and keeps its order."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ktstr.run.shrink import shortest_prefix, shrink


def test_two_elements_that_fail_together_are_found_among_many() -> None:
    assert shrink(range(100), lambda some: {17, 71} <= set(some)) == [17, 71]


def test_a_failure_that_needs_no_element_keeps_none() -> None:
    assert shrink(range(100), lambda some: True) == []
    assert shrink([], lambda some: True) == []


def test_one_is_left_as_it_is() -> None:
    assert shrink(["a"], lambda some: len(some) == 1) == ["a"]


@settings(max_examples=40)
@given(st.integers(1, 60), st.data())
def test_exactly_the_needed_set_is_left(count: int, data: st.DataObject) -> None:
    needed = data.draw(st.sets(st.integers(0, count - 1)))
    assert shrink(range(count), lambda some: needed <= set(some), tries=10_000) == sorted(needed)


@settings(max_examples=40)
@given(st.integers(1, 40), st.data())
def test_the_rest_of_any_monotone_failure_fails_and_needs_every_element(
    count: int, data: st.DataObject
) -> None:
    """More never makes it pass: any of several sets is enough."""
    sets = data.draw(st.lists(st.sets(st.integers(0, count - 1), min_size=1), min_size=1, max_size=5))

    def fails(some: Sequence[int]) -> bool:
        return any(each <= set(some) for each in sets)

    left = shrink(range(count), fails, tries=10_000)
    assert fails(left)
    assert not any(fails([one for one in left if one != spared]) for spared in left)
    assert left == sorted(left)


@settings(max_examples=40)
@given(st.lists(st.booleans(), min_size=1, max_size=30), st.integers(0, 2**30))
def test_the_rest_fails_and_is_in_order_for_any_failure(items: list[bool], salt: int) -> None:
    """Even if fewer may pass and still fewer fail, as in a race whose timing each element shifts."""
    numbered = list(enumerate(items))

    def fails(some: Sequence[tuple[int, bool]]) -> bool:
        return list(some) == numbered or hash((salt, *some)) % 3 == 0

    left = shrink(numbered, fails)
    assert fails(left)
    assert left == [item for item in numbered if item in left]


def test_a_part_that_is_enough_by_itself_is_found_although_fewer_of_all_pass() -> None:
    """As in a race that each of the others shifts away."""
    assert shrink(range(20), lambda some: len(some) == 20 or list(some) == [13]) == [13]
    assert shrink(range(20), lambda some: len(some) == 20 or {5, 8} <= set(some) <= set(range(5, 10))) == [
        5,
        8,
    ]


@settings(max_examples=40)
@given(st.integers(1, 200), st.data())
def test_each_needed_element_takes_a_bisection_and_two_tries(count: int, data: st.DataObject) -> None:
    """A try is a run of seconds."""
    needed = data.draw(st.sets(st.integers(0, count - 1), max_size=3))
    tried = set()

    def fails(some: Sequence[int]) -> bool:
        tried.add(tuple(some))
        return needed <= set(some)

    shrink(range(count), fails, tries=10_000)
    assert len(tried) <= 1 + len(needed) * (count.bit_length() + 2)


@pytest.mark.parametrize("tries", [0, 1, 2, 10, 50])
def test_no_more_tries_are_made_than_allowed_and_the_rest_fails(tries: int) -> None:
    asked: list[Sequence[int]] = []
    needed = {3, 30, 60, 90}

    def fails(some: Sequence[int]) -> bool:
        asked.append(some)
        return needed <= set(some)

    left = shrink(range(100), fails, tries)
    assert len(asked) <= tries
    assert needed <= set(left)


@settings(max_examples=40)
@given(st.integers(1, 200), st.data())
def test_shortest_prefix_ends_with_what_made_it_fail_after_few_tries(count: int, data: st.DataObject) -> None:
    culprit = data.draw(st.integers(0, count - 1))
    tried = []

    def fails(some: Sequence[int]) -> bool:
        tried.append(len(some))
        return culprit in some

    assert shortest_prefix(range(count), fails) == list(range(culprit + 1))
    assert len(tried) <= count.bit_length()


@pytest.mark.parametrize("culprit", [0, 1, 17, 38, 39])
def test_a_right_guess_saves_the_bisection(culprit: int) -> None:
    tried = []

    def fails(some: Sequence[int]) -> bool:
        tried.append(len(some))
        return culprit in some

    assert shortest_prefix(range(40), fails, culprit + 1) == list(range(culprit + 1))
    assert len(tried) <= 2


@settings(max_examples=40)
@given(st.integers(1, 200), st.integers(-1, 300), st.data())
def test_a_wrong_guess_costs_two_tries(count: int, guess: int, data: st.DataObject) -> None:
    culprit = data.draw(st.integers(0, count - 1))
    tried = []

    def fails(some: Sequence[int]) -> bool:
        tried.append(len(some))
        return culprit in some

    assert shortest_prefix(range(count), fails, guess) == list(range(culprit + 1))
    assert len(tried) <= count.bit_length() + 2
    assert len(set(tried)) == len(tried)
