"""The work type `yield_heavy`."""

from __future__ import annotations

from dataclasses import dataclass

from ktstr.scenario.work_type import WorkType

__all__ = ["YieldHeavy"]


@dataclass(frozen=True)
class YieldHeavy(WorkType):
    """Computes a few hundred instructions, yields, and repeats."""

    name = "yield_heavy"
