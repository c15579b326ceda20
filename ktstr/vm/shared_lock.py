"""Lock files that all users of a host share, made so that no user can mislead another or block it for ever.

They lie in a folder that root owns, in which everyone may create files and nobody may remove another user's. They are
empty and readable by all: flock(2) needs no more. Only regular files are opened, never a symbolic link. A user who
created a file can remove it or shut others out; then cores are counted wrong, and nothing worse happens. A user who
keeps one locked is waited for with patience, which ends.
"""

from __future__ import annotations

import errno
import fcntl
import os
import pwd
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

from ktstr.base.cancel import Cancel

__all__ = ["Patience", "shared_folder", "shared_lock", "wait_for_lock"]

_FOLDERS = ("/run/lock", "/tmp")
_FOR_ALL = stat.S_ISVTX | stat.S_IRWXU | stat.S_IRWXG | stat.S_IRWXO
# For the moment between another process's creating a file and making it readable for all.
_OPENED_WITHIN_S = 1.0
_POLL_S = 0.05
_LONG_S = 3600.0


def shared_folder() -> Path:
    """`KTSTR_CORES_DIR`, else the first of /run/lock and /tmp that is suitable; OSError if neither is."""
    if setting := os.environ.get("KTSTR_CORES_DIR"):
        return Path(setting).expanduser().absolute()
    for folder in map(Path, _FOLDERS):
        with suppress(OSError):
            found = folder.lstat()
            if stat.S_ISDIR(found.st_mode) and found.st_uid == 0 and found.st_mode & _FOR_ALL == _FOR_ALL:
                return folder
    why = f"neither {' nor '.join(_FOLDERS)} is a folder of root's in which everyone may make files"
    raise OSError(errno.ENOENT, why)


class Patience:
    """How long to wait for other users in total: a line says for whom after `notice_s`; `limit_s` ends it."""

    def __init__(self, notice_s: float, limit_s: float) -> None:
        now = time.monotonic()
        self._limit_s = limit_s
        self._notice, self._end = now + notice_s, now + limit_s
        self._said = False

    def until_next_s(self) -> float:
        """Seconds until `spend` has something to do."""
        return max(0.0, (self._end if self._said else self._notice) - time.monotonic())

    def spend(self, path: Path) -> None:
        """Call it now and then while another holds the lock of `path`. TimeoutError once patience is over."""
        now = time.monotonic()
        if now >= self._end:
            raise TimeoutError(
                errno.ETIMEDOUT, f"{_held(path)}, and this process has waited {self._limit_s:g} s"
            )
        if now >= self._notice and not self._said:
            self._said = True
            print(f"ktstr: waiting for cores of this host: {_held(path)}", file=sys.stderr, flush=True)


@contextmanager
def shared_lock(path: Path, patience: Patience | None = None, cancel: Cancel | None = None) -> Iterator[None]:
    """Hold the lock, after those who asked before; TimeoutError if patience ends first, Cancelled if `cancel` does.

    Without patience BlockingIOError if another holds it. OSError if `path` is not a file that can be locked.
    """
    with ExitStack() as held:
        while True:
            descriptor = _opened(path)
            # From here on whoever waits for the lock closes the descriptor.
            if not _locked_now(descriptor):
                if patience is None:
                    os.close(descriptor)
                    raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN), str(path))
                wait_for_lock(descriptor, partial(patience.spend, path), patience.until_next_s, cancel)
            held.callback(os.close, descriptor)
            if _is_still(descriptor, path):
                break
            held.close()
        yield


def _opened(path: Path) -> int:
    """A descriptor of the file, which is created if it does not exist."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
    end = time.monotonic() + _OPENED_WITHIN_S
    while True:
        try:
            # Not with O_CREAT: Linux refuses that for another user's file in such a folder (fs.protected_regular).
            descriptor = os.open(path, flags | os.O_NONBLOCK)
        except FileNotFoundError:
            with suppress(FileExistsError):
                made = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o444)
                os.fchmod(made, 0o444)  # whatever the umask is
                return made
        except PermissionError:
            if time.monotonic() > end:
                raise
            time.sleep(_POLL_S)
        else:
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                return descriptor
            os.close(descriptor)
            raise OSError(errno.EINVAL, "not a file", str(path))


def _locked_now(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_still(descriptor: int, path: Path) -> bool:
    """Whether others will open the same file; the user who created it may have removed it."""
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    return False


def wait_for_lock(
    descriptor: int,
    spend: Callable[[], None] = lambda: None,
    until_next_s: Callable[[], float] = lambda: _LONG_S,
    cancel: Cancel | None = None,
) -> None:
    """Wait in flock(2), which is first come, first served, for a file that another has locked.

    `spend` is called again and again, after `until_next_s()` seconds each time. If it raises, or `cancel` stops the
    wait (Cancelled), the descriptor is closed.
    """
    cancel = cancel or Cancel()
    waiting = _Waiting(descriptor)
    try:
        with cancel.stopping(waiting.wake):
            while not waiting.within(until_next_s()):
                cancel.check()
                spend()
    except BaseException:
        waiting.leave()
        raise


class _Waiting(threading.Thread):
    """Waits in flock(2), which has no time limit, so that another thread need not; it can be left waiting there."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(daemon=True, name="ktstr-cores")
        self._descriptor = descriptor
        self._changing = threading.Lock()
        self._changed = threading.Event()
        self._locked = self._left = False
        self.start()

    def run(self) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        with self._changing:
            self._locked = True
            if self._left:
                os.close(self._descriptor)
        self._changed.set()

    def within(self, seconds: float) -> bool:
        """Whether it has the lock, after that time at the latest, or earlier after a `wake`."""
        self._changed.wait(seconds)
        return self._locked

    def wake(self) -> None:
        """End the wait of whoever is in `within`."""
        self._changed.set()

    def leave(self) -> None:
        """Give up the lock, now or when it comes, and close the descriptor with it."""
        with self._changing:
            self._left = True
            if self._locked:
                os.close(self._descriptor)


def _held(path: Path) -> str:
    """`/run/lock/... is held by process 4711 of ann`, as far as that is known."""
    try:
        found = path.lstat()
        file = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
        locks = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
        # 1: FLOCK ADVISORY WRITE 4711 00:1a:4242 0 EOF; one that waits has "->" after its number
        pid = next(lock[4] for lock in locks if lock[1:2] == ["FLOCK"] and lock[5:6] == [file])
        uid = Path("/proc", pid).stat().st_uid
    except (OSError, StopIteration):
        return f"{path} is held by another process"
    try:
        user = pwd.getpwuid(uid).pw_name
    except KeyError:
        user = f"user {uid}"
    return f"{path} is held by process {pid} of {user}"
