"""The registry of strategies: what interleaving a run gets, by its seed. A file each below `strategies/`."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules

from ktstr.base.errors import KtstrError
from ktstr.base.values import shown
from ktstr.instrument.interleaving import Interleaving

__all__ = ["AUTO", "Chosen", "Known", "Strategy", "chosen_by", "declare_strategy", "strategies"]

AUTO = "auto"
"""What mixes the strategies."""


@dataclass(frozen=True)
class Known:
    """What is known of the test: how many CPUs its guest has, and how many blocks of the scheduler's code are
    entered in a run (0: not known)."""

    cpus: int
    entries: int = 0


@dataclass(frozen=True)
class Chosen:
    """What a run gets: an interleaving (None: the machine's own), and whether its seed also preempts tasks."""

    interleaving: Interleaving | None
    perturb: bool = False


Choose = Callable[[random.Random, Known], Chosen]
"""Chooses, with a generator that the seed began."""


@dataclass(frozen=True)
class Strategy:
    """A way to choose interleavings; `about` says in a few words what it does."""

    name: str
    """Its name, as `--explore-with` takes it."""
    about: str
    choose: Choose
    """The function that chooses."""


_registry: dict[str, Strategy] = {}


def declare_strategy(name: str, about: str) -> Callable[[Choose], Choose]:
    """Register the decorated function as the strategy `name`."""

    def register(choose: Choose) -> Choose:
        _registry[name] = Strategy(name, about, choose)
        return choose

    return register


def strategies() -> dict[str, Strategy]:
    """All strategies by name."""
    import ktstr.explore.strategies as package

    for module in iter_modules(package.__path__):
        import_module(f"{package.__name__}.{module.name}")
    return dict(sorted(_registry.items()))


def chosen_by(strategy: str, seed: int, known: Known) -> Chosen:
    """What the run with that seed gets of a strategy: always the same. KtstrError if there is no such strategy."""
    known_strategies = strategies()
    if strategy not in known_strategies:
        raise KtstrError(f"strategy {shown(strategy)}: must be one of {', '.join(known_strategies)}")
    # A generator for each use of the seed; a text, because random hashes that alike on every machine.
    return known_strategies[strategy].choose(random.Random(f"ktstr explore {strategy} {seed}"), known)
