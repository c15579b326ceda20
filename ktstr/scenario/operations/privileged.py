"""The operation `privileged`."""

from __future__ import annotations

from dataclasses import dataclass

from ktstr.scenario.operation import Operation

__all__ = ["Privileged"]


@dataclass(frozen=True)
class Privileged(Operation):
    """Programs that are started later keep every privilege, and are not confined (docs/trust.md)."""

    name = "privileged"
    instead = "declare_scheduler(privileged=True)"
