"""Preemptions by short real-time bursts, as with `--perturb`: of tasks, never inside a callback."""

from __future__ import annotations

import random

from ktstr.explore.strategy import Chosen, Known, declare_strategy

__all__ = ["burst"]


@declare_strategy("burst", "short preemptions by real-time tasks (--perturb)")
def burst(source: random.Random, known: Known) -> Chosen:
    """The run's own seed draws them."""
    return Chosen(None, perturb=True)
