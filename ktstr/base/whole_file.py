"""Files that are whole at any moment, however many processes and threads write them."""

from __future__ import annotations

import os
import threading
from pathlib import Path

__all__ = ["write_whole"]


def write_whole(path: Path, text: str) -> None:
    """Replace `path` by `text`. OSError if the disk refuses; then it is as it was, and nothing else is left."""
    new = path.with_name(f"{path.name}-{os.getpid()}-{threading.get_native_id()}")
    try:
        new.write_text(text)
        new.replace(path)
    except OSError:
        new.unlink(missing_ok=True)
        raise
