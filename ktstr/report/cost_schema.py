"""The type of what a BPF function cost, in the sidecar."""

from __future__ import annotations

from typing import TypedDict

__all__ = ["CostRecord"]


class CostRecord(TypedDict):
    """What a BPF function of a scheduler cost, in instructions of BPF code, without the kernel's helpers and kfuncs."""

    function: str
    """Its name."""
    callback: bool
    """Whether the kernel calls it, as one of the scheduler's callbacks."""
    calls: int
    """How many calls returned."""
    min_insns: int
    """The instructions of the cheapest call, with those of the functions that it called."""
    median_insns: int
    """Those of the call in the middle."""
    max_insns: int
    """Those of the dearest call."""
    own_insns: int
    """Its own instructions, in all calls together."""
