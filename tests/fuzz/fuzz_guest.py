"""What a guest says: its events and its console, the maps in a dump, samples and latencies."""

from __future__ import annotations

import base64
import json
import tempfile
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
from fuzz_sidecars import parts
from fuzz_target import Target
from judged_guest import a_context, captured, judged
from mutated_events import mutated

from ktstr import Ctx
from ktstr.events.dump import read_dump, read_snapshots
from ktstr.events.latency import read_latency
from ktstr.events.monitor import read_lacks, read_samples
from ktstr.events.report import read_report
from ktstr.events.stream import parse_events
from ktstr.report.dump import dump_json, map_lines, run_queue_lines
from ktstr.report.latency import latency_lines

__all__ = ["DUMPS", "EVENTS", "SAMPLES"]

_NUMBERS = (
    *(0, 1, 2, 7, 8, 63, 64, 127, 128, 223, 224, 255, 447, 448, 1023, 1024),
    2**31,
    2**32,
    2**63,
    2**64 - 1,
)


@cache
def _context() -> Ctx:
    """Made once: it writes nothing of an input into its folder."""
    folder = Path(tempfile.mkdtemp(prefix="ktstr-fuzz-"))
    return a_context(pytest.MonkeyPatch(), folder)


def _events(data: bytes, _folder: Path) -> None:
    """The input is the stream, a zero byte, and the console."""
    text, _, console = data.decode(errors="replace").partition("\0")
    for status in (33, 0):
        judged(_context(), text, console, status)


def _lines(events: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(event) + "\n" for event in events).encode()


def _objects(data: bytes) -> list[dict[str, Any]]:
    """The events of an input, as far as they are any."""
    found = []
    for line in data.partition(b"\0")[0].splitlines():
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(event, dict) and isinstance(event.get("ev"), str):
            found.append(event)
    return found


def _mutate_events(data: bytes, chance: Random) -> bytes:
    events = _objects(data)
    console = data.partition(b"\0")[2]
    return (mutated(events, chance).encode(errors="replace") if events else data) + b"\0" + console


def _event_seeds() -> list[bytes]:
    return [
        _lines(events) + b"\0[    1.000001] Kernel panic - not syncing: x\n" for events in captured().values()
    ]


def _dumps(data: bytes, _folder: Path) -> None:
    events = parse_events(data.decode(errors="replace"))
    for dump in (read_dump(events), *read_snapshots(events)):
        if dump is not None:
            json.dumps(dump_json(dump, {}), allow_nan=False)
            map_lines(dump)
            if dump.run_queues:
                run_queue_lines(dump.run_queues)


def _mutate_dump(data: bytes, chance: Random) -> bytes:
    """Numbers and texts as in any stream; and the bytes that events carry in base64."""
    events = _objects(data)
    carrying = [event for event in events if isinstance(event.get("data"), str)]
    if not carrying or chance.random() < 0.3:
        return _mutate_events(data, chance).partition(b"\0")[0]
    for _ in range(chance.randint(1, 3)):
        event = chance.choice(carrying)
        try:
            content = bytearray(base64.b64decode(event["data"]))
        except ValueError:
            continue
        for _ in range(chance.randint(1, 8)):
            at = chance.randrange(len(content) or 1) & ~chance.choice((0, 3))
            content[at : at + 4] = chance.choice(
                (chance.choice(_NUMBERS) % 2**32, chance.randrange(999))
            ).to_bytes(4, "little")
        event["data"] = base64.b64encode(bytes(content[:12000])).decode()
    return _lines(events)


def _dump_seeds() -> list[bytes]:
    """Of the captured dump each map by itself, with the types that a small object has."""
    from fuzz_objects import KINDS

    blob = base64.b64decode(KINDS["btf"])
    types = [
        {"ev": "dump_types", "t": 3, "id": 1, "at": 0, "data": base64.b64encode(blob).decode()},
        {"ev": "dump_object", "t": 3, "id": 1, "bytes": len(blob), "whole": 1},
    ]
    seeds = []
    ways = (
        ("index", 1, 0),
        ("key", 1, 0),
        ("task", 29, 0),
        ("cgroup", 32, 0),
        ("index", 6, 2),
        ("none", 27, 0),
    )
    for number, (by, type_, cpus) in enumerate(ways):
        shape = {
            "id": 7,
            "type": type_,
            "name": "m.bss",
            "key_bytes": 4,
            "value_bytes": 16,
            "entries": 9,
            "btf": 1,
        }
        counts = {"cpus": cpus, "by": by, "count": 3, "more": 0, "read": 3, "bytes": 240}
        one = {"ev": "dump_map", "t": 3, **shape, "key_type": 2, "value_type": number * 5, **counts}
        content = {
            "ev": "dump_data",
            "t": 3,
            "id": 7,
            "at": 0,
            "data": base64.b64encode(bytes(range(240))).decode(),
        }
        why = "snapshot" if number % 2 else "asked"
        seeds.append(
            _lines(
                [
                    {"ev": "dump", "t": 2, "why": why, "title": "one"},
                    *types,
                    content,
                    one,
                    {"ev": "dumped", "t": 4},
                ]
            )
        )
    return seeds


