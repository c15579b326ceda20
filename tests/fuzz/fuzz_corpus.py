"""The inputs that are kept: of those that a run has found a few small ones, which together reach what all do."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from types import FrameType
from typing import Any

from fuzz_target import Target, content_name, examine

__all__ = ["CORPUS", "kept", "reached", "write"]

CORPUS = Path(__file__).with_name("corpus")
"""A folder for each target; an input's name is the digest of its content."""
_LONGEST = 4096
_MOST_BYTES = 48 << 10  # of a target's inputs together

_Arc = tuple[str, int, int]


def reached(target: Target, data: bytes, folder: Path) -> set[_Arc]:
    """The steps from line to line that an input leads to, in ktstr's own code."""
    arcs: set[_Arc] = set()
    last: dict[FrameType, int] = {}

    def line(frame: FrameType, event: str, _argument: object) -> Any:
        if event == "line":
            arcs.add((frame.f_code.co_filename, last.get(frame, 0), frame.f_lineno))
            last[frame] = frame.f_lineno
        elif event == "return":
            last.pop(frame, None)
        return line

    def call(frame: FrameType, _event: str, _argument: object) -> Any:
        own = "/ktstr/" in frame.f_code.co_filename and "/tests/" not in frame.f_code.co_filename
        return line if own else None

    before = sys.gettrace()
    sys.settrace(call)
    try:
        examine(target, data, folder)
    finally:
        sys.settrace(before)
    return arcs


def kept(target: Target, inputs: Iterable[bytes], folder: Path) -> list[bytes]:
    """Those of `inputs` that reach what neither the seeds nor shorter ones do, up to a limit on all."""
    seen: set[_Arc] = set()
    for seed in target.seeds():
        seen |= reached(target, seed, folder)
    chosen, left = [], _MOST_BYTES
    for data in sorted({one for one in inputs if len(one) <= _LONGEST}, key=lambda one: (len(one), one)):
        new = reached(target, data, folder) - seen
        if new and len(data) <= left:
            seen |= new
            left -= len(data)
            chosen.append(data)
    return chosen


def write(target: Target, inputs: Iterable[bytes]) -> None:
    """Put the inputs beside those that the target has."""
    folder = CORPUS / target.name
    folder.mkdir(parents=True, exist_ok=True)
    for data in inputs:
        (folder / content_name(data)).write_bytes(data)
