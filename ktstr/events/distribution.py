"""A distribution of durations, from the histogram in which the guest counts them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

__all__ = [
    "EMPTY",
    "Distribution",
    "bucket_of",
    "distribution",
    "least_ns",
    "merged",
    "most_ns",
    "percentile_ns",
]

# The buckets of ktstr/guest/include/ktstr/observer.h: steps of 128 ns below 1024 ns, then eight an octave.
_STEP_NS = 128
_PER_OCTAVE = 8
_BUCKETS = 224


def bucket_of(ns: int) -> int:
    """The number of the bucket that counts a duration."""
    units = ns // _STEP_NS
    if units < _PER_OCTAVE:
        return units
    bit = units.bit_length() - 1
    return min((bit - 2) * _PER_OCTAVE + ((units >> (bit - 3)) & 7), _BUCKETS - 1)


def least_ns(bucket: int) -> int:
    """The shortest duration that a bucket counts, in ns."""
    if bucket < _PER_OCTAVE:
        return bucket * _STEP_NS
    octave, part = divmod(bucket, _PER_OCTAVE)
    return ((_PER_OCTAVE + part) << (octave - 1)) * _STEP_NS


def most_ns(bucket: int) -> int:
    """The longest duration that a bucket counts, in ns; the last bucket has no such bound."""
    return least_ns(bucket + 1) - 1


@dataclass(frozen=True)
class Distribution:
    """How long something took, each time. A percentile is the upper end of its bucket, or the longest if that is less.

    A bucket is an eighth of an octave wide (at most 12.5 % of its value), and 128 ns below 1024 ns. All times are guest
    nanoseconds.
    """

    count: int
    """How many there were."""
    total_ns: int
    """All of them together."""
    p50_ns: int
    """Half of them took at most this long."""
    p90_ns: int
    """Of ten, nine took at most this long."""
    p99_ns: int
    """Of a hundred, 99 took at most this long."""
    p999_ns: int
    """Of a thousand, 999 took at most this long."""
    longest_ns: int
    """The longest one, exactly."""
    longest_at_ns: int | None
    """When that one ended, in guest ns since boot; None if there was none."""
    buckets: tuple[tuple[int, int], ...] = ()
    """The buckets that are not empty, in order: the longest duration that each counts, and how many it has."""

    def percentile_ns(self, percent: float) -> int:
        """So many percent of them took at most this long, in guest ns; 0 if there was none."""
        return percentile_ns(self.buckets, self.count, self.longest_ns, percent)

    @property
    def mean_ns(self) -> float:
        """The arithmetic mean, in guest ns; 0 if there was none."""
        return self.total_ns / self.count if self.count else 0.0

    @property
    def variation(self) -> float:
        """The standard deviation by the mean, to the buckets' resolution; 0 if there was none."""
        if not self.mean_ns:
            return 0.0
        middles = [
            ((least_ns(bucket_of(most)) + min(most, self.longest_ns)) / 2, n) for most, n in self.buckets
        ]
        mean = sum(n * middle for middle, n in middles) / self.count
        return sqrt(sum(n * (middle - mean) ** 2 for middle, n in middles) / self.count) / mean


EMPTY = Distribution(0, 0, 0, 0, 0, 0, 0, None)
"""The distribution of nothing."""


def distribution(
    counts: Mapping[int, int], total_ns: int, longest_ns: int, longest_at_ns: int | None
) -> Distribution:
    """The distribution of a histogram: how many each bucket has, by its number."""
    buckets = tuple((most_ns(bucket), counts[bucket]) for bucket in sorted(counts) if counts[bucket])
    return _with_percentiles(buckets, total_ns, longest_ns, longest_at_ns)


def merged(several: Iterable[Distribution]) -> Distribution:
    """The distribution of all durations of several."""
    those = [one for one in several if one.count]
    if not those:
        return EMPTY
    if len(those) == 1:
        return those[0]
    counts: Counter[int] = Counter()
    for one in those:
        counts.update(dict(one.buckets))
    longest = max(those, key=lambda one: one.longest_ns)
    total_ns = sum(one.total_ns for one in those)
    return _with_percentiles(sorted(counts.items()), total_ns, longest.longest_ns, longest.longest_at_ns)


def _with_percentiles(
    buckets: Sequence[tuple[int, int]], total_ns: int, longest_ns: int, at_ns: int | None
) -> Distribution:
    count = sum(number for _, number in buckets)
    p50, p90, p99, p999 = (
        percentile_ns(buckets, count, longest_ns, percent) for percent in (50, 90, 99, 99.9)
    )
    return Distribution(count, total_ns, p50, p90, p99, p999, longest_ns, at_ns, tuple(buckets))


def percentile_ns(buckets: Iterable[tuple[int, int]], count: int, longest_ns: int, percent: float) -> int:
    """So many percent of `count` durations took at most this long, in ns; `longest_ns` is the longest of all."""
    wanted, seen = percent * count / 100 - 1e-6, 0  # 99.9 is no binary fraction
    for most, number in buckets:
        seen += number
        if seen >= wanted:
            return min(most, longest_ns)
    return longest_ns
