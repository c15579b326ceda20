"""Where CPUs stood still, in the scheduler's own source lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ktstr.instrument.coverage import place_of
from ktstr.instrument.explored import Explored, Stop
from ktstr.instrument.interleaving import SwitchPoint
from ktstr.instrument.meanwhile import NOTHING, Meanwhile, meanwhile_of
from ktstr.instrument.programs import Function, called

__all__ = ["Stood", "stood_still"]


@dataclass(frozen=True)
class Stood:
    """CPU `cpu` stood still at `point`, from `began_ns` of the guest's virtual clock on.

    It went on in `function`, at `line` of `file`; empty and 0 if that is not known. `meanwhile` is what
    the other CPUs did.
    """

    point: SwitchPoint
    cpu: int
    began_ns: int
    function: str
    file: str
    line: int
    meanwhile: Meanwhile = NOTHING


def stood_still(
    explored: Explored,
    functions: Iterable[Function],
    path_of: Callable[[str], str],
    *,
    meanwhile: bool = False,
) -> tuple[Stood, ...]:
    """Each stop of a run that was reached, in order, with what happened `meanwhile` if that is asked for.

    `path_of` says how a file is called for who reads it.
    """
    by_owner = {function.owner.number: function for function in functions}
    happened = meanwhile_of(explored, by_owner.values(), path_of) if meanwhile else {}
    return tuple(
        _stood(stop, by_owner.get(stop.owner), path_of, happened.get(stop.index, NOTHING))
        for stop in explored.stops
        if stop.began_ns
    )


def _stood(
    stop: Stop, function: Function | None, path_of: Callable[[str], str], meanwhile: Meanwhile
) -> Stood:
    if function is None:
        return Stood(stop.point, stop.cpu, stop.began_ns, "", "", 0, meanwhile)
    known = bool(function.places) and function.places[0].address <= stop.address
    place = place_of(function, stop.address) if known else None
    path, line = (called(place.file, path_of), place.line) if place else ("", 0)
    return Stood(stop.point, stop.cpu, stop.began_ns, function.name, path, line, meanwhile)
