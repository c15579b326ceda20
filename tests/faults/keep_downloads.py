"""A pytest plugin that keeps what a run downloads, for runs in empty caches that then download nothing."""

from __future__ import annotations

import os
from pathlib import Path

from ktstr.kernel.archive import apt

KEEP = "KTSTR_FAULTS_DOWNLOADS"
"""The environment variable with the folder to keep downloads in."""

_fetch = apt.fetch  # type: ignore[attr-defined]


def _kept(url: str, *, size: int, sha256: str, what: str) -> Path:
    file = _fetch(url, size=size, sha256=sha256, what=what)
    kept = Path(os.environ[KEEP], sha256)
    if not kept.exists():
        os.link(file, kept)
    return file


apt.fetch = _kept  # type: ignore[attr-defined]
