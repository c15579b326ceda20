"""How long a test will take: as long as it last took here, else by its topology and duration."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

import pytest

from ktstr.base.topology import Topology
from ktstr.declare.host_time import boot_ms, run_ms
from ktstr.declare.presets import PRESETS
from ktstr.declare.test import KtstrTest, record_of
from ktstr.plugin.gauntlet import preset_of_item

__all__ = ["declared_ms", "estimates"]

_OTHER_MS = 50  # a test that is not ours


def declared_ms(item: pytest.Item) -> int:
    """An estimate that is the same on every host: from the declaration alone, and the preset of the item."""
    test = record_of(getattr(item, "function", None))
    return _OTHER_MS if test is None else run_ms(test, _topology(test, item))


def estimates(items: Sequence[pytest.Item], known: Mapping[str, int]) -> list[int]:
    """The estimate of each item in host milliseconds; `known` is what tests took before, by id.

    For the others, the guess is corrected by how much it was wrong about the known ones. They also boot a guest.
    """
    guesses = [declared_ms(item) for item in items]
    factors = [
        known[item.nodeid] / guess for item, guess in zip(items, guesses, strict=True) if item.nodeid in known
    ]
    factor = statistics.median(factors) if factors else 1.0
    return [
        known.get(item.nodeid) or round(factor * guess) + _first_ms(item)
        for item, guess in zip(items, guesses, strict=True)
    ]


def _first_ms(item: pytest.Item) -> int:
    test = record_of(getattr(item, "function", None))
    return 0 if test is None else boot_ms(_topology(test, item))


def _topology(test: KtstrTest, item: pytest.Item) -> Topology:
    return PRESETS.get(preset_of_item(item) or "", test.topology)
