"""Which run a word means: `latest`, `latest~1`, a time, a name, a commit, or a path."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.compare.runs import Run, all_runs, runs_at

__all__ = ["ACCEPTED", "chosen"]

ACCEPTED = "latest, latest~1, a time as `ktstr runs` shows it, a folder's name, a commit, or a path"
"""What names a run, for messages."""
_LATEST = re.compile(r"latest(?:~(\d{1,6}))?")
_TIME = re.compile(r"\d{4}-?\d{2}-?\d{2}T[\d:.]*Z?")


def chosen(root: Path, text: str) -> Run:
    """The run of the project at `root` that `text` names; of several with that name or commit, the newest.

    `latest` is the newest complete run that this machine made, `latest~1` the one before. KtstrError if there is none,
    or if a time is that of several runs.
    """
    path = Path(text)
    if "/" in text or text in (".", ".."):
        found = runs_at(path)
        if not found:
            raise KtstrError(f"{text}: no run is in there")
        return found[-1]
    runs = all_runs(root)
    if latest := _LATEST.fullmatch(text):
        return _latest(runs, text, int(latest[1] or 0))
    if _TIME.fullmatch(text):
        digits = text.replace("-", "").replace(":", "").removesuffix("Z")
        found = [run for run in runs if run.stamp.startswith(digits)]
        if len(found) > 1:
            raise KtstrError(f"{text}: began {len(found)} runs: {', '.join(run.stamp for run in found[:4])}")
    else:
        found = [run for run in runs if _is_named(run, text)]
    if not found:
        raise KtstrError(f"{text}: no such run; must be {ACCEPTED}")
    return found[-1]


def _latest(runs: Sequence[Run], text: str, back: int) -> Run:
    own = [run for run in runs if run.status == "complete" and not run.imported]
    if back >= len(own):
        raise KtstrError(f"{text}: no such run: of this project there are {len(own)} complete ones")
    return own[-1 - back]


def _is_named(run: Run, text: str) -> bool:
    """Whether a folder of it has the name, or `text` is its commit, in seven digits or more."""
    commit = run.commit if len(text) <= 7 or "-" in text else run.full_commit
    at_commit = len(text) >= 7 and commit.startswith(text) and not (run.dirty and not text.endswith("-dirty"))
    return at_commit or any(part.name == text for part in run.parts)
