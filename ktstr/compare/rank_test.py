"""The test by which two lists of samples differ: Mann-Whitney's, exact, with Holm's correction for many of them.

It assumes that samples are independent, and nothing of how they are distributed: latencies have long tails. Its
question is whether a number of one side is more often above one of the other side than chance would have it.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Sequence
from math import comb, erfc, sqrt

__all__ = ["ALPHA", "holm", "least_p", "p_value", "samples_needed"]

ALPHA = 0.01
"""The chance that a comparison of equal sides says of any metric at all that it differs, at most."""
_MOST_EXACT = 60  # samples of both sides: some milliseconds


def p_value(before: Sequence[float], after: Sequence[float]) -> float:
    """The two-sided p of Mann-Whitney's test, with the mean rank for equal numbers. Both have at least one.

    It is exact for equal numbers, too: the part of all divisions of these ranks into two sides in which the rank sum is
    at least as far from its mean. Above 60 samples in all it is the normal approximation, corrected for ties and
    continuity.
    """
    ranks = _doubled_ranks((*before, *after))
    ours = sum(ranks[: len(before)])
    if len(ranks) <= _MOST_EXACT:
        return _exact(tuple(sorted(ranks)), len(before), ours)
    return _approximate(ranks, len(before), ours)


def least_p(before: int, after: int) -> float:
    """The least p that so many samples can have, if no two of them are equal."""
    return min(1.0, 2 / comb(before + after, before))


def samples_needed(tests: int) -> int:
    """How many samples a side must have for one of so many tests to be below ALPHA."""
    number = 1
    while least_p(number, number) * tests > ALPHA:
        number += 1
    return number


def holm(values: Sequence[float]) -> list[float]:
    """These p corrected for their number by Holm's method, in the same order."""
    corrected = [1.0] * len(values)
    least = 0.0
    for place, index in enumerate(sorted(range(len(values)), key=lambda index: values[index])):
        least = max(least, min(1.0, values[index] * (len(values) - place)))
        corrected[index] = least
    return corrected


def _doubled_ranks(numbers: Sequence[float]) -> list[int]:
    """Twice the rank of each number, in their order; equal ones have their mean rank, so that twice that is whole."""
    counts = Counter(numbers)
    doubled, below = {}, 0
    for number in sorted(counts):
        doubled[number] = 2 * below + counts[number] + 1
        below += counts[number]
    return [doubled[number] for number in numbers]


def _exact(ranks: tuple[int, ...], size: int, ours: int) -> float:
    sums, middle = _sums(ranks, size), size * (len(ranks) + 1)
    distance = abs(ours - middle)
    return sum(count for total, count in sums if abs(total - middle) >= distance) / comb(len(ranks), size)


@functools.lru_cache(maxsize=256)
def _sums(ranks: tuple[int, ...], size: int) -> tuple[tuple[int, int], ...]:
    """Each sum that `size` of these ranks can have, and in how many ways.

    `ways[n]` is a polynomial whose coefficient of x**s is the number of ways to have the sum s by n ranks, packed into
    one integer with a field for each coefficient: so adding all of them up is one addition.
    """
    field = comb(len(ranks), size).bit_length()
    ways = [1] + [0] * size
    for seen, rank in enumerate(ranks, 1):
        for number in range(min(seen, size), 0, -1):
            ways[number] += ways[number - 1] << (field * rank)
    found, packed, total, mask = [], ways[size], 0, (1 << field) - 1
    while packed:
        if count := packed & mask:
            found.append((total, count))
        packed >>= field
        total += 1
    return tuple(found)


def _approximate(ranks: Sequence[int], size: int, ours: int) -> float:
    total = len(ranks)
    ties = sum(count**3 - count for count in Counter(ranks).values()) / (total * (total - 1))
    variance = size * (total - size) / 12 * (total + 1 - ties)
    if variance <= 0:
        return 1.0
    distance = max(0.0, abs(ours - size * (total + 1)) / 2 - 0.5)
    return erfc(distance / sqrt(2 * variance))
