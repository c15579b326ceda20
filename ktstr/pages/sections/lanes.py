"""Who ran where: a lane for each CPU, from the events that the flight recorder kept before a scheduler's exit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from ktstr.events.flight import FAILED
from ktstr.pages.page import Page, Section
from ktstr.pages.render import rendered
from ktstr.pages.words import duration, nanoseconds, plain

__all__ = ["SECTION", "Flight", "Turn", "turns_of"]

_MOST_TESTS, _MOST_CPUS, _MOST_SWITCHES, _MOST_LISTED = 12, 16, 72, 60
_WIDTH, _LANE, _LEFT = 1180, 26, 58
_COLOURS = 8
_PLACES = 5
_SWITCH = re.compile(r".* -> (?:(?P<idle>idle)|(?P<task>.+)\[\d+\])")


@dataclass(frozen=True)
class Event:
    """An event of the flight recorder."""

    cpu: int
    at_ns: int
    kind: str
    task: str
    """The task that had the CPU; empty if it was idle."""
    what: str


@dataclass(frozen=True)
class Flight:
    """The last events of a run, in their order."""

    events: Sequence[Event]
    began_ns: int
    ended_ns: int
    exited: bool
    """Whether the scheduler left; else the recording just ended."""
    failed_cpu: int | None
    """The CPU on which it failed, if that is known."""


@dataclass(frozen=True)
class Turn:
    """A task's time on a CPU."""

    cpu: int
    task: str
    began_ns: int
    ended_ns: int


def keep(sidecar: Mapping[str, Any]) -> Flight | None:
    """The events of the run, or of the second one that was made to record them."""
    for run in sidecar["runs"]:
        second = (run.get("repro") or {}).get("run") or {}
        for guest in (run["guest"], second.get("guest", {})):
            if guest.get("flight"):
                return _flight(guest["flight"], guest.get("scheduler_exit"))
    return None


def _flight(records: Sequence[Mapping[str, Any]], left: Mapping[str, Any] | None) -> Flight:
    events = [
        Event(
            cpu=nanoseconds(one["cpu"]),
            at_ns=nanoseconds(one["at_ns"]),
            kind=plain(one["kind"], 24),
            task=plain(one["task"], 24) if one["pid"] else "",
            what=plain(one["what"], 120),
        )
        for one in records
    ]
    events.sort(key=lambda event: event.at_ns)
    failed = next((event for event in events if event.kind == FAILED), None)
    if failed is not None:
        events = [event for event in events if event.at_ns <= failed.at_ns]
    switches = [number for number, event in enumerate(events) if event.kind == "switch"]
    # All that was recorded may be half a second in which the setting up is most.
    events = events[switches[-_MOST_SWITCHES] :] if len(switches) > _MOST_SWITCHES else events
    cpu = failed.cpu if failed else (left or {}).get("cpu")
    return Flight(events, events[0].at_ns, events[-1].at_ns, bool(failed or left), cpu)


def turns_of(flight: Flight) -> list[Turn]:
    """Who had each CPU from when to when, as its switches say; idle times are left out."""
    turns: list[Turn] = []
    for cpu in sorted({event.cpu for event in flight.events}):
        own = [event for event in flight.events if event.cpu == cpu]
        task, began = own[0].task, flight.began_ns
        for event in own:
            if event.kind == "switch" and (switch := _SWITCH.fullmatch(event.what)):
                turns += [Turn(cpu, task, began, event.at_ns)] if task and event.at_ns > began else []
                task, began = switch["task"] or "", event.at_ns
        turns += [Turn(cpu, task, began, flight.ended_ns)] if task else []
    return turns


def html(page: Page) -> Markup:
    """A chart for each test that has events; empty if none has."""
    tests = [test for test in page.tests if test.kept.get(SECTION.name)]
    if not tests:
        return Markup("")
    charts = [
        (test, page.title_of(test.column), *_chart(test.kept[SECTION.name])) for test in tests[:_MOST_TESTS]
    ]
    return rendered("lanes.html", charts=charts, left=len(tests) - _MOST_TESTS)


def _chart(flight: Flight) -> tuple[Markup, list[tuple[str, str, str, str]], str]:
    """The chart, its last events as rows, and what it shows in words."""
    cpus = sorted({event.cpu for event in flight.events})[:_MOST_CPUS]
    length = max(1, flight.ended_ns - flight.began_ns)

    def x(ns: int) -> float:
        return _LEFT + (_WIDTH - _LEFT) * (ns - flight.began_ns) / length

    turns = [turn for turn in turns_of(flight) if turn.cpu in cpus]
    colours = {task: number % _COLOURS for number, task in enumerate(sorted({turn.task for turn in turns}))}
    bars = [
        _bar(turn, x(turn.began_ns), x(turn.ended_ns), cpus.index(turn.cpu) * _LANE, colours[turn.task])
        for turn in turns
    ]
    place = cpus.index(flight.failed_cpu) if flight.failed_cpu in cpus else None
    words = (
        f"{len(cpus)} CPUs, the last {duration(length)} before {'the exit' if flight.exited else 'the end'}"
    )
    marks = [
        (_LEFT + (_WIDTH - _LEFT) * part / _PLACES, duration(length * (_PLACES - part) / _PLACES))
        for part in range(_PLACES + 1)
    ]
    chart = rendered(
        "lanes_chart.html",
        width=_WIDTH,
        left=_LEFT,
        lane=_LANE,
        height=len(cpus) * _LANE,
        cpus=cpus,
        bars=Markup("").join(bars),
        marks=marks,
        failed=place,
        words=words,
    )
    rows = [
        (duration(flight.ended_ns - event.at_ns), str(event.cpu), event.kind, event.what)
        for event in flight.events[-_MOST_LISTED:]
    ]
    return chart, rows, words


def _bar(turn: Turn, left: float, right: float, top: int, colour: int) -> Markup:
    width = max(1.0, right - left - 0.5)
    fits = int((width - 6) / 6.4)  # characters of the chart's font
    name = turn.task.removeprefix("ktstr-")  # a worker: w0
    text = name if len(name) <= fits else name[: fits - 1] + "…" if fits > 2 else ""
    label = (
        Markup('<text x="{:.1f}" y="{}">{}</text>').format(left + 4, top + 17, text) if text else Markup("")
    )
    return Markup(
        '<g><rect class="k{}" x="{:.1f}" y="{}" width="{:.1f}" height="{}" rx="2"><title>{}, {}</title></rect>{}</g>'
    ).format(
        colour, left, top + 3, width, _LANE - 6, turn.task, duration(turn.ended_ns - turn.began_ns), label
    )


SECTION = Section("lanes", "Who ran where", html, keep)
"""Who ran where."""