def _samples(data: bytes, _folder: Path) -> None:
    events = parse_events(data.decode(errors="replace"))
    read_lacks(events)
    read_latency(events)
    samples = read_samples(events)
    if samples is not None:
        for phase in set(samples.phases):
            samples.of_phase(phase)
    report = read_report(events)
    json.dumps(report.as_json(), allow_nan=False)
    latency_lines(report.phases)


def _mutate_samples(data: bytes, chance: Random) -> bytes:
    """A number of any list, or of any field, changed; a list longer or shorter; an event twice."""
    events = _objects(data)
    if not events or chance.random() < 0.2:
        return _mutate_events(data, chance).partition(b"\0")[0]
    for _ in range(chance.randint(1, 4)):
        holder, key = chance.choice(parts(events))
        value = holder[key]
        if isinstance(value, int):
            holder[key] = chance.choice((*_NUMBERS, value + 1, chance.randrange(2**20)))
        elif isinstance(value, list):
            holder[key] = value[: chance.randrange(len(value) + 1)] + value[: chance.choice((0, 1, 5))]
        elif isinstance(value, dict):
            events.insert(chance.randrange(len(events) + 1), dict(value))
        elif isinstance(value, str) and value.startswith("{"):
            holder[key] = value.replace(
                chance.choice(value), chance.choice(("", "1e999", "[", "{}", "NaN", "null")), 1
            )
    return _lines(events)


def _sample_seeds() -> list[bytes]:
    stats = {
        "errno": 0,
        "args": {"resp": {"nr": 3, "share": 0.5, "cgroups": {"a": {"on": True}}, "list": [1, 2]}},
    }
    monitored: list[dict[str, Any]] = [
        {"ev": "begin", "t": 1},
        {"ev": "phase", "t": 2, "name": "one"},
        {"ev": "monitor", "t": 2, "period_ns": 1000, "cpus": 2},
        {"ev": "monitor_dsqs", "t": 2, "ids": [7, 2**63]},
        {"ev": "monitor_column", "t": 2, "column": 0, "source": "variable", "name": "nr", "signed": 1},
        {"ev": "monitor_lacks", "t": 2, "name": "gone", "why": "there is none"},
        {"ev": "stats", "t": 3, "text": json.dumps(stats)},
    ]
    for number in range(3):
        lists = {"running": [1, number], "switches": [5, 6], "local": [0, 1], "idle": [1], "claimable": [0]}
        monitored.append(
            {
                "ev": "sample",
                "t": 4,
                "at_ns": 1000 * number,
                **lists,
                "dsqs": [3, 4],
                "values": [2**64 - 1],
                "missing": [],
            }
        )
    hold = {"ev": "hold", "t": 9, "began_ns": 1, "asked_ns": 10, "held_ns": 10}
    worker = {
        "ev": "worker",
        "t": 8,
        "index": 0,
        "cgroup": "cg",
        "kind": "bursty",
        "wall_ns": 9,
        "slept_ns": 1,
    }
    worker |= {"gap_ns": 3, "gaps": [0, 1, 2], "iterations": 5, "migrations": 0, "cpus": "0,1"}
    latency = {
        "ev": "latency",
        "t": 8,
        "index": 0,
        "pid": 9,
        "comm": "work",
        "policy": 7,
        "nice": 0,
        "kernel": 0,
    }
    latency |= {
        "run_ns": 9,
        "wait_ns": 8,
        "woken_ns": 7,
        "voluntary": 2,
        "involuntary": 1,
        "migrations": [1, 2, 3],
    }
    latency |= {
        "llc_ns": [4, 5],
        "run": [3, 2, 99, 1],
        "wait": [223, 7],
        "woken": [0, 1],
        "wait_most_ns": 4000,
    }
    latency |= {"idle_ns": 5, "idle_most_ns": 4, "idle_most_at_ns": 3, "idle_most_cpu": 1, "waiting_ns": 2}
    others = {**latency, "index": 1, "comm": "others", "pid": 0}
    return [
        _lines([*monitored, hold]),
        _lines(
            [
                {"ev": "phase", "t": 2, "name": "one"},
                worker,
                latency,
                others,
                {"ev": "wasted", "t": 8, "ns": 5},
                hold,
            ]
        ),
    ]


EVENTS = Target("events", _event_seeds, _events, _mutate_events)
"""A whole stream, as a test's run judges it."""
DUMPS = Target("dumps", _dump_seeds, _dumps, _mutate_dump)
"""The maps of a dump, with their types, to its text."""
SAMPLES = Target("samples", _sample_seeds, _samples, _mutate_samples)
"""The monitor's samples and the observer's histograms."""
