"""The stops of CPUs that a failure needs, in lines."""

from __future__ import annotations

from collections.abc import Sequence

from ktstr.instrument.stood import Stood
from ktstr.report.phases import needed_list

__all__ = ["stop_lines"]


def stop_lines(stops: Sequence[Stood], tried: int, unfinished: str) -> list[str]:
    """How many of the `tried` stops a failure needs, and each with its CPU, its source line and its length."""
    return needed_list([_line(stood) for stood in stops], tried, unfinished)


def _line(stood: Stood) -> str:
    where = f"{stood.file}:{stood.line} ({stood.function})" if stood.line else "the end of its callback"
    return f"  at {stood.began_ns / 1e6:9.3f} ms  CPU {stood.cpu:3} stood still for {_long(stood.point.ns)} at {where}"


def _long(ns: int) -> str:
    return f"{ns / 1e6:.3f} ms" if ns >= 1_000_000 else f"{ns / 1e3:.1f} us"
