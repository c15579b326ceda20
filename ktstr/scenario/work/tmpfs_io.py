"""The work type `tmpfs_io`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.scenario.argument import Milliseconds, Whole
from ktstr.scenario.work_type import WorkType

__all__ = ["TmpfsIo"]


@dataclass(frozen=True)
class TmpfsIo(WorkType):
    """Writes `kb` KiB to a file in a tmpfs, synchronizes it, and sleeps for `wait_ms` guest milliseconds.

    The sleep stands for what a disk would take. An iteration is a write of up to 4 KiB.
    """

    name = "tmpfs_io"
    kb: Annotated[int, Whole(1, 65_536)] = 16
    wait_ms: Annotated[float, Milliseconds()] = 0.1
