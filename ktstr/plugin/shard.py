"""Shards: a suite divided among machines, so that every test is in exactly one part."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from ktstr.base.errors import KtstrError

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


def divide(items: Sequence[pytest.Item], shard: Shard) -> tuple[list[pytest.Item], list[pytest.Item]]:
    """The items of the shard, in their order, and the others.

    Every machine must have the same items, in any order: they are dealt out one by one, in the order of their ids.
    """
    ranks = {id(item): rank for rank, item in enumerate(sorted(items, key=lambda item: item.nodeid))}
    mine = [item for item in items if ranks[id(item)] % shard.count == shard.index - 1]
    return mine, [item for item in items if ranks[id(item)] % shard.count != shard.index - 1]
