"""The work type `cache_pressure`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.scenario.argument import Whole
from ktstr.scenario.work_type import WorkType

__all__ = ["CachePressure"]


@dataclass(frozen=True)
class CachePressure(WorkType):
    """Goes through a buffer of `kb` KiB in strides of `stride_bytes`, and writes there; 128 writes are an iteration."""

    name = "cache_pressure"
    kb: Annotated[int, Whole(4, 65_536)] = 256
    stride_bytes: Annotated[int, Whole(1, 4096)] = 64
