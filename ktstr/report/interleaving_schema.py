"""What a sidecar has of a run whose CPUs stood still where an exploration chose."""

from __future__ import annotations

from typing import NotRequired, TypedDict

__all__ = ["InterleavingRecord", "StopRecord"]


class StopRecord(TypedDict):
    """A CPU that stood still in the scheduler's code, chosen by an exploration."""

    block: str
    """The hash of the block at whose entry it was asked for, in hexadecimal."""
    entry: int
    """At which entry of that block, all CPUs together, from 1 on."""
    skip: int
    """So many instructions later."""
    ns: int
    """For how long, in guest ns."""
    cpu: int
    """The CPU."""
    began_ns: int
    """When, by the guest's virtual clock."""
    function: str
    """The function in which it went on; empty if that is not known."""
    file: str
    """The file of that line; empty if it is not known."""
    line: int
    """The line; 0 if it is not known."""


class InterleavingRecord(TypedDict):
    """The interleaving of a run that was explored."""

    asked: list[str]
    """What was asked for: points, and what others were drawn from, as the emulator's plugin reads them."""
    stops: list[StopRecord]
    """The stops, in order: with these points alone the run is the same."""
    needed: NotRequired[list[StopRecord]]
    """Of a failed run: the stops with which it still fails."""
