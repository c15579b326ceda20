"""The host's cores, shared by every process that runs VMs.

A core is a file under flock(2), so that the kernel gives it back when its holder dies. One process at a time collects
cores; the others wait behind it, which rules out two that each hold half of what they need. They wait in flock(2)
itself: the kernel wakes them in order of arrival.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ktstr import cache
from ktstr.errors import KtstrError

__all__ = ["cores_of_host", "hold_cores"]

_POLL_S = 0.05


def cores_of_host() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0))


@contextmanager
def hold_cores(wanted: int) -> Iterator[None]:
    """Hold `wanted` cores of the host, or all of them where it has fewer."""
    folder = cache.cache_dir() / "cores"
    total = cores_of_host()
    free = [folder / f"{index}.lock" for index in range(total)]
    with ExitStack() as held:
        try:
            folder.mkdir(exist_ok=True)
            with _locked(folder / "queue.lock"):
                missing = min(wanted, total)
                while missing:
                    for path in list(free):
                        try:
                            held.enter_context(_locked(path, fcntl.LOCK_NB))
                        except BlockingIOError:
                            continue
                        free.remove(path)
                        missing -= 1
                        if not missing:
                            break
                    else:
                        time.sleep(_POLL_S)
        except OSError as error:
            raise KtstrError(f"{folder}: cores cannot be locked: {error.strerror}") from None
        yield


@contextmanager
def _locked(path: Path, flags: int = 0) -> Iterator[None]:
    """Hold the lock; with LOCK_NB, BlockingIOError where another has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | flags)
        yield
    finally:
        os.close(descriptor)
