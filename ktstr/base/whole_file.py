"""Files that are whole at any moment, however many processes and threads write them."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

__all__ = ["remove_unfinished", "unfinished", "write_whole"]

_NEW = re.compile(r"-new-\d+-\d+$")
_YOUNG_S = 60.0  # writing one takes a moment


def write_whole(path: Path, text: str, *, sync: bool = False) -> None:
    """Replace `path` by `text`. OSError if the disk refuses; then it is as it was, and nothing else is left.

    With `sync` it is on the disk afterwards, and survives a loss of power.
    """
    # No dot in what is added: companions of a cache entry are known by what stands before their last one.
    new = path.with_name(f"{path.name}-new-{os.getpid()}-{threading.get_native_id()}")
    try:
        with new.open("w", encoding="utf-8") as file:
            file.write(text)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        new.replace(path)
    except OSError:
        with suppress(OSError):
            new.unlink(missing_ok=True)
        raise


def unfinished(folder: Path) -> Iterator[Path]:
    """The files in `folder` that killed processes were writing with `write_whole`. OSError if it cannot be read."""
    for path in folder.iterdir():
        if _NEW.search(path.name):
            with suppress(FileNotFoundError):  # its writer has put it into its place
                if time.time() - path.lstat().st_mtime >= _YOUNG_S:
                    yield path


def remove_unfinished(folder: Path) -> None:
    """Remove them wherever they are below `folder`, to which nobody writes any more."""
    for path in folder.rglob("*"):
        if _NEW.search(path.name):
            path.unlink(missing_ok=True)
