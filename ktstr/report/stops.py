"""The stops of CPUs that a failure needs, in lines, and what the other CPUs did meanwhile."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import TypeVar

from ktstr.base.topology import cpu_list
from ktstr.instrument.meanwhile import Ran
from ktstr.instrument.stood import Stood
from ktstr.report.phases import needed_list

__all__ = ["stop_lines"]

# A long stop has half of the scheduler beside it.
_FUNCTIONS, _SHOWN_LINES, _USES = 4, 6, 6
_What = TypeVar("_What", bound=Hashable)


def stop_lines(stops: Sequence[Stood], tried: int, unfinished: str) -> list[str]:
    """How many of the `tried` stops a failure needs, and each with its CPU, its source line and its length."""
    return needed_list(["\n".join(_lines(stood)) for stood in stops], tried, unfinished)


def _lines(stood: Stood) -> Iterator[str]:
    yield _line(stood)
    by_cpu = groupby(stood.meanwhile.ran, key=lambda one: one.cpu)
    for what, cpus in _cpus_of((_listed([_ran(one) for one in ran], _FUNCTIONS), cpu) for cpu, ran in by_cpu):
        yield f"      meanwhile CPU {cpus} ran {what}"
    uses = _cpus_of(
        ((one.own_file, one.own_line, one.file, one.line, one.function), one.cpu)
        for one in stood.meanwhile.touched
    )
    for (own_file, own_line, file, line, function), cpus in uses[:_USES]:
        own = f"it at {own_file}:{own_line}"
        yield f"      both use the same global or map: {own}, CPU {cpus} at {file}:{line} ({function})"


def _cpus_of(pairs: Iterable[tuple[_What, int]]) -> list[tuple[_What, str]]:
    """Each thing, with the list of the CPUs that it is said of."""
    found: dict[_What, set[int]] = {}
    for what, cpu in pairs:
        found.setdefault(what, set()).add(cpu)
    return [(what, cpu_list(frozenset(cpus))) for what, cpus in found.items()]


def _ran(ran: Ran) -> str:
    return f"{ran.function} ({ran.file}:{_listed([str(line) for line in ran.lines], _SHOWN_LINES)})"


def _listed(words: Sequence[str], most: int) -> str:
    more = f" and {len(words) - most} more" if len(words) > most else ""
    return ", ".join(words[:most]) + more


def _line(stood: Stood) -> str:
    where = f"{stood.file}:{stood.line} ({stood.function})" if stood.line else "the end of its callback"
    return f"  at {stood.began_ns / 1e6:9.3f} ms  CPU {stood.cpu:3} stood still for {_long(stood.point.ns)} at {where}"


def _long(ns: int) -> str:
    return f"{ns / 1e6:.3f} ms" if ns >= 1_000_000 else f"{ns / 1e3:.1f} us"
