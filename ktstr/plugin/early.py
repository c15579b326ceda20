"""The sidecar of a test that has failed and is run again to show more: if the session ends meanwhile, it has that one.

A session is stopped or killed most likely when a failure has just been said.
"""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ktstr.plugin.case import case_of, versions_of, violations_of
from ktstr.report.rundir import project_of
from ktstr.report.sidecar import sidecar, write_json

__all__ = ["keep_failure", "kept_failures"]

_SIDECAR = re.compile(r"-[0-9a-f]{8}\.json$")  # as file_stem names it; a dump's name ends otherwise
_ENDED = "(The session ended while this was run again to show more; `ktstr replay --shrink` does that.)"


def keep_failure(
    nodeid: str, about: Mapping[str, Any], text: str, started: float, artifacts: Path, root: Path
) -> None:
    """Write the sidecar of a test whose last run failed, with the `text` of the failure so far.

    The test's own, at its end, replaces it. `artifacts` is the folder of its runs, `root` the project's.
    """
    about = {**about, "failure": "verdict"}
    details = f"{text}\n\n{_ENDED}"
    case = case_of(nodeid, about, started, time.time() - started, "failed", violations_of(about), details)
    with suppress(OSError):  # a disk that refuses is no reason to lose a verdict
        write_json(
            artifacts.with_name(f"{artifacts.name}.json"), sidecar(case, versions_of(project_of(root)))
        )


def kept_failures(folder: Path, ended: Collection[str]) -> list[Path]:
    """The sidecars in a kernel's folder of tests that have not `ended`: they failed before the session did.

    `ended` has the sidecars' names without suffix.
    """
    sidecars = (path for path in folder.iterdir() if _SIDECAR.search(path.name))
    return sorted(path for path in sidecars if path.stem not in ended)
