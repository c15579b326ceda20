"""The check `guest`."""

from __future__ import annotations

from collections.abc import Iterator

from ktstr.checks.evidence import Evidence
from ktstr.checks.registry import Stage, declare_check

__all__ = ["guest"]


@declare_check(stage=Stage.GUEST, always=True, rank=0)
def guest(run: Evidence, _always: bool) -> Iterator[str]:
    """The guest carried out its plan to the end: no panic, hang, or end of memory or time."""
    if run.ended is not None:
        yield run.ended
