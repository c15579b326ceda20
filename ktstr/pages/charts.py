"""Charts as inline SVG: functions from numbers to markup. Colours are classes of style.css, for light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from math import log10

from markupsafe import Markup

from ktstr.pages.page import Past
from ktstr.pages.words import OUTCOMES, duration, seconds

__all__ = [
    "AXIS_WIDTH",
    "axis",
    "history_chart",
    "insns_axis",
    "insns_span",
    "percent_bar",
    "share_bar",
    "span",
    "sparkline",
]

AXIS_WIDTH = 210
"""The width of a chart of durations."""
_LEAST, _MOST = 3, 10  # decades of ns: 1 µs to 10 s
_HEIGHT = 14
_BAR, _TALL = 5, 16
_LABELS, _WIDE, _HIGH, _MOST_CHARTED = 76, 14, 90, 80


def axis() -> Markup:
    """The axis above charts of durations: a mark for each decade."""
    marks = []
    for decade in range(_LEAST, _MOST + 1):
        at = _x(10**decade)
        end = "start" if decade == _LEAST else "end" if decade == _MOST else "middle"
        text = duration(10**decade).replace(".00", "").replace(".0", "")
        if decade in (_LEAST, 6, 9):
            marks.append(Markup('<text x="{}" y="9" text-anchor="{}">{}</text>').format(at, end, text))
    return Markup(
        '<svg class="span" viewBox="0 0 {} 12" width="{}" height="12" aria-hidden="true">{}</svg>'
    ).format(AXIS_WIDTH, AXIS_WIDTH, Markup("").join(marks))


def span(p50_ns: int, p99_ns: int, p999_ns: int, longest_ns: int) -> Markup:
    """Four durations on the axis of all such charts: a dot, a thick and a thin line from there, and a tick."""
    middle, most, rare, end = map(_x, (p50_ns, p99_ns, p999_ns, longest_ns))
    grid = "".join(f"M{_x(10**decade)} 0V{_HEIGHT}" for decade in range(_LEAST, _MOST + 1))
    words = ", ".join(
        f"{name} {duration(value)}"
        for name, value in (("p50", p50_ns), ("p99", p99_ns), ("p99.9", p999_ns), ("longest", longest_ns))
    )
    return Markup(
        '<svg class="span" viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img" aria-label="{words}">'
        '<path class="grid" d="{grid}"/><path class="thin" d="M{middle} 7H{end}M{end} 3v8"/>'
        '<path class="mid" d="M{middle} 7H{rare}"/><path class="thick" d="M{middle} 7H{most}"/>'
        '<circle cx="{middle}" cy="7" r="3.5"/></svg>'
    ).format(w=AXIS_WIDTH, h=_HEIGHT, words=words, grid=grid, middle=middle, most=most, rare=rare, end=end)


def insns_axis(top: int) -> Markup:
    """The axis above charts of instructions up to `top`: 1 and the decade that no number exceeds."""
    last = _decades(top)
    marks = [(0, "1", "start"), (last, f"{10**last:,}", "end")]
    texts = Markup("").join(
        Markup('<text x="{}" y="9" text-anchor="{}">{}</text>').format(_at(decade, last), end, text)
        for decade, text, end in marks
    )
    return Markup(
        '<svg class="span" viewBox="0 0 {} 12" width="{}" height="12" aria-hidden="true">{}</svg>'
    ).format(AXIS_WIDTH, AXIS_WIDTH, texts)


def insns_span(least: int, median: int, most: int, top: int) -> Markup:
    """The instructions of calls on that axis: a line from the least to the most, and a dot for the median."""
    last = _decades(top)
    low, middle, high = (_at(log10(max(insns, 1)), last) for insns in (least, median, most))
    grid = "".join(f"M{_at(decade, last)} 0V{_HEIGHT}" for decade in range(last + 1))
    return Markup(
        '<svg class="span" viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img" aria-label="{words}">'
        '<path class="grid" d="{grid}"/><path class="thick" d="M{low} 7H{high}"/>'
        '<circle cx="{middle}" cy="7" r="3.5"/></svg>'
    ).format(
        w=AXIS_WIDTH,
        h=_HEIGHT,
        words=f"least {least:,}, median {median:,}, most {most:,} instructions",
        grid=grid,
        low=low,
        middle=middle,
        high=high,
    )


def percent_bar(percent: float) -> Markup:
    """A share in percent as the filled part of a bar."""
    return Markup(
        '<svg class="percent" viewBox="0 0 100 8" width="100" height="8" aria-hidden="true">'
        '<rect class="rest" width="100" height="8" rx="2"/><rect class="done" width="{:.1f}" height="8" rx="2"/></svg>'
    ).format(percent)


def sparkline(history: Sequence[Past]) -> Markup:
    """A bar for each run, as high as the test took long there; a cross where it did not pass. The last is this run."""
    if len(history) < 2:
        return Markup("")
    longest = max(one.wall_s for one in history) or 1.0
    bars: dict[str, list[str]] = {"p": [], "f": [], "s": []}
    for number, one in enumerate(history):
        x = number * _BAR
        if one.outcome == "skipped":
            bars["s"].append(f"M{x} {_TALL}h3")
        elif one.outcome == "passed":
            high = max(1, round((_TALL - 1) * one.wall_s / longest))
            bars["p"].append(f"M{x + 1.5:g} {_TALL}v-{high}")
        else:
            bars["f"].append(f"M{x} 5l4 6m0-6l-4 6")
    width = len(history) * _BAR
    paths = Markup("").join(
        Markup('<path class="{}" d="{}"/>').format(name, "".join(some)) for name, some in bars.items() if some
    )
    last = Markup('<path class="now" d="M{} {}h4"/>').format(width - _BAR, _TALL + 2)
    return Markup(
        '<svg class="spark" viewBox="0 0 {w} 19" width="{w}" height="19" role="img" aria-label="{words}">{paths}{last}'
        "</svg>"
    ).format(w=width, words=_history_words(history), paths=paths, last=last)


def history_chart(history: Sequence[Past]) -> Markup:
    """The same as `sparkline`, large, with the seconds of the longest run and of none beside it."""
    shown = history[-_MOST_CHARTED:]
    longest = max(one.wall_s for one in shown) or 1.0
    bars = []
    for number, one in enumerate(shown):
        x = _LABELS + number * _WIDE
        high = max(2.0, _HIGH * one.wall_s / longest)
        mark = Markup('<text class="f" x="{}" y="{:.0f}" text-anchor="middle">✗</text>').format(
            x + _WIDE // 2 - 1, _HIGH + 4 - high
        )
        bars.append(
            Markup(
                '<rect class="{}" x="{}" y="{:.1f}" width="{}" height="{:.1f}"><title>{}, {}</title></rect>{}'
            ).format(
                one.outcome,
                x,
                _HIGH + 8 - high,
                _WIDE - 3,
                high,
                one.outcome,
                seconds(one.wall_s),
                mark if one.outcome not in ("passed", "skipped") else "",
            )
        )
    width = _LABELS + _WIDE * len(shown)
    return Markup(
        '<svg class="history" viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img" aria-label="{words}">'
        '<path class="grid" d="M{at} 8H{w}M{at} {low}H{w}"/><text x="{end}" y="12" text-anchor="end">{top}</text>'
        '<text x="{end}" y="{low}" text-anchor="end">0 s</text>{bars}</svg>'
    ).format(
        w=width,
        h=_HIGH + 12,
        low=_HIGH + 8,
        at=_LABELS,
        end=_LABELS - 8,
        top=seconds(longest),
        words=_history_words(shown),
        bars=Markup("").join(bars),
    )


def share_bar(counts: Sequence[tuple[str, int]]) -> Markup:
    """How many there are of each outcome, as parts of one bar."""
    total = sum(count for _, count in counts) or 1
    parts, x = [], 0.0
    for name, count in counts:
        width = 1000 * count / total
        parts.append(
            Markup('<rect class="{}" x="{:.1f}" y="0" width="{:.1f}" height="10"/>').format(
                name, x, max(0.0, width - (1.5 if x + width < 999 else 0))
            )
        )
        x += width
    words = ", ".join(f"{count} {name}" for name, count in counts)
    return Markup(
        '<svg class="share" viewBox="0 0 1000 10" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>'
    ).format(words, Markup("").join(parts))


def _history_words(there: Sequence[Past]) -> str:
    counts = [(name, sum(one.outcome == name for one in there)) for name in OUTCOMES]
    said = ", ".join(f"{count} {name}" for name, count in counts if count)
    times = [one.wall_s for one in there if one.outcome == "passed"]
    took = f"; {seconds(min(times))} to {seconds(max(times))}" if times else ""
    return f"last {len(there)} runs: {said}{took}"


def _x(ns: float) -> int:
    """Where a duration is on the axis."""
    decades = min(max(log10(max(ns, 1)), _LEAST), _MOST)
    return round(4 + (AXIS_WIDTH - 8) * (decades - _LEAST) / (_MOST - _LEAST))


def _decades(top: int) -> int:
    """The power of ten that `top` does not exceed."""
    return max(1, len(str(max(top, 1) - 1)))


def _at(decades: float, last: int) -> float:
    """Where a number with this logarithm is on an axis that ends at the decade `last`."""
    return round(4 + (AXIS_WIDTH - 8) * min(decades, last) / last, 1)
