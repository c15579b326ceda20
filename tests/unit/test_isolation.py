"""What conftest.py promises: a test has a cache and cores of its own, whatever else runs on this host."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from platformdirs import user_cache_path

from ktstr.base.cache import cache_dir
from ktstr.vm.shared_lock import shared_folder

# What another test has seen; any order of the two will do.
SEEN: dict[str, tuple[Path, Path]] = {}
FOLDERS = "from ktstr.base.cache import cache_dir; from ktstr.vm.shared_lock import shared_folder"


def is_apart(name: str) -> None:
    SEEN[name] = cache_dir(), shared_folder()
    assert cache_dir() != user_cache_path("ktstr")
    assert shared_folder() not in (Path("/run/lock"), Path("/tmp"))
    assert len({folder for folders in SEEN.values() for folder in folders}) == 2 * len(SEEN)


def test_one_test_has_its_own_cache_and_cores() -> None:
    is_apart("one")


def test_another_test_has_others() -> None:
    is_apart("another")


def test_a_program_that_a_test_starts_uses_the_same() -> None:
    command = [sys.executable, "-c", f"{FOLDERS}; print(cache_dir(), shared_folder())"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(cache_dir()), str(shared_folder())]
