"""What other CPUs did of the scheduler's code while one stood still in it, and what of it touches the same data."""

from __future__ import annotations

import bisect
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ktstr.instrument.coverage import place_of
from ktstr.instrument.explored import Explored, Stop, Visits
from ktstr.instrument.jumps_x86_64 import loaded_addresses
from ktstr.instrument.programs import Function, called

__all__ = ["NOTHING", "Meanwhile", "Ran", "Touched", "meanwhile_of"]


@dataclass(frozen=True, order=True)
class Ran:
    """CPU `cpu` executed these `lines` of `file`, in `function`; of a stretch without jumps only the first is there.

    Lines of other files than that in which the function begins are left out.
    """

    cpu: int
    function: str
    file: str
    lines: tuple[int, ...]


@dataclass(frozen=True, order=True)
class Touched:
    """A global or a map that the CPU which stood still uses at `own_line` of `own_file`, and CPU `cpu` used meanwhile.

    That was at `line` of `file`, in `function`.
    """

    cpu: int
    own_file: str
    own_line: int
    function: str
    file: str
    line: int


@dataclass(frozen=True)
class Meanwhile:
    """What all other CPUs did during a stop: what they `ran`, and what they `touched` that both use."""

    ran: tuple[Ran, ...] = ()
    touched: tuple[Touched, ...] = ()


NOTHING = Meanwhile()
"""What happens in a stop in which no other CPU executes any of the scheduler's code."""


_Uses = Sequence[tuple[int, int]]  # each address that code loads, and where it does


def meanwhile_of(
    explored: Explored, functions: Iterable[Function], path_of: Callable[[str], str] = str
) -> Mapping[int, Meanwhile]:
    """What happened during each stop in which anything did, by the stop's `index`.

    Whether both CPUs use the same data is read from the code: its loads of addresses. What it reaches through a pointer
    from elsewhere is not seen. `path_of` says how a file is called for who reads it.
    """
    by_owner = {function.owner.number: function for function in functions if function.places}
    uses = {number: _uses(function) for number, function in by_owner.items()}
    blocks = sorted({block.address for block in explored.blocks})
    visits: dict[int, list[Visits]] = defaultdict(list)
    for visit in explored.visits:
        if visit.owner in by_owner:
            visits[visit.stop].append(visit)
    return {
        stop.index: Meanwhile(
            _ran(visits[stop.index], by_owner, path_of),
            _touched(stop, visits[stop.index], by_owner, blocks, uses, path_of),
        )
        for stop in explored.stops
        if stop.began_ns and stop.index in visits
    }


def _ran(
    visits: Iterable[Visits], by_owner: Mapping[int, Function], path_of: Callable[[str], str]
) -> tuple[Ran, ...]:
    lines: dict[tuple[int, str, str], set[int]] = defaultdict(set)
    for visit in visits:
        function = by_owner[visit.owner]
        place = place_of(function, visit.address)
        # What it has inline from other files says less.
        if place.line and place.file == function.places[0].file:
            lines[visit.cpu, function.name, called(place.file, path_of)].add(place.line)
    return tuple(
        Ran(cpu, name, file, tuple(sorted(some))) for (cpu, name, file), some in sorted(lines.items())
    )


def _touched(
    stop: Stop,
    visits: Iterable[Visits],
    by_owner: Mapping[int, Function],
    blocks: Sequence[int],
    uses: Mapping[int, _Uses],
    path_of: Callable[[str], str],
) -> tuple[Touched, ...]:
    own = by_owner.get(stop.owner)
    if own is None:
        return ()
    nearest = _nearest_uses(uses[stop.owner], stop.address)
    found = set()
    for visit in visits:
        function = by_owner[visit.owner]
        after = bisect.bisect_right(blocks, visit.address)
        end = blocks[after] if after < len(blocks) else function.owner.end
        for loaded, at in uses[visit.owner]:
            if loaded in nearest and visit.address <= at < end:
                mine = place_of(own, nearest[loaded])
                other = place_of(function, at)
                if mine.line and other.line:
                    found.add(
                        Touched(
                            visit.cpu,
                            called(mine.file, path_of),
                            mine.line,
                            function.name,
                            called(other.file, path_of),
                            other.line,
                        )
                    )
    return tuple(sorted(found))


def _nearest_uses(uses: _Uses, address: int) -> dict[int, int]:
    """Of each thing that is used, where it is nearest to `address`: before it, if it is at all."""
    nearest: dict[int, int] = {}
    for loaded, at in uses:
        if at < address or loaded not in nearest:
            nearest[loaded] = at
    return nearest


def _uses(function: Function) -> _Uses:
    start = function.owner.start
    return [(loaded, start + at) for at, loaded in loaded_addresses(function.code)]
