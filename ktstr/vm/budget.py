"""The host's cores, shared by every process that runs VMs.

A core is a lock file, so that the kernel gives it back when its holder dies. One process at a time collects cores;
the others wait behind it, which keeps the order of arrival and rules out two that each hold half of what they need.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from filelock import FileLock, Timeout

from ktstr import cache

__all__ = ["cores_of_host", "hold_cores"]

_POLL_S = 0.05


def cores_of_host() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0))


@contextmanager
def hold_cores(wanted: int) -> Iterator[None]:
    """Hold `wanted` cores of the host, or all of them where it has fewer."""
    folder = cache.cache_dir() / "cores"
    folder.mkdir(exist_ok=True)
    total = cores_of_host()
    free = [FileLock(folder / f"{index}.lock") for index in range(total)]
    with ExitStack() as held:
        with FileLock(folder / "queue.lock", poll_interval=_POLL_S):
            missing = min(wanted, total)
            while missing:
                for lock in list(free):
                    try:
                        lock.acquire(timeout=0)
                    except Timeout:
                        continue
                    held.callback(lock.release)
                    free.remove(lock)
                    missing -= 1
                    if not missing:
                        break
                else:
                    time.sleep(_POLL_S)
        yield
