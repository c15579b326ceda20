"""Dying with the process that started us."""

from __future__ import annotations

import ctypes
import os
import signal

__all__ = ["die_with_parent"]

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
