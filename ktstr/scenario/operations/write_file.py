"""The operation `write_file`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Annotated

from ktstr.base.errors import KtstrError
from ktstr.base.values import shown, string
from ktstr.scenario.argument import Text
from ktstr.scenario.operation import Operation

__all__ = ["KernelFile", "WriteFile"]

_FOLDERS = ("/proc/", "/sys/")
_DEBUGFS = "/sys/kernel/debug/"
_LONGEST = 255  # the agent's buffers, with the terminating zero


@dataclass(frozen=True)
class KernelFile(Text):
    """The absolute path of a file of the kernel: below /proc or /sys, which has debugfs at /sys/kernel/debug."""

    def check(self, value: object, where: str) -> None:
        """Raise KtstrError for any other path."""
        path = string(value, where)
        plain = str(PurePosixPath(path)) == path and ".." not in PurePosixPath(path).parts
        if not plain or not path.startswith(_FOLDERS) or len(path.encode()) > _LONGEST:
            raise KtstrError(f"{where}={shown(value)}: must be the path of a file below /proc or /sys")


@dataclass(frozen=True)
class WriteFile(Operation):
    """Writes `text` to a file of procfs, sysfs or debugfs in one write, as `echo -n` does.

    `WriteFile("/sys/kernel/debug/sched/features", "NO_RUN_TO_PARITY")` changes what the kernel's default scheduler
    does. If the kernel has no such file, or does not take the text, the run is an error.
    """

    name = "write_file"
    path: Annotated[str, KernelFile()]
    """The file."""
    text: Annotated[str, Text()]
    """What is written."""

    @property
    def needs_open_kernel(self) -> bool:
        """Whether the file is one of debugfs."""
        return self.path.startswith(_DEBUGFS)
