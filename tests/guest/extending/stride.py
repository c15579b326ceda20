"""A work type of the project's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr import Whole, WorkType


@dataclass(frozen=True)
class Stride(WorkType):
    """Touches memory `bytes` apart, `touches` times between two looks at the clock."""

    name = "stride"
    source = "stride.c"
    bytes: Annotated[int, Whole(1, 4096)] = 64
    touches: Annotated[int, Whole(1, 1000)] = 200
