"""A test that ended, made of what its report carries: `describe` in plan.py says what that is."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from ktstr.plugin.kernels import kernel_from_json
from ktstr.report.case import Case, Outcome, Versions
from ktstr.report.rundir import Project

__all__ = ["case_of", "versions_of", "violations_of"]


def case_of(
    nodeid: str,
    about: Mapping[str, Any],
    started: float,
    wall_s: float,
    outcome: Outcome,
    message: str,
    details: str,
) -> Case:
    """The case of a test that `about` describes, as its report carries it; `started` is in seconds since the epoch."""
    runs = json.loads(about["runs"])
    return Case(
        nodeid=nodeid,
        test=about["test"],
        outcome=outcome,
        message=message,
        details=details,
        kernel=kernel_from_json(about["kernel"]),
        topology=about["topology"],
        scheduler=about["scheduler"],
        variant=about["variant"],
        sched_args=tuple(about["sched_args"]),
        clock=about["clock"],
        clock_reason=about["clock_reason"],
        seed=about["seed"],
        perturb=about["perturb"],
        accelerator=about["accelerator"],
        emulator=about["emulator"],
        started=started,
        wall_s=wall_s,
        guest_s=sum(run["result"]["guest_s"] for run in runs),
        runs=runs,
        line=about["line"],
        allowed=about["allow_inconclusive"],
    )


def violations_of(about: Mapping[str, Any]) -> str:
    """The violations of the verdict that ended a test, in one line; empty for a failure of another kind."""
    runs = json.loads(about["runs"]) if about.get("failure") == "verdict" else []
    violations = runs[-1]["verdict"]["violations"] if runs else []
    if not violations:
        return ""
    more = f" (and {len(violations) - 1} more)" if len(violations) > 1 else ""
    step = violations[0].get("phase")
    where = f" (in step {step})" if step else ""
    return f"{violations[0]['check']}: {violations[0]['message']}{where}{more}"


def versions_of(project: Project) -> Versions:
    """What made the session's results."""
    return Versions(_own_version(), platform.python_version(), project.commit, project.dirty, project.branch)


def _own_version() -> str:
    try:
        return version("ktstr")
    except PackageNotFoundError:  # it runs from a checkout that is not installed
        return "unknown"
