"""What a sidecar has of a run whose CPUs stood still where an exploration chose."""

from __future__ import annotations

from typing import NotRequired, TypedDict

__all__ = ["InterleavingRecord", "RanRecord", "StopRecord", "TouchedRecord"]


class RanRecord(TypedDict):
    """What a CPU executed of the scheduler's code while another one stood still."""

    cpu: int
    """The CPU."""
    function: str
    """The function."""
    file: str
    """The file of the lines."""
    lines: list[int]
    """The lines; of a stretch without jumps only the first."""


class TouchedRecord(TypedDict):
    """A global or a map that two CPUs used: one that stood still, and another one meanwhile."""

    own_file: str
    """The file in which the CPU that stood still uses it."""
    own_line: int
    """The line there."""
    cpu: int
    """The other CPU."""
    function: str
    """The function in which that one used it."""
    file: str
    """The file."""
    line: int
    """The line."""


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
    ran: NotRequired[list[RanRecord]]
    """Of a stop that a failure needs: what the other CPUs executed meanwhile."""
    touched: NotRequired[list[TouchedRecord]]
    """What of it uses a global or a map that the function which stood still uses as well."""


class InterleavingRecord(TypedDict):
    """The interleaving of a run that was explored."""

    asked: list[str]
    """What was asked for: points, and what others were drawn from, as the emulator's plugin reads them."""
    stops: list[StopRecord]
    """The stops, in order: with these points alone the run is the same."""
    needed: NotRequired[list[StopRecord]]
    """Of a failed run: the stops with which it still fails."""
