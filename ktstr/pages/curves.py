"""Percentile curves of durations as inline SVG: several distributions over one another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from markupsafe import Markup

from ktstr.events import distribution
from ktstr.pages.words import duration

__all__ = ["MOST", "Curve", "curves", "percentile_ns"]

MOST = 6
"""How many curves a chart has at most: style.css has as many colours."""
_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 330, 150, 46, 6, 18
_LEAST_NINES, _MOST_NINES = 2, 5
_MARKS = ((50, 0.30103), (90, 1), (99, 2), (99.9, 3), (99.99, 4), (99.999, 5))
Histogram = Sequence[tuple[int, int]]


@dataclass(frozen=True)
class Curve:
    """A distribution: who has it, and its buckets in order, each with its longest duration in ns and its count."""

    name: str
    buckets: Histogram


def percentile_ns(buckets: Histogram, percent: float) -> int:
    """So many percent took at most this long; 0 if there is nothing."""
    longest_ns = buckets[-1][0] if buckets else 0
    return distribution.percentile_ns(buckets, sum(count for _, count in buckets), longest_ns, percent)


def curves(what: str, several: Sequence[Curve]) -> Markup:
    """The chart; empty if no curve has anything.

    To the right the share of those that took longer shrinks by ten from mark to mark, so that the rare long ones show.
    """
    drawn = [(number, one) for number, one in enumerate(several[:MOST]) if one.buckets]
    if not drawn:
        return Markup("")
    counts = [sum(count for _, count in one.buckets) for _, one in drawn]
    nines = min(max(ceil(log10(max(counts))), _LEAST_NINES), _MOST_NINES)
    low = floor(log10(max(1, min(one.buckets[0][0] for _, one in drawn))))
    high = max(low + 1, ceil(log10(max(1, max(one.buckets[-1][0] for _, one in drawn)))))
    paths = Markup("").join(
        Markup('<path class="s{}" d="{}"/>').format(number, _path(one.buckets, nines, low, high))
        for number, one in drawn
    )
    return Markup(
        '<svg class="curves" viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img" aria-label="{words}">'
        "{grid}{paths}</svg>"
    ).format(
        w=_WIDTH,
        h=_HEIGHT,
        words="; ".join([what, *(_words(one) for _, one in drawn)]),
        grid=_grid(nines, low, high),
        paths=paths,
    )


def _path(buckets: Histogram, nines: int, low: int, high: int) -> str:
    total, seen = sum(count for _, count in buckets), 0
    points = [(0.0, buckets[0][0])]
    for most, count in buckets:
        seen += count
        left = max(total - seen, 0.5) / total  # the longest one has no share that took longer
        points.append((min(-log10(left), nines), most))
    return "M" + "L".join(f"{_x(nine, nines):g} {_y(ns, low, high):g}" for nine, ns in points)


def _grid(nines: int, low: int, high: int) -> Markup:
    marks = [(percent, nine) for percent, nine in _MARKS if nine <= nines]
    step = ceil((high - low) / 4)
    rows = list(range(low, high + 1, step))
    lines = "".join(f"M{_x(nine, nines):g} {_TOP}V{_HEIGHT - _BOTTOM}" for _, nine in marks)
    lines += "".join(f"M{_LEFT} {_y(10**row, low, high):g}H{_WIDTH - 6}" for row in rows)
    texts: list[tuple[float, float, str, str]] = [
        (_x(nine, nines), _HEIGHT - 5, "middle", f"{percent:g}%") for percent, nine in marks
    ]
    texts += [(_LEFT - 5, _y(10**row, low, high) + 4, "end", _short(10**row)) for row in rows]
    return Markup('<path class="grid" d="{}"/>{}').format(
        lines,
        Markup("").join(
            Markup('<text x="{:g}" y="{:g}" text-anchor="{}">{}</text>').format(*text) for text in texts
        ),
    )


def _words(one: Curve) -> str:
    p50, p99 = (duration(percentile_ns(one.buckets, percent)) for percent in (50, 99))
    return f"{one.name}: p50 {p50}, p99 {p99}, longest {duration(one.buckets[-1][0])}"


def _short(ns: int) -> str:
    return duration(ns).replace(".00", "").replace(".0", "")


def _x(nine: float, nines: int) -> float:
    return round(_LEFT + (_WIDTH - 16 - _LEFT) * nine / nines, 1)


def _y(ns: float, low: int, high: int) -> float:
    part = (log10(max(ns, 1)) - low) / (high - low)
    return round(_HEIGHT - _BOTTOM - (_HEIGHT - _BOTTOM - _TOP) * min(max(part, 0), 1), 1)
