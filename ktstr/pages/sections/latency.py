"""Latency: how long the workers of each cgroup, and all others of a class, waited for a CPU and had one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from ktstr.compare.samples import Key
from ktstr.pages.charts import axis, span
from ktstr.pages.page import Page, Section, Test
from ktstr.pages.render import rendered
from ktstr.pages.words import duration, nanoseconds, plain

__all__ = ["SECTION", "Durations", "Who"]

_MOST_ROWS = 150
_MOST_GROUPS = 12
_CLASSES = {"fifo": "rt", "rr": "rt", "deadline": "deadline", "idle": "idle"}
Line = tuple[str, str, list[tuple[Markup, str, int] | None]]
_WHAT = (("woken", "Wakeup to CPU"), ("waited", "Wait for a CPU"), ("ran", "Time on the CPU"))


@dataclass(frozen=True)
class Durations:
    """How long something took. The percentiles are the worst task's: a sidecar has no histogram to add up."""

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


def keep(sidecar: Mapping[str, Any]) -> Sequence[Who] | None:
    """The latency of each group, over all runs and phases; None if none was counted."""
    groups: dict[tuple[bool, str], list[Mapping[str, Any]]] = {}
    for run in sidecar["runs"]:
        for phase in run["guest"].get("phases", ()):
            latency = phase.get("latency")
            for task in latency["tasks"] if latency else ():
                other = task["worker"] is None
                name = _class(task, latency) if other else task["cgroup"]
                groups.setdefault((other, name), []).append(task)
    return [_who(other, name, groups[other, name]) for other, name in sorted(groups)[:_MOST_GROUPS]] or None


def _class(task: Mapping[str, Any], latency: Mapping[str, Any]) -> str:
    return _CLASSES.get(task["policy"], "ext" if latency.get("ext") else "fair")


def _who(other: bool, name: str, tasks: Sequence[Mapping[str, Any]]) -> Who:
    who = f"others in {plain(name, 20)}" if other else plain(name, 40) or "workers"
    number = len({(task["worker"], task["pid"], task["name"]) for task in tasks})
    return Who(who, number, {what: _durations([task[what] for task in tasks]) for what, _ in _WHAT})


def _durations(several: Sequence[Mapping[str, Any]]) -> Durations:
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
    shown: list[tuple[str, str, list[Line]]] = []
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
        shown.append((plain(name[0], 160), plain(name[1], 40), lines))
    heads = [title for _, title in _WHAT]
    return rendered("latency.html", groups=shown, heads=heads, axis=axis(), left=left)


def _group(key: Key) -> tuple[str, str]:
    return key.test, key.topology


def _longest(tests: Sequence[Test]) -> int:
    return max(_of(who) for test in tests for who in test.kept[SECTION.name])


def _of(who: Who) -> int:
    return who.durations["waited"].longest_ns


def _lines(tests: Sequence[Test], page: Page) -> Iterator[Line]:
    """Whose, where, and the durations: the same cgroup of all runs, kernels and schedulers side by side."""
    who = {one.name: None for test in tests for one in test.kept[SECTION.name]}
    several = {test.scheduler for test in tests}
    seeds = {test.seed for test in tests}
    for name in who:
        for test in sorted(tests, key=lambda one: (one.scheduler, one.column, one.seed)):
            own = next((one for one in test.kept[SECTION.name] if one.name == name), None)
            if own is not None:
                where = [page.title_of(test.column)]
                where += [plain(test.scheduler, 40)] if len(several) > 1 or len(page.columns) == 1 else []
                where += [f"seed {test.seed}"] if len(seeds) > 1 else []
                yield (
                    f"{own.name} ({own.tasks})",
                    ", ".join(where),
                    [_cell(own.durations[what]) for what, _ in _WHAT],
                )


def _cell(one: Durations) -> tuple[Markup, str, int] | None:
    if not one.count:
        return None
    text = f"{duration(one.p50_ns)} · {duration(one.p99_ns)} · {duration(one.longest_ns)}"
    return span(one.p50_ns, one.p99_ns, one.p999_ns, one.longest_ns), text, one.count


SECTION = Section("latency", "Latency", html, keep)
"""Latency."""
