"""What the tests of kernels from Debian's archive share."""

from __future__ import annotations

import json

from ktstr.base.cache import cache_dir
from ktstr.kernel.resolve import candidates

__all__ = ["RESOLVE", "age_index", "left_behind", "versions"]

RESOLVE = "import sys; from ktstr.kernel.resolve import resolve; print(resolve(sys.argv[1])[0].key)"


def age_index() -> None:
    """Make the kept release files look a day old."""
    for path in cache_dir().glob("debian/*.json"):
        facts = json.loads(path.read_text())
        path.write_text(json.dumps(facts | {"fetched": facts["fetched"] - 86_400}))


def versions(spec: str) -> list[str]:
    return [str(candidate.version) for candidate in candidates(spec)]


def left_behind() -> list[str]:
    """Kernel entries, whole or partial, and downloads, without locks and seals."""
    folders = [cache_dir() / "kernels", cache_dir() / "downloads"]
    paths = [path for folder in folders if folder.is_dir() for path in folder.iterdir()]
    return [path.name for path in paths if path.suffix not in (".lock", ".use", ".seal")]
