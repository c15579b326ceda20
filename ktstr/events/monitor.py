"""What the monitor sampled, as series of numbers: one for each quantity, over all phases of a run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ktstr.scenario.operations.monitor import MOST_SAMPLES, MOST_SAMPLES_OF_CPUS

__all__ = ["Samples", "read_lacks", "read_samples"]


Number = int | float
_VARIABLE = "variable"
_DEEPEST = 8  # objects within objects of a scheduler's own statistics
_MOST_STATS = 512  # numbers of one answer
_MOST_NUMBERS = (
    2**23
)  # of all series together: a guest may say that it has more CPUs, DSQs and names than it samples


@dataclass(frozen=True)
class Samples:
    """What the monitor sampled. Times are guest ns since boot."""

    period_ns: int
    """The time between two samples."""
    cpus: int
    """How many CPUs were sampled."""
    at_ns: tuple[int, ...]
    """When each sample was taken."""
    phases: tuple[str, ...]
    """The phase of each sample; empty for a scenario without steps."""
    series: Mapping[str, tuple[int | float | None, ...]] = field(default_factory=dict, hash=False)
    """The number of each sample, by the name of the quantity; None if there was none at that time."""

    def of_phase(self, name: str) -> Samples:
        """The samples of one phase."""
        kept = [number for number, phase in enumerate(self.phases) if phase == name]
        return Samples(
            self.period_ns,
            self.cpus,
            tuple(self.at_ns[number] for number in kept),
            tuple(self.phases[number] for number in kept),
            {
                one: tuple(values[number] for number in kept)
                for one, values in self.series.items()
                if any(values[number] is not None for number in kept)
            },
        )


@dataclass
class _Reading:
    """What the events said so far of the hold that they are about."""

    cpus: int = 0
    dsqs: Sequence[int] = ()
    columns: dict[int, tuple[str, bool]] = field(default_factory=dict)
    stats: dict[str, Number] = field(default_factory=dict)


def read_samples(events: Sequence[Mapping[str, Any]]) -> Samples | None:
    """The samples among a guest's events; None if nothing was to be sampled. More than a run may have are left out."""
    period_ns, phase = 0, ""
    reading = _Reading()
    at_ns: list[int] = []
    phases: list[str] = []
    rows: list[dict[str, Number]] = []
    for event in events:
        match event.get("ev"):
            case "phase":
                phase = event["name"]
            case "monitor":
                period_ns, reading = event["period_ns"], _Reading(event["cpus"])
            case "monitor_dsqs":
                reading.dsqs = event["ids"]
            case "monitor_column":
                reading.columns[event["column"]] = (_named(event), bool(event.get("signed")))
            case "stats":
                reading.stats = dict(_numbers(event["text"]))
            case "sample":
                if len(rows) == MOST_SAMPLES or (len(rows) + 1) * reading.cpus > MOST_SAMPLES_OF_CPUS:
                    break
                at_ns.append(event["at_ns"])
                phases.append(phase)
                rows.append(_row(event, reading))
                reading.stats = {}
    if not period_ns:
        return None
    names = list(dict.fromkeys(name for row in rows for name in row))
    names = names[: _MOST_NUMBERS // max(1, len(rows))]
    series = {name: tuple(row.get(name) for row in rows) for name in names}
    return Samples(period_ns, reading.cpus, tuple(at_ns), tuple(phases), series)


def read_lacks(events: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
    """The variables that were asked for and never found, each with the reason."""
    found = {
        event["name"]
        for event in events
        if event.get("ev") == "monitor_column" and event["source"] == _VARIABLE
    }
    return {
        event["name"]: event["why"]
        for event in events
        if event.get("ev") == "monitor_lacks" and event["name"] not in found
    }


def _named(event: Mapping[str, Any]) -> str:
    name: str = event["name"]
    return name if event["source"] == _VARIABLE else f"{event['source']}.{name}"


def _row(event: Mapping[str, Any], reading: _Reading) -> dict[str, Number]:
    """The numbers of one sample by name; a list that is longer than it should be is cut."""
    row: dict[str, Number] = {}
    running, local = event.get("running", ()), event.get("local", ())
    idle, claimable = frozenset(event.get("idle", ())), event.get("claimable")
    row["runnable"] = sum(running)
    row["idle_cpus"] = len(idle)
    row["queued"] = sum(local) + sum(event.get("dsqs", ()))
    for key, values in (("runnable", running), ("local_dsq", local), ("switches", event.get("switches", ()))):
        row |= {f"cpu{cpu}.{key}": value for cpu, value in zip(range(reading.cpus), values, strict=False)}
    for key, chosen in (("idle", idle), ("claimable", claimable)):
        if chosen is not None:
            row |= {f"cpu{cpu}.{key}": int(cpu in chosen) for cpu in range(reading.cpus)}
    row |= {f"dsq{one}.depth": depth for one, depth in zip(reading.dsqs, event.get("dsqs", ()), strict=False)}
    missing = frozenset(event.get("missing", ()))
    for number, value in enumerate(event.get("values", ())):
        if number in reading.columns and number not in missing:
            name, signed = reading.columns[number]
            row[name] = value - 2**64 if signed and value >= 2**63 else value
    return row | {f"stats.{name}": value for name, value in reading.stats.items()}


def _numbers(text: str) -> Iterator[tuple[str, Number]]:
    """The numbers of an answer of scx_stats, by the path of their names; nothing if it is none, or an error."""
    try:
        answer = json.loads(text)
        numbers = list(_flat(answer["args"]["resp"], "", _DEEPEST)) if answer["errno"] == 0 else []
    except (ValueError, KeyError, TypeError, RecursionError):
        return
    yield from numbers[:_MOST_STATS]


def _flat(value: Any, path: str, depth: int) -> Iterator[tuple[str, Number]]:
    if isinstance(value, bool):
        yield path, int(value)
    elif isinstance(value, int | float):
        # JSON has no such number, but Python's reader takes it.
        if value == value and abs(value) < 2**64:
            yield path, value
    elif depth and isinstance(value, dict | list):
        parts = value.items() if isinstance(value, dict) else enumerate(value)
        for name, part in parts:
            yield from _flat(part, f"{path}.{name}" if path else str(name), depth - 1)
