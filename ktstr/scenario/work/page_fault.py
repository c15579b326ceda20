"""The work type `page_fault`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.scenario.argument import Whole
from ktstr.scenario.work_type import WorkType

__all__ = ["PageFault"]


@dataclass(frozen=True)
class PageFault(WorkType):
    """Maps `kb` KiB, writes to each page, and unmaps them: a page fault is an iteration."""

    name = "page_fault"
    kb: Annotated[int, Whole(4, 65_536)] = 1024
