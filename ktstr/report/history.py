"""The history: every run of a project in a folder of its own, for ever, and links to the newest ones.

`history/<name>/<stamp>` is a run that ended, and nothing ever takes its place. `<name>`, beside the history, is a link
to the newest run of that name.
"""

from __future__ import annotations

import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

from ktstr.base.results import results_dir

__all__ = ["RUN", "keep_run", "link_newest", "remove_runs", "runs_of", "stamp_of", "started_of"]

RUN = "run.json"
"""What a run says about itself."""
_HISTORY = "history"


def keep_run(results: Path, folder: Path, name: str, stamp: str) -> Path:
    """Move a run's folder to its place in the history, and return that. Call it with the results' lock held."""
    place = results / _HISTORY / name / stamp
    place.parent.mkdir(parents=True, exist_ok=True)
    number = 1
    while place.exists():
        number += 1
        place = place.with_name(f"{stamp}.{number}")
    folder.rename(place)
    return place


def link_newest(results: Path, name: str, place: Path) -> None:
    """Let `name` lead to the run at `place`. A folder of that name, which earlier versions made, joins the history."""
    link = results / name
    if link.is_dir() and not link.is_symlink():
        keep_run(results, link, name, started_of(link / RUN, link))
    new = results / f".{name}.link-{os.getpid()}"
    new.unlink(missing_ok=True)
    new.symlink_to(place.relative_to(results), target_is_directory=True)
    new.replace(link)


def runs_of(root: Path) -> list[Path]:
    """The folders of the runs of the project at `root`, the oldest of each name first."""
    results = results_dir(root)
    earlier = results.glob(f"{_HISTORY}/*/*")
    # Those that an earlier version left outside the history.
    others = (path.parent for path in results.glob(f"*/{RUN}") if not path.parent.is_symlink())
    return sorted(path for path in (*earlier, *others) if path.is_dir())


def remove_runs(root: Path, keep: int) -> int:
    """Remove all but the newest `keep` runs of each name from the history; returns how many. `keep` is at least 1.

    The run that a link leads to stays, even if a killed one is newer.
    """
    results, removed = results_dir(root), 0
    for folder in sorted(results.glob(f"{_HISTORY}/*")):
        linked = (results / folder.name).resolve()
        for run in sorted(path for path in folder.iterdir() if path.is_dir())[:-keep]:
            if run.resolve() != linked:
                shutil.rmtree(run, ignore_errors=True)
                removed += 1
    return removed


def started_of(about: Path, path: Path) -> str:
    """The stamp of the time a run started, from the JSON that it wrote about itself, else of its directory."""
    try:
        data = json.loads(about.read_text(encoding="ascii"))
        return stamp_of(datetime.fromisoformat(str(data["started"])))
    except (OSError, KeyError, ValueError, TypeError):
        return stamp_of(datetime.fromtimestamp(path.stat().st_mtime, UTC))


def stamp_of(moment: datetime) -> str:
    """A moment as a folder's name, which orders as the moments do."""
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
