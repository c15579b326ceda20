"""The host's cores, shared by all processes that run VMs, of all users.

A core is a file under flock(2), so that the kernel releases it when its holder dies. One process at a time collects
cores and the others wait behind it, so two never hold half of what each needs. They wait in flock(2) itself: the kernel
wakes them in order of arrival.

There are two sets of cores, and a VM holds cores of both. The user's own set is in the cache. A process that has cores
of it asks for the host's, which all users share: so a user never has more VMs waiting among other users' than the host
has cores, however many it wants to start. Another user's process is not trusted to ever release a core: past a deadline
a process goes on with the user's own set alone.

Runs that follow one another wait once: `keep_cores` keeps the cores of the first for the others.
"""

from __future__ import annotations

import fcntl
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from ktstr.base import cache
from ktstr.base.cancel import Cancel
from ktstr.base.errors import KtstrError
from ktstr.vm.shared_lock import Patience, shared_folder, shared_lock, wait_for_lock

__all__ = ["allowed_cores", "cores_of_host", "hold_cores", "keep_cores"]

_POLL_S = 0.05
# When to say who holds the host's cores; a user's own sessions wait for each other every day, and for less.
_NOTICE_AFTER_S = 60.0
# Longer than any wait where guests come and go: whoever holds the cores is stopped, hangs, or means to keep them.
_PATIENCE_S = 1800.0

# Whether this process has given up on the cores that users share.
_alone = False


def allowed_cores() -> Sequence[int]:
    """The numbers of the cores that this process may use."""
    return sorted(os.sched_getaffinity(0))


def cores_of_host() -> int:
    """How many cores this process may use."""
    return len(allowed_cores())


class _Kept(threading.local):
    """What a thread holds between its runs; `cores` is None outside `keep_cores`."""

    cores: ExitStack | None = None
    count = 0


_kept = _Kept()


@contextmanager
def keep_cores() -> Iterator[None]:
    """In this thread, keep the cores that a `hold_cores` gets until the end of the block, for those that follow it."""
    if _kept.cores is not None:
        yield
        return
    with ExitStack() as cores:
        _kept.cores, _kept.count = cores, 0
        try:
            yield
        finally:
            _kept.cores = None


@contextmanager
def hold_cores(wanted: int, cancel: Cancel | None = None) -> Iterator[None]:
    """Hold `wanted` cores of the host, or all of them if it has fewer. Raises Cancelled if `cancel` ends the wait."""
    kept = _kept.cores
    if kept is None:
        with _taken(wanted, cancel or Cancel()):
            yield
        return
    if wanted > _kept.count:
        # Whoever waits while it holds some may wait for one that does the same.
        kept.close()
        _kept.count = 0
        kept.enter_context(_taken(wanted, cancel or Cancel()))
        _kept.count = wanted
    yield


@contextmanager
def _taken(wanted: int, cancel: Cancel) -> Iterator[None]:
    folder = cache.cache_dir() / "cores"
    with ExitStack() as held:
        try:
            folder.mkdir(exist_ok=True)
            with _locked(folder / "queue.lock", cancel):
                _collect(held, _locked, f"{folder}/", wanted, lambda _: cancel.check())
        except OSError as error:
            raise KtstrError(f"{folder}: cores cannot be locked: {error.strerror}") from None
        _hold_shared(held, wanted, cancel)
        yield


def _collect(
    held: ExitStack,
    lock: Callable[[Path], AbstractContextManager[None]],
    prefix: str,
    wanted: int,
    waiting: Callable[[Path], None],
) -> None:
    """Lock `wanted` of the files `<prefix><core>.lock`; meanwhile `waiting` is called with one that another holds."""
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
def _locked(path: Path, cancel: Cancel | None = None) -> Iterator[None]:
    """Hold the lock, after those who asked before, unless `cancel` ends the wait; without `cancel` BlockingIOError if
    another holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if cancel is None or not isinstance(error, BlockingIOError):
            os.close(descriptor)
            raise
        wait_for_lock(descriptor, cancel=cancel)
    try:
        yield
    finally:
        os.close(descriptor)


def _hold_shared(held: ExitStack, wanted: int, cancel: Cancel) -> None:
    """Hold some of the cores that all users share; go on without them if they cannot be had."""
    global _alone
    if _alone:
        return
    patience = Patience(_NOTICE_AFTER_S, _PATIENCE_S)

    def waiting(path: Path) -> None:
        cancel.check()
        patience.spend(path)

    with ExitStack() as cores:
        try:
            prefix = f"{shared_folder()}/ktstr-cores-"
            with shared_lock(Path(f"{prefix}queue.lock"), patience, cancel):
                _collect(cores, shared_lock, prefix, wanted, waiting)
            held.push(cores.pop_all())
            return
        except TimeoutError as error:
            why = error.strerror
        except OSError as error:
            why = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    _alone = True
    print(f"ktstr: going on without sharing cores with other users: {why}", file=sys.stderr, flush=True)
