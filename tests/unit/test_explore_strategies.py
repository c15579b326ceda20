"""Strategies: what they choose is a function of the seed, within their bounds."""

from itertools import pairwise

import pytest

from ktstr.base.errors import KtstrError
from ktstr.explore.strategy import Known, chosen_by, strategies

KNOWN = Known(cpus=4, entries=900)
SEEDS = range(40)


def test_there_is_a_strategy_in_each_file() -> None:
    assert list(strategies()) == ["burst", "pct", "rare", "stall"]
    assert all(one.about and one.name == name for name, one in strategies().items())


@pytest.mark.parametrize("name", ["pct", "rare", "stall"])
def test_the_seed_alone_decides(name: str) -> None:
    chosen = [chosen_by(name, seed, KNOWN) for seed in SEEDS]
    assert chosen == [chosen_by(name, seed, KNOWN) for seed in SEEDS]
    assert len({str(one.interleaving) for one in chosen}) == len(SEEDS)


def test_pct_has_one_to_three_points_within_the_run() -> None:
    runs = [chosen_by("pct", seed, KNOWN).interleaving for seed in SEEDS]
    assert {len(run.points) for run in runs if run} == {1, 2, 3}
    points = [point for run in runs if run for point in run.points]
    assert all(1 <= point.entry <= 900 for point in points)
    assert all(one.entry < two.entry for run in runs if run for one, two in pairwise(run.points))
    assert {point.skip == 0 for point in points} == {True, False}


def test_pct_needs_no_more_points_than_a_run_has_entries() -> None:
    run = chosen_by("pct", 1, Known(cpus=1, entries=1)).interleaving
    assert run is not None
    assert run.points


def test_stalls_are_of_a_cpu_of_the_guest_or_of_any() -> None:
    runs = [chosen_by("stall", seed, KNOWN).interleaving for seed in SEEDS]
    of_cpus = {run.draws.of_cpus for run in runs if run and run.draws}
    assert of_cpus == {(), (0,), (1,), (2,), (3,)}
    large = [chosen_by("stall", seed, Known(cpus=256)).interleaving for seed in SEEDS]
    assert all(cpu < 64 for run in large if run and run.draws for cpu in run.draws.of_cpus)


def test_bursts_are_those_of_the_runs_seed() -> None:
    chosen = chosen_by("burst", 1, KNOWN)
    assert (chosen.interleaving, chosen.perturb) == (None, True)


def test_an_unknown_strategy_is_refused() -> None:
    with pytest.raises(KtstrError) as refused:
        chosen_by("luck", 1, KNOWN)
    assert str(refused.value) == "strategy 'luck': must be one of burst, pct, rare, stall"
