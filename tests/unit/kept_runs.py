"""Runs in a project's history, made by hand, for tests of what reads them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from report_case import VERSIONS, a_case

from ktstr.report.about import about_cases, about_session
from ktstr.report.case import Case
from ktstr.report.history import keep_run, stamp_of
from ktstr.report.rundir import Project
from ktstr.report.sidecar import file_stem, sidecar, write_json

__all__ = ["BEGIN", "a_record", "keep"]

BEGIN = datetime(2026, 11, 29, 2, 40, 38, 770350, UTC)
_RECORDED = Path(__file__).parent / "data" / "sidecars" / "passed-0.1.0.json"


def a_record(**changes: Any) -> dict[str, Any]:
    """A VM run as a sidecar has it, with `changes`."""
    record: dict[str, Any] = json.loads(_RECORDED.read_text())["runs"][0]
    return {**record, **changes}


def keep(
    root: Path, cases: Sequence[Case], begin: datetime = BEGIN, *, name: str = "7.0.13", dirty: bool = False
) -> Path:
    """Keep a run of these cases in the history of the project at `root`, and return its folder."""
    project = Project(VERSIONS.commit, dirty)
    folder = root / "made"
    folder.mkdir(parents=True)
    for case in cases:
        write_json(folder / f"{file_stem(case.nodeid)}.json", sidecar(case, VERSIONS))
    about = {
        "schema": 1,
        "name": f"{name}-{project.label}",
        "started": begin.isoformat(),
        **about_session(VERSIONS, cases, "complete"),
        "tests": about_cases(cases or [a_case()]),
    }
    about["project"] = {"commit": project.commit, "dirty": dirty}
    write_json(folder / "run.json", about)
    return keep_run(root / "target" / "ktstr", folder, f"{name}-{project.label}", stamp_of(begin))
