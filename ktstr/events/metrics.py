"""The numbers in a payload's output, which is input from outside: whatever it is, there is a number or a reason."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ktstr.base.values import shown
from ktstr.events.patterns import Found, find_all
from ktstr.events.payload import PayloadRun
from ktstr.events.phase import Phase
from ktstr.scenario.metric import Better, Metric, json_steps
from ktstr.scenario.payload import Payload

__all__ = ["MetricValue", "read_metrics"]

_MOST = 100_000  # elements that a path with a * may lead to


@dataclass(frozen=True)
class MetricValue:
    """A number that a payload printed, or why there is none."""

    payload: str
    """The payload's name."""
    name: str
    """The metric's name."""
    value: float | None
    """The number; None if there is none."""
    unit: str
    """Its unit."""
    better: Better
    """Which direction is better: `lower`, `higher`; empty: neither."""
    phase: str = ""
    """The phase in which the payload ended; empty for a scenario without steps."""
    why: str = ""
    """Why there is no number; empty if there is one."""

    def __str__(self) -> str:
        if self.value is None:
            return f"{self.payload} {self.name}: {self.why}"
        return f"{self.payload} {self.name}: {self.value:.6g}{f' {self.unit}' if self.unit else ''}"


class _Lacks(Exception):
    """There is no number; the message says why."""


def read_metrics(phases: Sequence[Phase], payloads: Mapping[str, Payload]) -> tuple[MetricValue, ...]:
    """The metrics of each payload that has ended, phase by phase; `payloads` are the declared ones, by name."""
    ended = [
        (phase.name, run, payloads[run.name], metric)
        for phase in phases
        for run in phase.payloads
        if run.ended and run.name in payloads
        for metric in payloads[run.name].metrics
    ]
    patterns = [(metric.pattern, _text(run, metric)) for _, run, _, metric in ended if metric.pattern]
    found = iter(find_all(patterns) if patterns else ())
    return tuple(
        _value(phase, run, payload, metric, next(found) if metric.pattern else None)
        for phase, run, payload, metric in ended
    )


def _text(run: PayloadRun, metric: Metric) -> str:
    if metric.stream == "both":
        return f"{run.stdout}\n{run.stderr}"
    return run.stdout if metric.stream == "stdout" else run.stderr


def _value(phase: str, run: PayloadRun, payload: Payload, metric: Metric, found: Found) -> MetricValue:
    value, why = None, ""
    try:
        if metric.pattern:
            value = _taken(_matched(metric, found), metric)
        else:
            value = _taken(_at_path(metric, _text(run, metric)), metric)
    except _Lacks as error:
        why = str(error)
    return MetricValue(payload.name, metric.name, value, metric.unit, metric.better, phase, why)


def _matched(metric: Metric, found: Found) -> list[float]:
    if found is None:
        raise _Lacks(f"pattern {shown(metric.pattern)} takes too long on {_name(metric)}")
    if not found:
        raise _Lacks(f"no line of {_name(metric)} matches {shown(metric.pattern)}")
    return [_number(one) for one in found]


def _name(metric: Metric) -> str:
    return "stdout and stderr" if metric.stream == "both" else metric.stream


def _at_path(metric: Metric, text: str) -> list[float]:
    steps = json_steps(metric.json)
    values = list(_walk(_document(metric, text), steps, metric.json))
    if not values:
        raise _Lacks(f"json {metric.json}: is empty in {_name(metric)}")
    return [_number(one) for one in values]


def _document(metric: Metric, text: str) -> Any:
    """The JSON document in `text`: all of it, or from the first line on that begins one."""
    decoder = json.JSONDecoder()
    try:
        stripped = text.lstrip()
        if not stripped.startswith(("{", "[")):
            at = min((at for at in (text.find("\n{"), text.find("\n[")) if at >= 0), default=-1)
            if at < 0:
                raise _Lacks(f"{_name(metric)} has no JSON")
            stripped = text[at + 1 :]
        return decoder.raw_decode(stripped)[0]
    except (ValueError, RecursionError) as error:
        raise _Lacks(f"{_name(metric)} is not JSON: {shown(str(error))}") from None


def _walk(document: Any, steps: Sequence[str | int | None], path: str) -> Iterator[Any]:
    """What the path leads to; _Lacks for a step that is not there."""
    here = [document]
    for step in steps:
        if step is None:
            here = [one for some in here for one in _elements(some, path)]
            if len(here) > _MOST:
                raise _Lacks(f"json {path}: leads to more than {_MOST} elements")
        else:
            here = [_step(one, step, path) for one in here]
    yield from here


def _elements(value: Any, path: str) -> Sequence[Any]:
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, list):
        return value
    raise _Lacks(f"json {path}: * is for a list or an object, and there is {shown(value)}")


def _step(value: Any, step: str | int, path: str) -> Any:
    try:
        if isinstance(value, dict):
            return value[str(step)]
        if isinstance(value, list) and isinstance(step, int):
            return value[step]
    except (KeyError, IndexError):
        pass
    raise _Lacks(f"json {path}: {shown(step)} is not in {shown(value)}")


def _number(value: object) -> float:
    """A number, also as a text; _Lacks for anything else, and for what is not finite."""
    try:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError
        number = float(value)
        if not math.isfinite(number):
            raise ValueError
    except (ValueError, OverflowError):
        raise _Lacks(f"{shown(value)} is no number") from None
    return number


def _taken(values: Sequence[float], metric: Metric) -> float:
    if metric.take == "first":
        return values[0]
    if metric.take == "last":
        return values[-1]
    try:
        if metric.take == "mean":
            return math.fsum(values) / len(values)
        if metric.take == "sum":
            return math.fsum(values)
        return min(values) if metric.take == "min" else max(values)
    except OverflowError:
        raise _Lacks(f"the {metric.take} of its {len(values)} values is no finite number") from None
