"""How tests ended in earlier runs. Of their sidecars only the first lines are read."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from ktstr.base.from_json import from_json
from ktstr.compare.runs import Run
from ktstr.pages.page import Past, Test
from ktstr.report.schema import Outcome

__all__ = ["MOST", "earlier_runs", "pasts_of"]

MOST = 20
"""How many earlier runs of a test a page shows."""
_MOST_SEARCHED = 200  # many runs are of a few tests
_FIRST_BYTES = 8192
# After these fields come the VM runs, which are nearly all of a sidecar (ktstr.report.sidecar writes them in order).
_HEAD = re.compile(rb'\n  "runs": \[')


class _Timings(msgspec.Struct):
    wall_s: float


class _Brief(msgspec.Struct):
    nodeid: str
    outcome: Outcome
    timings: _Timings


def earlier_runs(runs: Sequence[Run], shown: Sequence[Run]) -> list[Run]:
    """The runs before the first that is `shown`, the oldest first: of its kind, and not of other machines.

    None of those that are shown is among them.
    """
    newest = shown[0]
    hidden = {part.path.resolve() for run in shown for part in run.parts}
    return [
        run
        for run in runs
        if run.stamp < newest.stamp
        and run.sweep == newest.sweep
        and run.imported == newest.imported
        and not any(part.path.resolve() in hidden for part in run.parts)
    ]


def pasts_of(tests: Sequence[Test], runs: Sequence[Run], most: int = MOST) -> Mapping[str, Sequence[Past]]:
    """How each test ended in the newest of these runs that had it, `most` at most, the oldest first, by its id.

    A sidecar that cannot be read is none.
    """
    found: dict[str, list[Past]] = {test.nodeid: [] for test in tests}
    wanted = {f"{test.stem}.json": test.nodeid for test in tests}
    for number in reversed(range(max(0, len(runs) - _MOST_SEARCHED), len(runs))):
        for part in runs[number].parts:
            for name in _names(part.path) & wanted.keys():
                nodeid = wanted[name]
                if len(found[nodeid]) < most and (past := _past(part.path / name, nodeid, number)):
                    found[nodeid].append(past)
    return {nodeid: pasts[::-1] for nodeid, pasts in found.items() if pasts}


def _names(folder: Path) -> set[str]:
    try:
        return {entry.name for entry in os.scandir(folder)}
    except OSError:
        return set()


def _past(path: Path, nodeid: str, run: int) -> Past | None:
    try:
        brief = _read(path)
    except (OSError, ValueError):
        return None
    if brief.nodeid != nodeid or not 0 <= brief.timings.wall_s < 1e9:
        return None
    return Past(run, brief.outcome, brief.timings.wall_s)


def _read(path: Path) -> _Brief:
    with path.open("rb") as file:
        data = file.read(_FIRST_BYTES)
        if begin := _HEAD.search(data):
            return from_json(data[: begin.start()].rstrip().rstrip(b",") + b"}", _Brief)
        return from_json(data + file.read(), _Brief)
