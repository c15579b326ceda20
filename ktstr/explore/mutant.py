"""A run that was worth keeping, changed a little: fewer stops, longer or shorter ones, one more."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from ktstr.explore.drawn import MOST_SKIP, drawn_ns, drawn_skip
from ktstr.explore.kept import Kept
from ktstr.instrument.interleaving import Interleaving, SwitchPoint

__all__ = ["mutant"]

_SHORTEST_NS, _LONGEST_NS = 1_000, 5_000_000
_MOST_CHANGES = 4


def mutant(source: random.Random, corpus: Sequence[Kept]) -> tuple[int, Interleaving]:
    """A guest's seed and an interleaving: those of a run of the corpus, with one to four changes.

    Up to the first change it is the run that was kept. Those that brought much are taken more often.
    """
    kept = source.choices(corpus, [1 + len(one.news) for one in corpus])[0]
    points = list(kept.switch_points)
    for _ in range(source.randint(1, _MOST_CHANGES)):
        source.choice((_less, _longer, _moved, _more, _more))(source, points, kept)
    unique = {(point.block, point.entry): point for point in points}
    return kept.seed, Interleaving(tuple(unique.values()))


def _less(source: random.Random, points: list[SwitchPoint], kept: Kept) -> None:
    """Without some stops next to each other."""
    if points:
        at = source.randrange(len(points))
        del points[at : at + source.choice((1, 1, 4, len(points)))]


def _longer(source: random.Random, points: list[SwitchPoint], kept: Kept) -> None:
    """Another length."""
    if points:
        at = source.randrange(len(points))
        points[at] = replace(points[at], ns=_length(source))


def _moved(source: random.Random, points: list[SwitchPoint], kept: Kept) -> None:
    """A few instructions earlier or later, or at the next entry of the block."""
    if points:
        at = source.randrange(len(points))
        one = points[at]
        points[at] = source.choice(
            (replace(one, skip=source.randint(0, MOST_SKIP)), replace(one, entry=one.entry + 1))
        )


def _more(source: random.Random, points: list[SwitchPoint], kept: Kept) -> None:
    """One more stop, at any block with the same chance: at an entry that it had."""
    if kept.blocks:
        block, count = source.choice(kept.blocks)
        skip = drawn_skip(source)
        points.append(SwitchPoint(block, source.randint(1, max(1, count)), skip, _length(source)))


def _length(source: random.Random) -> int:
    return drawn_ns(source, _SHORTEST_NS, _LONGEST_NS)
