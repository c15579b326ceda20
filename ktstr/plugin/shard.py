"""Shards: a suite divided among machines, so that every test is in exactly one part and all parts take as long."""

from __future__ import annotations

import heapq
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from ktstr.base.errors import KtstrError
from ktstr.plugin.estimate import declared_ms
from ktstr.plugin.gauntlet import is_large

__all__ = ["Shard", "divide", "parse_shard"]

_MOST = 10_000


@dataclass(frozen=True)
class Shard:
    """Part `index` of `count`, counted from 1."""

    index: int
    count: int


def parse_shard(text: str) -> Shard:
    """The shard written as `text`, such as `1/2`. Raises KtstrError for anything else."""
    match = re.fullmatch(r"([0-9]{1,5})/([0-9]{1,5})", text)
    shard = Shard(int(match[1]), int(match[2])) if match else Shard(0, 0)
    if not 1 <= shard.index <= shard.count <= _MOST:
        raise KtstrError(f"--shard {text}: must be which part of how many, such as 1/2 or 2/2")
    return shard


def divide(
    items: Sequence[pytest.Item], shard: Shard, cost_ms: Callable[[pytest.Item], int] = declared_ms
) -> tuple[list[pytest.Item], list[pytest.Item]]:
    """The items of the shard, in their order, and the others.

    Every machine must have the same items, in any order, and the same costs: those that follow from the declarations,
    not those that a machine knows from runs of its own. The longest come first, each for the part that has least.
    """
    loads = [(0, index) for index in range(1, shard.count + 1)]
    parts: dict[pytest.Item, int] = {}
    for large in (False, True):
        # Which large presets a machine leaves out depends on whether it has KVM: they are dealt by themselves.
        some = [(cost_ms(item), item) for item in items if is_large(item) == large]
        for cost, item in sorted(some, key=lambda one: (-one[0], one[1].nodeid)):
            load, index = heapq.heappop(loads)
            heapq.heappush(loads, (load + cost, index))
            parts[item] = index
        loads = [(0, index) for index in range(1, shard.count + 1)]
    mine = [item for item in items if parts[item] == shard.index]
    return mine, [item for item in items if parts[item] != shard.index]
