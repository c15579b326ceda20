"""The stops of CPUs that a failure needs, in lines, and what the other CPUs did meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from ktstr.instrument.meanwhile import Ran, Touched
from ktstr.instrument.stood import Stood
from ktstr.report.phases import needed_list

__all__ = ["stop_lines"]

# A long stop has half of the scheduler beside it.
_FUNCTIONS, _SHOWN_LINES, _TOUCHED = 4, 6, 6


def stop_lines(stops: Sequence[Stood], tried: int, unfinished: str) -> list[str]:
    """How many of the `tried` stops a failure needs, and each with its CPU, its source line and its length."""
    return needed_list(["\n".join(_lines(stood)) for stood in stops], tried, unfinished)


def _lines(stood: Stood) -> Iterator[str]:
    yield _line(stood)
    for cpu, ran in groupby(stood.meanwhile.ran, key=lambda one: one.cpu):
        yield f"      meanwhile CPU {cpu} ran {_listed([_ran(one) for one in ran], _FUNCTIONS)}"
    for touched in stood.meanwhile.touched[:_TOUCHED]:
        yield f"      {_touched(touched)}"


def _ran(ran: Ran) -> str:
    return f"{ran.function} ({ran.file}:{_listed([str(line) for line in ran.lines], _SHOWN_LINES)})"


def _touched(one: Touched) -> str:
    other = f"CPU {one.cpu} at {one.file}:{one.line} ({one.function})"
    return f"both use the same global or map: it at {one.own_file}:{one.own_line}, {other}"


def _listed(words: Sequence[str], most: int) -> str:
    more = f" and {len(words) - most} more" if len(words) > most else ""
    return ", ".join(words[:most]) + more


def _line(stood: Stood) -> str:
    where = f"{stood.file}:{stood.line} ({stood.function})" if stood.line else "the end of its callback"
    return f"  at {stood.began_ns / 1e6:9.3f} ms  CPU {stood.cpu:3} stood still for {_long(stood.point.ns)} at {where}"


def _long(ns: int) -> str:
    return f"{ns / 1e6:.3f} ms" if ns >= 1_000_000 else f"{ns / 1e3:.1f} us"
