"""A monitor's events made by hand, and series."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ktstr.checks.series import Sample, Series

__all__ = ["MS", "sampled", "series"]

MS = 1_000_000
Event = dict[str, Any]


def sampled(*samples: Event, period_ms: int = 10, cpus: int = 2, columns: Sequence[str] = ()) -> list[Event]:
    """The events of a hold with these samples; `columns` are the names of the numbers in `values`."""
    events: list[Event] = [
        {"ev": "monitor", "period_ns": period_ms * MS, "cpus": cpus},
        {"ev": "monitor_dsqs", "ids": [0, 7], "more": 0},
    ]
    for number, name in enumerate(columns):
        source, _, rest = name.rpartition(" ")
        events.append({"ev": "monitor_column", "column": number, "source": source, "name": rest, "signed": 1})
    for number, one in enumerate(samples, 1):
        idle: list[int] = []
        events.append(
            {"ev": "sample", "at_ns": number * period_ms * MS, "running": [1, 2], "idle": idle, **one}
        )
    return events


def series(*values: float, name: str = "depth", phases: Sequence[str] = ()) -> Series:
    """A number every 10 ms; `phases` has a name for each, none for a scenario without steps."""
    names = list(phases) or [""] * len(values)
    began = {name: names.index(name) * 10 * MS for name in names}
    samples = [
        Sample(number * 10 * MS, number * 10 * MS - began[phase], value, phase)
        for number, (value, phase) in enumerate(zip(values, names, strict=True))
    ]
    return Series(name, tuple(samples), phases=tuple(dict.fromkeys(names)))
