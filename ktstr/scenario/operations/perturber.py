"""The operation `perturber`."""

from __future__ import annotations

from dataclasses import dataclass

from ktstr.scenario.operation import Operation

__all__ = ["Perturber"]


@dataclass(frozen=True)
class Perturber(Operation):
    """Starts a real-time process on every CPU, which the `perturb` lines that follow make run in the next hold."""

    name = "perturber"
    instead = "--perturb on"
