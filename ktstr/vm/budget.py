"""The host's cores, shared by every process that runs VMs, whichever user's it is.

A core is a file under flock(2), so that the kernel gives it back when its holder dies. One process at a time collects
cores; the others wait behind it, which rules out two that each hold half of what they need. They wait in flock(2)
itself: the kernel wakes them in order of arrival.

There are two such sets, and a VM holds cores of both. The user's own is in the cache. Who has cores of it asks for the
host's, which all users share: so a user has never more VMs waiting among the other users' than the host has cores,
however many it wants to start. Another user's process is not trusted to ever give a core back: past a deadline a
process does with the user's own set alone.
"""

from __future__ import annotations

import fcntl
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path

from ktstr.base import cache
from ktstr.base.errors import KtstrError
from ktstr.vm.shared_lock import Patience, shared_folder, shared_lock

__all__ = ["allowed_cores", "cores_of_host", "hold_cores"]

_POLL_S = 0.05
# When to say who has the host's cores; sessions of one's own wait for each other every day, and for less.
_NOTICE_AFTER_S = 60.0
# Longer than cores are waited for where guests come and go: what has them is stopped, hangs, or means to keep them.
_PATIENCE_S = 1800.0

# Whether this process has given up on the cores that users share.
_alone = False


def allowed_cores() -> Sequence[int]:
    """The numbers of the cores that this process may use."""
    return sorted(os.sched_getaffinity(0))


def cores_of_host() -> int:
    """How many cores this process may use."""
    return len(allowed_cores())


@contextmanager
def hold_cores(wanted: int) -> Iterator[None]:
    """Hold `wanted` cores of the host, or all of them where it has fewer."""
    folder = cache.cache_dir() / "cores"
    with ExitStack() as held:
        try:
            folder.mkdir(exist_ok=True)
            with _locked(folder / "queue.lock"):
                _collect(held, partial(_locked, flags=fcntl.LOCK_NB), f"{folder}/", wanted, lambda _: None)
        except OSError as error:
            raise KtstrError(f"{folder}: cores cannot be locked: {error.strerror}") from None
        _hold_shared(held, wanted)
        yield


def _collect(
    held: ExitStack,
    lock: Callable[[Path], AbstractContextManager[None]],
    prefix: str,
    wanted: int,
    waiting: Callable[[Path], None],
) -> None:
    """Lock as many of the files `<prefix><core>.lock`; `waiting` is called with one that another has, again and
    again."""
    free = [Path(f"{prefix}{core}.lock") for core in allowed_cores()]
    missing = min(wanted, len(free))
    while missing:
        for path in list(free):
            try:
                held.enter_context(lock(path))
            except BlockingIOError:
                continue
            free.remove(path)
            missing -= 1
            if not missing:
                return
        waiting(free[0])
        time.sleep(_POLL_S)


@contextmanager
def _locked(path: Path, flags: int = 0) -> Iterator[None]:
    """Hold the lock; with LOCK_NB, BlockingIOError where another has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | flags)
        yield
    finally:
        os.close(descriptor)


def _hold_shared(held: ExitStack, wanted: int) -> None:
    """Hold cores of those that all users share; without them where they are not to be had."""
    global _alone
    if _alone:
        return
    patience = Patience(_NOTICE_AFTER_S, _PATIENCE_S)
    with ExitStack() as cores:
        try:
            prefix = f"{shared_folder()}/ktstr-cores-"
            with shared_lock(Path(f"{prefix}queue.lock"), patience):
                _collect(cores, shared_lock, prefix, wanted, patience.spend)
            held.push(cores.pop_all())
            return
        except TimeoutError as error:
            why = error.strerror
        except OSError as error:
            why = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    _alone = True
    print(f"ktstr: going on without sharing cores with other users: {why}", file=sys.stderr, flush=True)
