"""A row of the table: a test of the tree, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from demands import Demand, stays

from ktstr import Bursty, CgroupDef, Detach, ReadGlobals, Scenario, Step

__all__ = ["WAKEUPS", "Case", "Listed", "then_read"]

WAKEUPS = CgroupDef("load", 8, work=Bursty(burst_ms=0.2, sleep_ms=1))
"""A load with plenty of scheduling events."""


@dataclass(frozen=True)
class Case:
    """A test of the tree, or a part of one."""

    of: str
    """The name of its C file."""
    does: str
    """What its C file demands, in our words."""
    scenario: Scenario = field(default_factory=lambda: Scenario((WAKEUPS,), hold_s=1))
    demands: tuple[Demand, ...] = (stays,)
    part: str = ""
    """Which part of it, if it has several."""
    bpf: str = ""
    """The BPF that it loads, if that is not of its own name."""
    declared: Mapping[str, Any] = field(default_factory=dict)
    """Further arguments of declare_scheduler."""
    test: Mapping[str, Any] = field(default_factory=dict)
    """Further arguments of ktstr_test."""
    refused: str = ""
    """A pattern of why the kernel does not attach it; empty: it attaches."""
    clang: int = 0
    """The least clang that compiles it; 0: any that ktstr accepts."""
    is_object: bool = False
    """Whether it is no scheduler, but an object whose programs the verifier has to refuse for that reason."""

    @property
    def name(self) -> str:
        """The name of the test function."""
        return f"{self.of}_{self.part}" if self.part else self.of


@dataclass(frozen=True)
class Listed:
    """A test of the tree, or a part of it, that is not done, or not on all kernels, and why not."""

    of: str
    why: str
    before: str = ""
    """The first series on which it is done; empty: on none."""
    part: str = ""
    """Which part of it; empty: all."""

    def names(self, case: Case) -> bool:
        """Whether it is about that case."""
        return self.of == case.of and self.part in ("", case.part)


def then_read(
    *steps: Step | CgroupDef, read: tuple[str, ...], before: CgroupDef | None = WAKEUPS
) -> Scenario:
    """The steps, and then the globals, once the scheduler is detached."""
    end = Step("detached", Detach(), ReadGlobals(*read), hold=0.05)
    return Scenario((before,) if before else (), steps=(*steps, end))  # type: ignore[arg-type]
