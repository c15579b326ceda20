"""Latency: how long the workers of each cgroup, and all others of a class, waited for a CPU and had one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from ktstr.compare.samples import Key
from ktstr.pages.charts import axis, span
from ktstr.pages.curves import MOST, Curve, curves, percentile_ns
from ktstr.pages.page import Page, Section, Test
from ktstr.pages.render import rendered
from ktstr.pages.words import duration, nanoseconds, plain

__all__ = ["SECTION", "Durations", "Who"]

_MOST_ROWS = 150
_MOST_GROUPS = 12
_MOST_CHARTED = 20  # tests
_MOST_OPEN = 3
_CLASSES = {"fifo": "rt", "rr": "rt", "deadline": "deadline", "idle": "idle"}
_WHAT = (("woken", "Wakeup to CPU"), ("waited", "Wait for a CPU"), ("ran", "Time on the CPU"))
Histogram = tuple[tuple[int, int], ...]
Line = tuple[str, str, list[tuple[Markup, str, int] | None]]
Charts = list[tuple[str, Sequence[str], int, list[tuple[str, Markup]]]]
"""Of each group its name, the names of the curves, how many more there would be, and the charts with their titles."""


@dataclass(frozen=True)
class Durations:
    """How long something took."""

    count: int
    p50_ns: int
    p99_ns: int
    p999_ns: int
    longest_ns: int


@dataclass(frozen=True)
class Who:
    """The workers of a cgroup, or all other tasks of a class."""

    name: str
    tasks: int
    """How many they are."""
    durations: Mapping[str, Durations]
    """By what it was: `woken`, `waited`, `ran`."""
    histograms: Mapping[str, Histogram] = field(default_factory=dict)
    """The same, whole; empty if the sidecar has none: then the percentiles are those of the worst task."""


def keep(sidecar: Mapping[str, Any]) -> Sequence[Who] | None:
    """The latency of each group, over all runs and phases; None if none was counted."""
    guests = [run["guest"] for run in sidecar["runs"]]
    if any(guest.get("latency_groups") for guest in guests):
        return _with_histograms(guests)
    groups: dict[tuple[bool, str], list[Mapping[str, Any]]] = {}
    for guest in guests:
        for phase in guest.get("phases", ()):
            latency = phase.get("latency")
            for task in latency["tasks"] if latency else ():
                other = task["worker"] is None
                name = _class(task, latency) if other else task["cgroup"]
                groups.setdefault((other, name), []).append(task)
    return [_who(other, name, groups[other, name]) for other, name in sorted(groups)[:_MOST_GROUPS]] or None


def _with_histograms(guests: Sequence[Mapping[str, Any]]) -> Sequence[Who]:
    groups: dict[tuple[bool, str], list[Mapping[str, Any]]] = {}
    for guest in guests:
        for one in guest.get("latency_groups", ()):
            groups.setdefault((not one["workers"], one["name"]), []).append(one)
    found = []
    for other, name in sorted(groups)[:_MOST_GROUPS]:
        some = groups[other, name]
        histograms = {what: _added([one[what] for one in some]) for what, _ in _WHAT}
        tasks = max(nanoseconds(one["tasks"]) for one in some)
        durations = {what: _of_histogram(histogram) for what, histogram in histograms.items()}
        found.append(Who(_named(other, name), tasks, durations, histograms))
    return found


def _added(several: Sequence[Sequence[Sequence[int]]]) -> Histogram:
    counts: Counter[int] = Counter()
    for one in several:
        for most, count in one:
            counts[nanoseconds(most)] += nanoseconds(count)
    return tuple(sorted((most, count) for most, count in counts.items() if count))


def _of_histogram(histogram: Histogram) -> Durations:
    count = sum(number for _, number in histogram)
    p50, p99, p999 = (percentile_ns(histogram, percent) for percent in (50, 99, 99.9))
    return Durations(count, p50, p99, p999, histogram[-1][0] if histogram else 0)


def _class(task: Mapping[str, Any], latency: Mapping[str, Any]) -> str:
    return _CLASSES.get(task["policy"], "ext" if latency.get("ext") else "fair")


def _who(other: bool, name: str, tasks: Sequence[Mapping[str, Any]]) -> Who:
    number = len({(task["worker"], task["pid"], task["name"]) for task in tasks})
    durations = {what: _worst([task[what] for task in tasks]) for what, _ in _WHAT}
    return Who(_named(other, name), number, durations)


def _named(other: bool, name: str) -> str:
    return f"others in {plain(name, 20)}" if other else plain(name, 40) or "workers"


def _worst(several: Sequence[Mapping[str, Any]]) -> Durations:
    def most(field: str) -> int:
        return max((nanoseconds(one[field]) for one in several if one["count"]), default=0)

    count = sum(nanoseconds(one["count"]) for one in several)
    return Durations(count, most("p50_ns"), most("p99_ns"), most("p999_ns"), most("longest_ns"))


def html(page: Page) -> Markup:
    """A table for each test, what it is compared with below it; empty if no latency was counted."""
    groups: dict[tuple[str, str], list[Test]] = {}
    for test in page.tests:
        if test.kept.get(SECTION.name):
            groups.setdefault(_group(test.key), []).append(test)
    if not groups:
        return Markup("")
    shown: list[tuple[str, str, list[Line], Charts]] = []
    rows, left = 0, 0
    for name in sorted(
        groups, key=lambda name: -_longest(groups[name])
    ):  # what waited longest is never left out
        size = sum(len(test.kept[SECTION.name]) for test in groups[name])
        if rows + size > _MOST_ROWS and shown:
            left += 1
            continue
        lines = list(_lines(groups[name], page))
        rows += len(lines)
        charts = _charts(groups[name], page) if len(shown) < _MOST_CHARTED else []
        shown.append((plain(name[0], 160), plain(name[1], 40), lines, charts))
    return rendered(
        "latency.html",
        groups=shown,
        heads=[title for _, title in _WHAT],
        axis=axis(),
        left=left,
        open_ones=_MOST_OPEN,
        worst=any(not who.histograms for test in page.tests for who in test.kept.get(SECTION.name, ())),
    )


def _group(key: Key) -> tuple[str, str]:
    return key.test, key.topology


def _longest(tests: Sequence[Test]) -> int:
    return max(_of(who) for test in tests for who in test.kept[SECTION.name])


def _of(who: Who) -> int:
    return who.durations["waited"].longest_ns


def _where(test: Test, tests: Sequence[Test], page: Page) -> str:
    """The run, the kernel and the scheduler of a test, as far as they differ."""
    several = len({one.scheduler for one in tests}) > 1 or len(page.columns) == 1
    return ", ".join([page.title_of(test.column), *([plain(test.scheduler, 40)] if several else [])])


def _lines(tests: Sequence[Test], page: Page) -> Iterator[Line]:
    """Whose, where, and the durations: the same cgroup of all runs, kernels and schedulers side by side."""
    seeds = {test.seed for test in tests}
    for name, those in _by_name(tests).items():
        for test, own in those:
            where = _where(test, tests, page) + (f", seed {test.seed}" if len(seeds) > 1 else "")
            cells = [_cell(own.durations[what]) for what, _ in _WHAT]
            yield f"{name} ({own.tasks})", where, cells


def _by_name(tests: Sequence[Test]) -> Mapping[str, list[tuple[Test, Who]]]:
    names = dict.fromkeys(one.name for test in tests for one in test.kept[SECTION.name])
    found: dict[str, list[tuple[Test, Who]]] = {name: [] for name in names}
    for test in sorted(tests, key=lambda one: (one.scheduler, one.column, one.seed)):
        for one in test.kept[SECTION.name]:
            found[one.name].append((test, one))
    return found


def _charts(tests: Sequence[Test], page: Page) -> Charts:
    """Of each group the percentile curves over one another: one for each run, kernel and scheduler, all its seeds."""
    charts: Charts = []
    for name, those in _by_name(tests).items():
        some: dict[str, list[Mapping[str, Histogram]]] = {}
        for test, own in those:
            if own.histograms:
                some.setdefault(_where(test, tests, page), []).append(own.histograms)
        drawn = []
        for what, title in _WHAT:
            several = [
                Curve(where, _added([one[what] for one in parts]))
                for where, parts in list(some.items())[:MOST]
            ]
            if chart := curves(f"{title} of {name}", several):
                drawn.append((title, chart))
        if drawn:
            charts.append((name, list(some)[:MOST], len(some) - MOST, drawn))
    return charts


def _cell(one: Durations) -> tuple[Markup, str, int] | None:
    if not one.count:
        return None
    text = f"{duration(one.p50_ns)} · {duration(one.p99_ns)} · {duration(one.longest_ns)}"
    return span(one.p50_ns, one.p99_ns, one.p999_ns, one.longest_ns), text, one.count


SECTION = Section("latency", "Latency", html, keep)
"""Latency."""
