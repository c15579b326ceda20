"""Child processes that die with this one: a safe way to use the kernel's PR_SET_PDEATHSIG."""

from __future__ import annotations

import ctypes
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["child_dies_with_us", "die_with_parent", "interrupt_waits", "signal_name"]

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def signal_name(number: int) -> str:
    """`SIGSEGV` for 11; `signal 99` for a number that no signal has."""
    return next((one.name for one in signal.Signals if one == number), f"signal {number}")


def die_with_parent(parent: int) -> None:
    """Have the kernel send SIGKILL to this process when `parent`, the process that started it, ends.

    If `parent` has already ended, this process ends now. It does not cover descendants: each must ask for itself.
    Raises OSError if the kernel refuses.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    # A parent that ended before the call sends no signal: this process has a new parent by now.
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def child_dies_with_us() -> Callable[[], None]:
    """A preexec_fn for Popen: the kernel kills the child when the thread that forks it dies.

    Use it within interrupt_waits, because with a preexec_fn Popen runs the handlers that were registered for a fork.
    The signal is SIGKILL, because a program such as the emulator handles SIGTERM only while its main loop runs.
    """
    # Both are done before the fork. After it the parent may be dead already, and another thread may have held the
    # loader's lock.
    parent, prctl = os.getpid(), ctypes.CDLL(None).prctl

    def ask() -> None:
        if prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0 or os.getppid() != parent:
            os._exit(1)

    return ask


@contextmanager
def interrupt_waits() -> Iterator[None]:
    """Delay Ctrl-C until the end of the block.

    For a fork that runs handlers of os.register_at_fork (logging registers some): Python prints an exception raised in
    one and drops it, so a Ctrl-C that arrived at that moment would be lost.
    """
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield  # the main thread handles Ctrl-C, or Python does not handle it at all
        return
    pending: list[tuple[int, FrameType | None]] = []
    signal.signal(signal.SIGINT, lambda number, frame: pending.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
    if pending:
        handler(*pending[0])
