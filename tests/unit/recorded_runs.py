"""Two real runs, of two commits, in a project's history: tests/unit/data/README.md says what was run."""

from __future__ import annotations

import functools
import json
import lzma
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from ktstr.report.history import keep_run, stamp_of
from ktstr.report.sidecar import file_stem

__all__ = ["AFTER", "BEFORE", "keep_recorded", "recorded"]

BEFORE = "c7d1775"
"""The commit before its scheduler's slices became ten times as long."""
AFTER = "7d992b8"
"""The commit after that."""
_FILE = Path(__file__).parent / "data" / "compare" / "web-and-batch.jsonl.xz"


def recorded(commit: str, kernel: str) -> list[Mapping[str, Any]]:
    """The sidecars of one folder, of a commit and a kernel: two tests with ten seeds."""
    return next(list(part["sidecars"]) for part in _parts() if part["run"]["name"] == f"{kernel}-{commit}")


def keep_recorded(root: Path) -> None:
    """Keep both runs in the history of the project at `root`."""
    for number, part in enumerate(_parts()):
        folder = root / f"part-{number}"
        folder.mkdir()
        (folder / "run.json").write_text(json.dumps(part["run"]))
        for sidecar in part["sidecars"]:
            (folder / f"{file_stem(sidecar['nodeid'])}.json").write_text(json.dumps(sidecar))
        stamp = stamp_of(datetime.fromisoformat(part["run"]["started"]))
        keep_run(root / "target" / "ktstr", folder, part["run"]["name"], stamp)


@functools.cache
def _parts() -> Sequence[Mapping[str, Any]]:
    return [json.loads(line) for line in lzma.decompress(_FILE.read_bytes()).splitlines()]
