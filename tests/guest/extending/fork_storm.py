"""An operation of the project's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr import Operation, Whole


@dataclass(frozen=True)
class ForkStorm(Operation):
    """Forks `count` processes, one after the other, and reports the longest time that one took."""

    name = "fork_storm"
    source = "fork_storm.c"
    count: Annotated[int, Whole(1, 10_000)]
