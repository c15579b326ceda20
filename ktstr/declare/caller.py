"""The place of a declaration in its author's file."""

from __future__ import annotations

import inspect
from pathlib import Path

__all__ = ["caller"]

_HERE = str(Path(__file__).parent)


def caller() -> tuple[str, int]:
    """The file and the line of the first frame outside this folder, whose modules declare for others."""
    frame = inspect.currentframe()
    while frame is not None and frame.f_code.co_filename.startswith(_HERE):
        frame = frame.f_back
    return (frame.f_code.co_filename, frame.f_lineno) if frame is not None else ("", 0)
