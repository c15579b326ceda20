"""What a run says about itself in `run.json`, so that a list of runs need not read their sidecars."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from ktstr.report.about_schema import AboutTests, ProjectRecord
from ktstr.report.case import Case, Versions
from ktstr.report.host import host_record

__all__ = ["about_cases", "about_session"]


def about_session(versions: Versions, cases: Sequence[Case], status: str) -> dict[str, object]:
    """What holds for every kernel of a session: how it ended, the project and the host."""
    project: ProjectRecord = {"commit": versions.commit, "dirty": versions.dirty}
    if versions.branch is not None:
        project["branch"] = versions.branch
    emulator = next((case.emulator for case in cases if case.emulator), "")
    return {"status": status, "project": project, "host": host_record(versions.ktstr, emulator)}


def about_cases(cases: Sequence[Case]) -> AboutTests:
    """The tests of a folder in short; there is at least one."""
    begin = min(case.started for case in cases)
    end = max(case.started + case.wall_s for case in cases)
    return {
        "outcomes": dict(Counter(case.outcome for case in cases)),
        "kernels": _distinct(case.kernel.version for case in cases),
        "schedulers": _distinct(case.title for case in cases),
        "topologies": _distinct(case.topology for case in cases),
        "seeds": sorted({case.seed for case in cases}),
        "clocks": _distinct(case.clock for case in cases if case.clock),
        "seconds": round(end - begin, 3),
    }


def _distinct(values: Iterable[str]) -> list[str]:
    return sorted(set(values))
