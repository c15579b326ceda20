"""Distributions of durations: the buckets of the guest's histograms, and percentiles to their resolution."""

from __future__ import annotations

import random
from collections import Counter
from math import ceil
from statistics import fmean, pstdev

import pytest

from ktstr.events.distribution import EMPTY, Distribution, bucket_of, distribution, least_ns, merged, most_ns

BUCKETS = 224


def of(durations: list[int]) -> Distribution:
    """The distribution of these durations."""
    return distribution(Counter(map(bucket_of, durations)), sum(durations), max(durations), 7)


@pytest.mark.parametrize("bucket", range(BUCKETS - 1))
def test_buckets_follow_each_other_without_a_hole(bucket: int) -> None:
    assert most_ns(bucket) + 1 == least_ns(bucket + 1)
    assert bucket_of(least_ns(bucket)) == bucket_of(most_ns(bucket)) == bucket


def test_a_bucket_is_an_eighth_of_its_value_wide_at_most_or_128_ns() -> None:
    for bucket in range(BUCKETS - 1):
        width = most_ns(bucket) - least_ns(bucket) + 1
        assert width == 128 or width <= least_ns(bucket) / 8


def test_what_is_longer_than_all_buckets_is_in_the_last() -> None:
    assert bucket_of(10**15) == BUCKETS - 1


@pytest.mark.parametrize("seed", range(5))
def test_percentiles_are_exact_to_a_bucket(seed: int) -> None:
    some = random.Random(seed)
    durations = sorted(int(some.lognormvariate(11, 2)) for _ in range(2000))
    found = of(durations)
    for percent, ns in ((50, found.p50_ns), (90, found.p90_ns), (99, found.p99_ns), (99.9, found.p999_ns)):
        exact = durations[ceil(round(len(durations) * percent / 100, 3)) - 1]
        assert bucket_of(ns) == bucket_of(exact)
        assert ns >= exact


def test_a_percentile_is_never_more_than_the_longest() -> None:
    found = of([5000])
    assert (found.count, found.p50_ns, found.p999_ns, found.longest_ns) == (1, 5000, 5000, 5000)
    assert found.mean_ns == 5000


def test_what_is_merged_is_as_if_counted_together() -> None:
    first, second = [1000, 2000, 300_000], [4000, 50]
    assert merged([of(first), EMPTY, of(second)]) == of(first + second)


def test_how_much_durations_vary_is_exact_to_a_bucket() -> None:
    several = [random.Random(1).randint(2_000, 90_000) for _ in range(3)] + list(range(5_000, 50_000, 3))
    assert of(several).variation == pytest.approx(pstdev(several) / fmean(several), rel=0.06)
    assert of([7_000] * 5).variation == 0
    assert EMPTY.variation == 0


def test_nothing_has_no_percentiles() -> None:
    assert merged([]) == EMPTY
    assert EMPTY.percentile_ns(50) == 0
    assert EMPTY.mean_ns == 0
