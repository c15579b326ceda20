"""How long each test and each cell of a sweep took: files of the results that later sessions estimate by.

Losing one loses no result.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from ktstr.base.cache import locked
from ktstr.base.results import results_dir
from ktstr.report.case import Case
from ktstr.report.console import remembered
from ktstr.report.sidecar import write_json

__all__ = ["CELLS", "keep_timings", "read_timings"]

CELLS = "cell-timings.json"
"""The file of a sweep's cells."""
_TESTS = "timings.json"
_MOST = 20_000  # tests; the ones that ran longest ago go first


def read_timings(root: Path, name: str = _TESTS) -> dict[str, int]:
    """The host milliseconds that each test of the project at `root` took when it last ran, by pytest's id.

    `name` CELLS: that of each cell, by its name. Empty if nothing is known.
    """
    try:
        data = json.loads((results_dir(root) / name).read_text(encoding="ascii"))
        known = data["wall_ms"]
        return {name: ms for name, ms in known.items() if isinstance(ms, int) and ms > 0}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def keep_timings(root: Path, cases: Iterable[Case], name: str = _TESTS) -> None:
    """Add what these cases took. A case whose results were remembered took no time that says anything.

    Without the boot of a guest that is kept: the next session finds it. OSError if the file cannot be written.
    """
    new = {
        case.nodeid: max(1, round(1000 * (case.wall_s - _booted_s(case))))
        for case in cases
        if case.outcome in ("passed", "failed", "inconclusive") and case.runs and not remembered(case)
    }
    if not new:
        return
    results = results_dir(root)
    with locked(results / ".lock", "another session moving its results into place"):
        old = {one: ms for one, ms in read_timings(root, name).items() if one not in new}
        merged = list({**old, **new}.items())[-_MOST:]
        write_json(results / name, {"schema": 1, "wall_ms": dict(merged)})


def _booted_s(case: Case) -> float:
    return sum(float(run["result"].get("template_boot_s", 0.0)) for run in case.runs)
