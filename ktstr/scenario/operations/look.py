"""The operation `look`."""

from __future__ import annotations

from dataclasses import dataclass

from ktstr.scenario.operation import Operation

__all__ = ["LookNow"]


@dataclass(frozen=True)
class LookNow(Operation):
    """Ends the hold before it with the kernel's debug dump, and reports what the flight recorder had by then."""

    name = "look"
    instead = "nothing: another run of a failed one has it"
