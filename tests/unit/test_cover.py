"""The choice of what to run in a budget of time: within it, the same every time, and nearly the best there is."""

from __future__ import annotations

import random
from itertools import combinations

import pytest

from ktstr.plugin.cover import Variant, cover_of, pick


def variants(seed: int, count: int, values: int = 4) -> list[Variant]:
    """Some variants on three axes and seeds, with costs that differ up to twentyfold."""
    rng = random.Random(seed)
    return [
        Variant(
            f"v{number}",
            rng.randint(1_000, 20_000),
            tuple((axis, str(rng.randrange(values))) for axis in ("test", "kernel", "preset", "seed")),
        )
        for number in range(count)
    ]


def exact(some: list[Variant], budget_ms: int) -> int:
    """The most that any choice within the budget covers."""
    return max(
        cover_of(choice)
        for size in range(len(some) + 1)
        for choice in combinations(some, size)
        if sum(one.cost_ms for one in choice) <= budget_ms
    )


@pytest.mark.parametrize("seed", range(40))
def test_a_choice_covers_nearly_what_the_best_one_does(seed: int) -> None:
    some = variants(seed, 9)
    budget_ms = random.Random(seed).randint(15_000, 70_000)
    chosen = pick(some, budget_ms).chosen
    assert cover_of(chosen) >= 0.95 * exact(some, budget_ms)


@pytest.mark.parametrize("lanes", [1, 3])
def test_a_choice_of_many_stays_within_the_budget(lanes: int) -> None:
    some = variants(1, 1_000, values=12)
    found = pick(some, 600_000, lanes)
    assert 0.99 * 600_000 * lanes < found.cost_ms <= 600_000 * lanes
    assert sorted(one.name for one in (*found.chosen, *found.left)) == sorted(one.name for one in some)


def test_a_choice_of_many_covers_every_value() -> None:
    some = variants(1, 1_000, values=12)
    values = {value for one in some for value in one.axes}
    assert {value for one in pick(some, 600_000).chosen for value in one.axes} == values


def test_the_order_does_not_matter() -> None:
    some = variants(2, 60)
    names = {one.name for one in pick(some, 100_000).chosen}
    assert {one.name for one in pick(some[::-1], 100_000).chosen} == names


def test_what_was_chosen_keeps_its_order() -> None:
    some = variants(3, 40)
    found = pick(some, 100_000)
    assert [one for one in some if one in found.chosen] == list(found.chosen)


def test_there_is_time_for_everything() -> None:
    some = variants(4, 12)
    assert pick(some, sum(one.cost_ms for one in some)).left == ()


def test_time_that_is_left_is_used() -> None:
    """Once all is covered, variants that add nothing run in the rest of the time."""
    some = [Variant(f"v{number}", 10, (("test", "a"), ("kernel", "7.0"))) for number in range(9)]
    assert len(pick(some, 55).chosen) == 5


def test_nothing_fits() -> None:
    some = variants(5, 5)
    assert pick(some, 10).chosen == ()


def test_one_that_takes_longer_than_the_budget_does_not_run_beside_others() -> None:
    some = [Variant("long", 90, (("test", "a"),)), Variant("short", 50, (("test", "b"),))]
    assert [one.name for one in pick(some, 60, lanes=4).chosen] == ["short"]


def test_a_test_comes_before_a_pair() -> None:
    axes = (("test", "a"), ("preset", "p"), ("kernel", "k"))
    some = [
        Variant("first", 10, axes),
        Variant("another seed", 10, (*axes, ("seed", "2"))),
        Variant("another test", 10, (("test", "b"), *axes[1:])),
    ]
    assert {one.name for one in pick(some, 20).chosen} >= {"another test"}
