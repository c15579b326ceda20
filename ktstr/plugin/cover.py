"""What to run if there is no time for everything: the variants that cover most, chosen by data alone.

A variant has a value on each of its axes, such as a test, a kernel and a preset. It covers each of these values and
each pair of them: nobody can wait for all combinations, and what needs two conditions shows in a test of the pair.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

__all__ = ["MAIN_AXES", "Pick", "Variant", "cover_of", "pick"]

MAIN_AXES = ("test", "kernel", "preset")
"""The axes of which a value that nothing covers is the gravest; of the others, and of pairs, there are far more."""
_MAIN = 10  # what such a value weighs; a pair and any other value weigh 1
# Up to so many variants, every beginning of one, of two, and of three of them is tried. Of more there is so much to
# choose from that the plain greedy choice comes close by itself.
_STARTS = (100, 24, 16)


@dataclass(frozen=True)
class Variant:
    """One test to run: its id, how long it takes in host milliseconds, and its value on each axis."""

    name: str
    cost_ms: int
    axes: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Pick:
    """What was chosen and what was left out, each in the order given."""

    chosen: tuple[Variant, ...]
    left: tuple[Variant, ...]

    @property
    def cost_ms(self) -> int:
        """How long all that was chosen takes, one after the other."""
        return sum(variant.cost_ms for variant in self.chosen)


@dataclass(frozen=True)
class _Bits:
    """What a variant covers, a bit each: values of the main axes, and all else."""

    main: int = 0
    other: int = 0

    def with_(self, more: _Bits) -> _Bits:
        return _Bits(self.main | more.main, self.other | more.other)

    @property
    def worth(self) -> int:
        return _MAIN * self.main.bit_count() + self.other.bit_count()


def cover_of(variants: Iterable[Variant]) -> int:
    """What the variants cover together: 10 for each value of a main axis, 1 for each other value and each pair."""
    return _union(_bits(list(variants))).worth


def pick(variants: Sequence[Variant], budget_ms: int, lanes: int = 1) -> Pick:
    """The variants that cover most and together take at most `budget_ms`, if `lanes` of them run at once.

    The same variants in any order give the same choice. It is greedy, because the exact answer takes exponential time;
    where that can be had, the choice covers 95 % of what it covers or more. What time is left goes to further variants,
    which cover the same once more.
    """
    fitting = sorted((one for one in variants if one.cost_ms <= budget_ms), key=lambda one: one.name)
    bits = _bits(fitting)
    total = budget_ms * lanes
    best = max(_attempts(fitting, bits, total), key=lambda taken: _rank(taken, fitting, bits))
    taken = set(_exchanged(best, fitting, bits, total) if len(fitting) <= _STARTS[0] else best)
    while more := _greedy(fitting, bits, total - _cost(taken, fitting), skip=frozenset(taken)):
        taken |= set(more)
    names = {fitting[number].name for number in taken}
    return Pick(
        tuple(one for one in variants if one.name in names),
        tuple(one for one in variants if one.name not in names),
    )


def _attempts(variants: Sequence[Variant], bits: Sequence[_Bits], total_ms: int) -> Iterable[tuple[int, ...]]:
    """Choices of which the best is taken: greedy by cover for the time, by cover, and from chosen beginnings."""
    yield _greedy(variants, bits, total_ms)
    yield _greedy(variants, bits, total_ms, by_time=False)
    for size, most in enumerate(_STARTS, 1):
        for start in combinations(range(len(variants)), size) if len(variants) <= most else ():
            if _cost(start, variants) <= total_ms:
                yield _greedy(variants, bits, total_ms, start)


def _exchanged(
    best: tuple[int, ...], variants: Sequence[Variant], bits: Sequence[_Bits], total_ms: int
) -> tuple[int, ...]:
    """The choice after each exchange of one variant for others that covers more."""
    rank, out = _rank(best, variants, bits), 0
    while out < len(best):
        rest = best[:out] + best[out + 1 :]
        for by_time in (True, False):
            other = _greedy(variants, bits, total_ms, rest, by_time=by_time, skip=frozenset({best[out]}))
            if (better := _rank(other, variants, bits)) > rank:
                best, rank, out = other, better, -1
                break
        out += 1
    return best


def _greedy(
    variants: Sequence[Variant],
    bits: Sequence[_Bits],
    total_ms: int,
    start: tuple[int, ...] = (),
    *,
    by_time: bool = True,
    skip: frozenset[int] = frozenset(),
) -> tuple[int, ...]:
    """Numbers of variants, each the one that adds most to those before it, until nothing fits or adds anything.

    What a variant adds only shrinks, so the one at the top of the heap need only be weighed again.
    """

    def key(number: int, added: int) -> tuple[float, int]:
        return (-added / max(variants[number].cost_ms, 1) if by_time else -added, number)

    taken, left_ms = list(start), total_ms - _cost(start, variants)
    covered = _union(bits[number] for number in start)
    heap = [
        (*key(number, bits[number].worth), bits[number].worth)
        for number in range(len(variants))
        if number not in skip and number not in start
    ]
    heapq.heapify(heap)
    while heap:
        _, number, believed = heapq.heappop(heap)
        if variants[number].cost_ms > left_ms:
            continue
        added = covered.with_(bits[number]).worth - covered.worth
        if not added:
            continue
        if added < believed:
            heapq.heappush(heap, (*key(number, added), added))
            continue
        taken.append(number)
        left_ms -= variants[number].cost_ms
        covered = covered.with_(bits[number])
    return tuple(taken)


def _rank(taken: Sequence[int], variants: Sequence[Variant], bits: Sequence[_Bits]) -> tuple[int, int]:
    return _union(bits[number] for number in taken).worth, -_cost(taken, variants)


def _cost(taken: Iterable[int], variants: Sequence[Variant]) -> int:
    return sum(variants[number].cost_ms for number in taken)


def _union(bits: Iterable[_Bits]) -> _Bits:
    union = _Bits()
    for one in bits:
        union = union.with_(one)
    return union


def _bits(variants: Sequence[Variant]) -> list[_Bits]:
    """What each variant covers, over a numbering of all that any of them covers."""
    main: dict[object, int] = {}
    other: dict[object, int] = {}
    found = []
    for variant in variants:
        mains = [value for value in variant.axes if value[0] in MAIN_AXES]
        rest = [value for value in variant.axes if value[0] not in MAIN_AXES]
        found.append(_Bits(_mask(mains, main), _mask((*rest, *combinations(variant.axes, 2)), other)))
    return found


def _mask(features: Iterable[object], numbers: dict[object, int]) -> int:
    mask = 0
    for feature in features:
        mask |= 1 << numbers.setdefault(feature, len(numbers))
    return mask
