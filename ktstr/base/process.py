"""Children that die with us: what the kernel's PR_SET_PDEATHSIG does, made safe to use."""

from __future__ import annotations

import ctypes
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["child_dies_with_us", "die_with_parent", "interrupt_waits"]

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def die_with_parent(parent: int) -> None:
    """Have the kernel send SIGKILL to this process when `parent`, the process that started it, ends.

    Where `parent` has ended already this process ends now. Descendants are not covered: each has to ask.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    # A parent that ended before the call sends nothing any more: we have been given another one.
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def child_dies_with_us() -> Callable[[], None]:
    """What has the kernel kill a child when the thread that forks it dies; for Popen's preexec_fn.

    Within interrupt_waits, for Popen then has Python call what was registered for a fork. SIGKILL, because a program
    such as the emulator ends itself on SIGTERM only when its main loop runs.
    """
    # Both before the fork: after it the parent may be dead already, and another thread may have held the loader's lock.
    parent, prctl = os.getpid(), ctypes.CDLL(None).prctl

    def ask() -> None:
        if prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0 or os.getppid() != parent:
            os._exit(1)

    return ask


@contextmanager
def interrupt_waits() -> Iterator[None]:
    """Ctrl-C is seen to at the end of the block.

    For a fork that has Python call what was registered for one (os.register_at_fork; logging does): an exception there
    is printed and forgotten, and so would be the Ctrl-C that came just then.
    """
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield  # it is another thread's business, or not Python's
        return
    came: list[tuple[int, FrameType | None]] = []
    signal.signal(signal.SIGINT, lambda number, frame: came.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
    if came:
        handler(*came[0])
