"""Sidecars that somebody else gives to `replay`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

from fuzz_target import Target

from ktstr.run.replay import (
    Recorded,
    crashed_run,
    differences,
    dump_lines,
    read_sidecar,
    replay_arguments,
    replay_status,
    replayed_sidecar,
)

__all__ = ["SIDECARS", "changed", "parts"]

_DATA = Path(__file__).parents[1] / "unit" / "data"
_VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 7, 2**64, 1.5, 1e400, "", "-h", "--co", "../x::y", "/etc/x.py::y", "a.py::b[c]"),
    *("x\n", "\x1b[2J", "\ud800", "7.0.13", "1n2l4c1t", "1n1l1c", "real", "virtual", "a/../../b", "~root/x"),
    *([], {}, [1], {"a": 1}, [[]], "9" * 5000),
)


def _run(data: bytes, folder: Path) -> None:
    path = folder / "target" / "ktstr" / "7.0.13-nogit" / "smoke.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    recorded = read_sidecar(path)
    arguments = replay_arguments(recorded)
    assert recorded.root == folder
    # It is an argument of pytest's, and must be neither an option nor lead out of the project.
    assert not arguments[0].startswith("-")
    assert "::" in arguments[0]
    assert all(isinstance(one, str) and one.isprintable() for one in arguments), arguments
    assert replayed_sidecar(recorded, "nogit").is_relative_to(folder)
    _compare(recorded, path)


def _compare(recorded: Recorded, path: Path) -> None:
    """With what a replay would have left: the file itself, and another's."""
    for after in (recorded.data, json.loads(_seeds()[0])):
        changes = differences(recorded.data, after)
        assert all(isinstance(line, str) for line in changes)
        replay_status(0, recorded.data, after, changes)
        dump_lines(recorded, path, after)
    crashed_run(path, recorded.data)


def parts(value: Any) -> list[tuple[Any, Any]]:
    """Each place in a JSON document: what holds it, and its key or index there."""
    found: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting:
        one = waiting.pop()
        keys: Sequence[Any] = (
            list(one) if isinstance(one, dict) else range(len(one)) if isinstance(one, list) else ()
        )
        found += [(one, key) for key in keys]
        waiting += [one[key] for key in keys]
    return found


def changed(data: bytes, chance: Random) -> bytes:
    """The document with one to three of its values changed, removed or exchanged, its upper parts most often."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return data
    for _ in range(chance.randint(1, 3)):
        places = parts(document)
        if not places:
            break
        some = places[:16] if chance.random() < 0.5 else places
        (holder, key), (other, its) = chance.choice(some), chance.choice(places)
        match chance.randrange(4):
            case 0:
                del holder[key]
            case 1:
                holder[key] = json.loads(json.dumps(other[its]))
            case _:
                holder[key] = chance.choice(_VALUES)
    return json.dumps(document).encode()


def _seeds() -> list[bytes]:
    whole = json.loads((_DATA / "sidecars" / "passed-0.1.0.json").read_text())
    earlier = json.loads((_DATA / "previous" / "sidecar.json").read_text())
    made = [whole, earlier]
    for document in made:
        document.pop("report", None)
    minimal = {
        "schema": 1,
        "nodeid": "tests/test_mine.py::steady[7.0]",
        "test": "steady[7.0-seed7]",
        "outcome": "failed",
        "kernel": {"version": "7.0.13", "image_sha256": "ab"},
        "topology": "1n2l4c1t",
        "seed": 7,
        "perturb": False,
        "clock": "virtual",
        "runs": [
            {
                "job": {"digest": "job"},
                "result": {"qemu_version": "7.2.22", "events_sha256": "aa"},
                "guest": {"scheduler_exit": {"kind": "error"}, "kernel_bugs": [{"kind": "panic"}]},
                "dump": "smoke.dump.txt",
            }
        ],
    }
    return [json.dumps(one).encode() for one in (minimal, *made)]


SIDECARS = Target("sidecars", _seeds, _run, changed)
"""A test's JSON file, from a stranger."""
