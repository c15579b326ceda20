"""The blobs that a worker has asked for and that come in parts."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

__all__ = ["Coming", "Incoming"]


@dataclass
class Coming:
    """A blob that was asked for. `last` is when something came of it, in time.monotonic()'s seconds."""

    file: IO[bytes]
    last: float
    refused: str = ""
    done: threading.Event = field(default_factory=threading.Event)


class Incoming:
    """What was asked for, by the number of the question. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: dict[str, Coming] = {}

    @contextmanager
    def expected(self, into: Path) -> Iterator[tuple[str, Coming]]:
        """Have the parts of a blob written to `into` during the block; its first value names the question."""
        ask = uuid.uuid4().hex
        with into.open("wb") as file:
            coming = Coming(file, time.monotonic())
            with self._lock:
                self._asked[ask] = coming
            try:
                yield ask, coming
            finally:
                with self._lock:
                    del self._asked[ask]

    def take(self, ask: str, part: bytes | None, refused: str) -> bool:
        """Write a part, None after the last one. False if nobody waits for it any more."""
        with self._lock:
            coming = self._asked.get(ask)
            if coming is None or coming.done.is_set():
                return False
            coming.last = time.monotonic()
            try:
                if part is not None:
                    coming.file.write(part)
                else:
                    coming.file.flush()
            except OSError as error:
                refused = f"it cannot be written: {error.strerror}"
            if part is None or refused:
                coming.refused = refused
                coming.done.set()
            return True
