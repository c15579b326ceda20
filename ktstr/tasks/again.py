"""A recorded test that is run again, as a task does it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from invoke import Exit

from ktstr.report.rundir import project_of
from ktstr.run.replay import ENVIRONMENT, Recorded, replayed_sidecar

__all__ = ["Again", "run_again"]


@dataclass(frozen=True)
class Again:
    """What came of it: pytest's status, 0 or 1, and the sidecar of the new run."""

    status: int
    sidecar: Path
    data: dict[str, Any]


def run_again(recorded: Recorded, arguments: Sequence[str], stdin: int | None = None) -> Again:
    """Run pytest with these arguments in the recorded test's project. Exit with its status if that is no verdict's."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
        cwd=recorded.root,
        env={**os.environ, **ENVIRONMENT},
        check=False,
        stdin=stdin,
    )
    if done.returncode not in (0, 1):
        raise Exit(code=done.returncode)
    sidecar = replayed_sidecar(recorded, project_of(recorded.root).label)
    return Again(done.returncode, sidecar, json.loads(sidecar.read_text()))
