"""Few stops at any moments of the run: the priority changes of PCT, for CPUs instead of threads.

Burckhardt, Kothari, Musuvathi, Nagarakatte: "A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs"
(2010). There a thread's priority drops at d - 1 of k steps, chosen uniformly, which finds a bug that takes d orders
with a chance of at least 1 / (n * k**(d - 1)), for n threads. A guest's CPU cannot have a priority for good, because
others wait for its locks and it for their interrupts. So at each of these steps it stands still, for long enough that
the others overtake it; the step itself is as likely as in PCT. What PCT also has, an order of the threads between the
steps, is here the emulator's.
"""

from __future__ import annotations

import random

from ktstr.explore.drawn import drawn_ns, drawn_skip
from ktstr.explore.strategy import Chosen, Known, declare_strategy
from ktstr.instrument.interleaving import Interleaving, SwitchPoint

__all__ = ["pct"]

# If nothing is known yet: half a second of a scheduler on four CPUs.
_ENTRIES = 4000
_DEEPEST = 4
_SHORTEST_NS, _LONGEST_NS = 20_000, 5_000_000


@declare_strategy("pct", "one to three longer stops at any moments (PCT)")
def pct(source: random.Random, known: Known) -> Chosen:
    """The depth is from 2 on: with 1 nothing would be stopped."""
    depth = source.randint(2, _DEEPEST)
    steps = range(1, max(depth, known.entries or _ENTRIES) + 1)
    points = [
        SwitchPoint(
            0,
            entry,
            drawn_skip(source),
            drawn_ns(source, _SHORTEST_NS, _LONGEST_NS),
        )
        for entry in sorted(source.sample(steps, depth - 1))
    ]
    return Chosen(Interleaving(tuple(points)))
