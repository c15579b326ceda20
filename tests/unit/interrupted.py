"""Ending a Python program by a signal, however busy the host is."""

from __future__ import annotations

import signal
import subprocess
from typing import Any

__all__ = ["end"]


def end(process: subprocess.Popen[Any], how: signal.Signals) -> None:
    """Send the signal until the process has ended, as a user presses Ctrl-C again.

    A SIGINT that arrives between Python's last look for signals and a system call that blocks is acted on only after
    that call returns. On a busy host that happens, and then only the next one ends the call.
    """
    for _ in range(12):
        process.send_signal(how)
        try:
            process.wait(10)
            return
        except subprocess.TimeoutExpired:
            continue
    raise AssertionError(f"{how.name} did not end process {process.pid}")
