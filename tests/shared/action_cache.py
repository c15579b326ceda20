"""GitHub's cache of actions, as far as `ci/action.yml` can tell the difference.

A key is written once. A run finds what its own branch and the default branch have saved: the key itself, else the
newest of a prefix. A cache is found only under the paths that it was saved with.
"""

from __future__ import annotations

import fnmatch
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

__all__ = ["CacheService"]


@dataclass(frozen=True)
class CacheService:
    """The caches of one repository, kept in `folder`: the newest has the greatest number."""

    folder: Path
    default_branch: str = "main"

    def restore(self, home: Path, paths: str, key: str, prefixes: str, branch: str) -> str:
        """Put back the files of the best cache; its key, empty if there is none."""
        kept = [one for one in self._kept() if one["paths"] == paths]
        kept = [one for one in kept if one["branch"] in (branch, self.default_branch)]
        exact = [one for one in kept if one["key"] == key]
        begun = (
            [one for one in kept if one["key"].startswith(prefix)]
            for prefix in prefixes.splitlines()
            if prefix
        )
        for found in (exact, *begun):
            if found:
                best = max(found, key=lambda one: int(one["number"]))
                shutil.copytree(
                    self.folder / best["number"] / "files", home, symlinks=True, dirs_exist_ok=True
                )
                return best["key"]
        return ""

    def save(self, home: Path, paths: str, key: str, branch: str) -> bool:
        """Keep the files that the paths name; False, as the action warns, if the branch has that key already."""
        kept = self._kept()
        if any((one["key"], one["branch"], one["paths"]) == (key, branch, paths) for one in kept):
            return False
        assert len(key) <= 512, "GitHub refuses such a key"
        assert "," not in key, "GitHub refuses such a key"
        place = self.folder / str(len(kept))
        for path in _matching(home, paths):
            target = place / "files" / path.relative_to(home)
            target.parent.mkdir(parents=True, exist_ok=True)
            if path.is_dir():
                shutil.copytree(path, target, symlinks=True)
            else:
                shutil.copy2(path, target)
        if place.is_dir():  # else there is nothing to save, which is a warning, too
            about = {"key": key, "branch": branch, "paths": paths, "number": place.name}
            (place / "about.json").write_text(json.dumps(about))
        return place.is_dir()

    def all(self, word: str) -> list[Path]:
        """The folders of the caches that have `word` in their key, the oldest first."""
        return [self.folder / one["number"] for one in self._kept() if word in one["key"].split("-")]

    def size(self) -> int:
        """The bytes of all files that are kept."""
        return sum(path.lstat().st_size for path in self.folder.glob("*/files/**/*") if path.is_file())

    def _kept(self) -> list[dict[str, str]]:
        found = [json.loads(path.read_text()) for path in self.folder.glob("*/about.json")]
        return sorted(found, key=lambda one: int(one["number"]))


def _matching(home: Path, paths: str) -> list[Path]:
    """What the lines of `path:` name: a pattern leaves nothing out of a folder that another line names as a whole."""
    lines = [line.replace("~", str(home), 1) for line in paths.split()]
    refused = [line[1:] for line in lines if line.startswith("!")]
    named = [path for line in lines if not line.startswith("!") for path in _named(home, line)]
    return [path for path in named if not any(fnmatch.fnmatch(str(path), one) for one in refused)]


def _named(home: Path, line: str) -> list[Path]:
    return sorted(home.glob(str(Path(line).relative_to(home))))
