"""The page of a run, made when the run has ended, by a process of its own: `ktstr.pages`.

So a session neither imports what makes pages, nor waits for one for long, nor ends otherwise because of it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ktstr.base.errors import KtstrError

__all__ = ["LIMIT_S", "PAGE", "Made", "make_page"]

PAGE = "KTSTR_REPORT"
"""The environment variable that says whether each run gets a page: `on`, the default, or `off`."""
LIMIT_S = 60.0
"""Host seconds after which a page is given up. One of 500 tests takes a few."""


@dataclass(frozen=True)
class Made:
    """A page, or why there is none."""

    path: Path | None
    """Where it is; None if there is none."""
    problem: str = ""
    """Why there is none, in one line; empty if none was wanted."""


def make_page(root: Path, folders: Sequence[Path]) -> Made:
    """Make the page of the run of the project at `root` in these folders. It never raises because of the page."""
    wanted = os.environ.get(PAGE) or "on"
    if not folders or wanted == "off":
        return Made(None)
    if wanted != "on":
        return Made(None, str(KtstrError(f"{PAGE}={wanted}: must be on or off")))
    command = [sys.executable, "-m", "ktstr.pages", str(root), *map(str, folders)]
    environment = {**os.environ, "KTSTR_DIE_WITH_PARENT": "1"}
    try:
        done = subprocess.run(
            command,
            cwd=root,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=LIMIT_S,
            check=False,
            start_new_session=True,  # Ctrl-C is the session's
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Made(None, str(error))
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        return Made(None, said[-1].removeprefix("ktstr: ") if said else f"status {done.returncode}")
    return Made(Path(done.stdout.decode(errors="surrogateescape").rstrip("\n")))
