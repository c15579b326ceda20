"""What the plugin "explore" reports of a run: where CPUs stood still, and what was executed of the scheduler's code."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.instrument.interleaving import SwitchPoint
from ktstr.instrument.parts import Owner, Part, owners_and_memory, part_bytes, read_parts

__all__ = ["Block", "Explored", "Stop", "Visits", "read_explored"]

_HEAD = b"ktstr-explore-1\n"
_STOP = struct.Struct("<QQQQQQIIII")
_BLOCK = struct.Struct("<QQIIQ")
_NEWS = struct.Struct("<Q")
_VISITS = struct.Struct("<QQQII")


@dataclass(frozen=True, slots=True)
class Stop:
    """A CPU that stood still at `point`, from `began_ns` of the guest's virtual clock on (0: the run ended before).

    It was at entry `index` of a block, all CPUs and blocks together, from 1 on.

    `address` is that of the instruction with which it went on in the scheduler's code, in the code of the owner with
    that number; 0: it executed none of it afterwards.
    """

    point: SwitchPoint
    index: int
    cpu: int
    began_ns: int
    address: int
    owner: int


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of code that is entered at its first instruction, at `address`, and how often it was.

    `hash` is what a switch point calls it.
    """

    address: int
    count: int
    owner: int
    hash: int


@dataclass(frozen=True, slots=True)
class Visits:
    """CPU `cpu` entered the block at `address` `count` times while another one stood still.

    That was the stop with the index `stop`.
    """

    stop: int
    address: int
    count: int
    owner: int
    cpu: int


@dataclass(frozen=True)
class Explored:
    """The report of a run, its stops in order of their beginnings.

    `news` has a number for each thing that was executed: which block came after which on a CPU, and in which callback
    another CPU was meanwhile. It is the same number in every run of the same scheduler. `memory` is what was read of
    the kernel's, by reading and address. `visits` are what was executed during stops, as far as there was room.
    """

    stops: tuple[Stop, ...]
    blocks: tuple[Block, ...]
    news: frozenset[int]
    owners: tuple[Owner, ...]
    memory: Mapping[tuple[int, int], bytes]
    visits: tuple[Visits, ...] = ()

    @property
    def entries(self) -> int:
        """How many blocks were entered, by all CPUs together."""
        return sum(block.count for block in self.blocks)

    @property
    def stood_ns(self) -> int:
        """For how long CPUs stood still, all together, in guest ns."""
        return sum(stop.point.ns for stop in self.stops if stop.began_ns)

    @property
    def points(self) -> tuple[SwitchPoint, ...]:
        """The switch points that were reached: a run with these alone is the same run."""
        return tuple(stop.point for stop in self.stops)


def read_explored(path: Path) -> Explored:
    """The report in a file; KtstrError if it is not whole, as that of a run which was ended from outside."""
    parts = read_parts(path, _HEAD)

    try:
        owners, memory = owners_and_memory(parts)
        stops = tuple(
            Stop(SwitchPoint(block, entry, skip, ns), index, cpu, began_ns, address, owner)
            for block, entry, index, ns, began_ns, address, owner, skip, cpu, _ in _STOP.iter_unpack(
                part_bytes(parts, Part.STOPS)
            )
        )
        blocks = tuple(
            Block(address, count, owner, hash)
            for address, count, owner, _, hash in _BLOCK.iter_unpack(part_bytes(parts, Part.BLOCKS))
        )
        news = frozenset(number for (number,) in _NEWS.iter_unpack(part_bytes(parts, Part.NEWS)))
        visits = tuple(Visits(*fields) for fields in _VISITS.iter_unpack(part_bytes(parts, Part.VISITS)))
    except struct.error:
        raise KtstrError(f"{path}: the report ends early; the run did not end by itself") from None
    return Explored(stops, blocks, news, owners, memory, visits)
