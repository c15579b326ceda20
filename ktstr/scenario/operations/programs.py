"""The operation `programs`."""

from __future__ import annotations

from dataclasses import dataclass

from ktstr.scenario.operation import Operation

__all__ = ["Programs"]


@dataclass(frozen=True)
class Programs(Operation):
    """Reports every loaded BPF program and map."""

    name = "programs"
