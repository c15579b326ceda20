"""Perturbations: what a seed means is the same on every machine and in every version of Python."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ktstr.base.topology import Topology
from ktstr.scenario.perturb import Perturbation, aimed, only, perturbations
from ktstr.scenario.plan import scenario_plan
from ktstr.scenario.scenario import Scenario

EIGHT = Topology(1, 2, 4, 1)


def test_a_seed_means_these_perturbations_everywhere() -> None:
    """A recorded seed has to fail again: if this changes, no seed replays any more."""
    assert perturbations(7, EIGHT, 0.1) == (
        Perturbation(at_ns=5_819_101, cpu=2, ns=45_956),
        Perturbation(at_ns=17_763_346, cpu=5, ns=77_743),
        Perturbation(at_ns=49_679_892, cpu=7, ns=173_494),
        Perturbation(at_ns=97_644_768, cpu=3, ns=1_167_741),
    )


@pytest.mark.parametrize(("hold_s", "count"), [(0.001, 1), (0.5, 20), (1, 40), (10, 400), (60, 400)])
def test_there_are_40_a_second_and_400_at_most(hold_s: float, count: int) -> None:
    assert len(perturbations(1, EIGHT, hold_s)) == count


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(1, 64), st.floats(0.001, 5))
def test_all_are_in_the_hold_on_existing_cpus_and_in_order(seed: int, cores: int, hold_s: float) -> None:
    some = perturbations(seed, Topology(1, 1, cores, 1), hold_s)
    assert all(0 <= one.at_ns < hold_s * 1e9 and one.cpu in range(cores) for one in some)
    assert all(20_000 <= one.ns <= 2_000_000 for one in some)
    assert all(one.at_ns <= other.at_ns for one, other in pairwise(some))


def test_seeds_differ_and_many_of_them_cover_all_cpus_and_lengths() -> None:
    many = [perturbations(seed, EIGHT, 1) for seed in range(20)]
    assert len(set(many)) == 20
    every = [one for some in many for one in some]
    assert {one.cpu for one in every} == set(range(8))
    for shortest, longest in ((20_000, 200_000), (200_000, 2_000_000)):
        assert sum(shortest <= one.ns < longest for one in every) > len(every) / 3


def test_a_perturbation_is_a_line_of_the_plan() -> None:
    some = [Perturbation(at_ns=12_345, cpu=3, ns=20_000)]
    text = scenario_plan(Scenario(hold_s=1, trace=True), EIGHT, perturbations=some)
    assert text == "trace\nperturber\nperturb 3 12345 20000\nhold 1000000000\n"


def test_with_fewer_the_plan_stays_as_long() -> None:
    """The moment at which the hold begins depends on how long the guest reads."""
    every = perturbations(1, EIGHT, 1.0)

    def plan(some: Sequence[Perturbation]) -> list[str]:
        return scenario_plan(Scenario(hold_s=1), EIGHT, perturbations=some).splitlines()

    assert only(every, every) == every
    for some in ((), every[:1], every[3:9], (every[-1],)):
        fewer = only(some, every)
        assert tuple(one for one in fewer if one.ns) == tuple(some)
        assert len(plan(fewer)) == len(plan(every))


def test_with_none_left_the_perturber_stays() -> None:
    """Its processes are part of the guest's course, so shrinking must not take them away."""
    some = scenario_plan(Scenario(hold_s=1), EIGHT, perturbations=[])
    none = scenario_plan(Scenario(hold_s=1), EIGHT)
    assert (some, none) == ("perturber\nhold 1000000000\n", "hold 1000000000\n")


def test_one_is_aimed_at_the_point_of_a_time_slice_that_it_hit_before() -> None:
    one = Perturbation(at_ns=500_000_000, cpu=3, ns=20_000)
    earlier = aimed(one, 53_000, 2_053_000, 1.0)
    assert earlier == Perturbation(at_ns=498_000_000, cpu=3, ns=20_000)
    later = aimed(one, 2_000_000, 500_000, 1.0)
    assert later == Perturbation(at_ns=501_500_000, cpu=3, ns=20_000)


def test_one_that_preempted_nothing_or_would_leave_the_hold_is_not_aimed() -> None:
    one = Perturbation(at_ns=1_000_000, cpu=0, ns=20_000)
    assert aimed(one, 0, 5_000, 1.0) is None
    assert aimed(one, 5_000, 0, 1.0) is None
    assert aimed(one, 5_000, 1_500_000, 1.0) is None
    assert aimed(one, 1_000_000_000, 5_000, 1.0) is None
