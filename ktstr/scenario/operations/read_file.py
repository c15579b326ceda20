"""The operation `read_file`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.base.errors import KtstrError
from ktstr.base.values import shown, string
from ktstr.scenario.argument import Text
from ktstr.scenario.operation import Operation

__all__ = ["GuestPath", "ReadFile"]


class GuestPath(Text):
    """The path of a file in the guest."""

    def check(self, value: object, where: str) -> None:
        """Raise KtstrError for anything but an absolute path."""
        if not string(value, where).startswith("/"):
            raise KtstrError(f"{where}={shown(value)}: must be an absolute path in the guest")


@dataclass(frozen=True)
class ReadFile(Operation):
    """Reports what a file in the guest says: `ReadFile("/sys/kernel/debug/sched/debug", "total_bw")`.

    Mostly one of procfs, sysfs or debugfs. `containing` leaves only the lines that contain that text; 8 KiB are kept.
    `report.files` has each.
    """

    name = "read_file"
    path: Annotated[str, GuestPath()]
    """The file."""
    containing: Annotated[str, Text()] = ""
    """A text that a line must contain; empty: all lines."""
