"""A fuzz target: a decoder of data from outside, valid inputs to begin with, and what counts as a finding."""

from __future__ import annotations

import hashlib
import signal
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import FrameType

from ktstr.base.errors import KtstrError

__all__ = ["CPU_S", "MOST_BYTES", "Finding", "Target", "content_name", "examine", "smaller"]

CPU_S = 5.0
"""How many seconds of CPU time an input may take."""
MOST_BYTES = 1 << 20
"""How long an input may be."""
_TRIES = 2000  # inputs that are tried to make a finding smaller


@dataclass(frozen=True)
class Target:
    """What is fuzzed. `run` decodes an input, and may write below the empty folder; KtstrError is its refusal.

    `mutate` changes an input so that it still gets past the first check; without it only the bytes are changed.
    """

    name: str
    seeds: Callable[[], Sequence[bytes]]
    run: Callable[[bytes, Path], None]
    mutate: Callable[[bytes, Random], bytes] | None = None


@dataclass(frozen=True)
class Finding:
    """An input that a decoder neither takes nor refuses: the exception, where it came from, and its traceback."""

    error: str
    where: str
    text: str


class _TooLong(BaseException):
    """The time is over. No decoder catches it by accident."""


def content_name(data: bytes) -> str:
    """The name of an input's file, which follows from its content."""
    return hashlib.sha256(data).hexdigest()[:16]


def examine(target: Target, data: bytes, folder: Path) -> Finding | None:
    """What is wrong with what the target does with an input; None if it takes it or refuses it."""
    before = signal.signal(signal.SIGVTALRM, _stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, CPU_S)
    try:
        target.run(data, folder)
    except KtstrError:
        return None
    except (Exception, _TooLong) as error:
        return Finding(
            type(error).__name__.strip("_"), _where(error), "".join(traceback.format_exception(error))
        )
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
    return None


def smaller(target: Target, data: bytes, found: Finding, folder: Path) -> bytes:
    """The input without the parts that its finding does not need."""
    length, tries = len(data) // 2, _TRIES if found.error != "TooLong" else 20
    while length and tries:
        at = 0
        while at < len(data) and tries:
            less, tries = data[:at] + data[at + length :], tries - 1
            again = examine(target, less, folder)
            if again is not None and (again.error, again.where) == (found.error, found.where):
                data = less
            else:
                at += length
        length //= 2
    return data


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise _TooLong(f"more than {CPU_S:g} s of CPU time")


def _where(error: BaseException) -> str:
    """The innermost line of ktstr that the exception went through."""
    frames = [one for one in traceback.extract_tb(error.__traceback__) if one.name != _stop.__name__]
    own = [frame for frame in frames if "/ktstr/" in frame.filename and "/tests/" not in frame.filename]
    frame = (own or frames)[-1]
    # Time is over anywhere in a loop: the function says more than the line.
    line = frame.name if isinstance(error, _TooLong) else frame.lineno
    return f"{Path(frame.filename).name}:{line}"
