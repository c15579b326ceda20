"""Long stops of one CPU where code is rare, as by a hypervisor that takes the CPU away."""

from __future__ import annotations

import random

from ktstr.explore.drawn import MOST_SKIP
from ktstr.explore.strategy import Chosen, Known, declare_strategy
from ktstr.instrument.interleaving import Draws, Interleaving

__all__ = ["stall"]

_NAMED = 64  # CPUs that a draw can name
# Long enough for another CPU's tick and a task's short sleep, and together far below what a check calls a stall.
_SHORTEST_NS, _LONGEST_NS = 500_000, 5_000_000
_MOST = 12


@declare_strategy("stall", "stops of up to 5 ms of one CPU, in rare code")
def stall(source: random.Random, known: Known) -> Chosen:
    """Each run has a CPU of its own that is slow, or, with few CPUs as often, any of them."""
    cpu = source.randrange(min(known.cpus, _NAMED) + 1)
    draws = Draws(
        seed=source.getrandbits(63),
        rate=source.choice((30_000, 100_000, 300_000)),
        by_rarity=True,
        shortest_ns=_SHORTEST_NS,
        longest_ns=_LONGEST_NS,
        most_skip=MOST_SKIP,
        most=_MOST,
        of_cpus=(cpu,) if cpu < min(known.cpus, _NAMED) else (),
    )
    return Chosen(Interleaving(draws=draws))
