"""Short stops, as many in a block that is rarely executed as in one that is executed all the time.

A uniform choice wastes runs: what is executed often is interrupted by the CPUs' ordinary turns as well.
"""

from __future__ import annotations

import random

from ktstr.explore.drawn import MOST_SKIP
from ktstr.explore.strategy import Chosen, Known, declare_strategy
from ktstr.instrument.interleaving import Draws, Interleaving

__all__ = ["rare"]

_MOST = 400


@declare_strategy("rare", "stops of up to 2 ms, as many in rare code as in hot code")
def rare(source: random.Random, known: Known) -> Chosen:
    """A run has few stops in each block, or many, because one that disturbs another hides it."""
    draws = Draws(
        seed=source.getrandbits(63),
        rate=source.choice((150_000, 500_000, 1_500_000)),
        by_rarity=True,
        shortest_ns=1_000,
        longest_ns=source.choice((50_000, 500_000, 2_000_000)),
        most_skip=MOST_SKIP,
        most=_MOST,
    )
    return Chosen(Interleaving(draws=draws))
