"""The operation `sysctl`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from ktstr.base.topology import Topology
from ktstr.scenario.argument import Text
from ktstr.scenario.operation import Operation

__all__ = ["Sysctl", "sysctls"]


@dataclass(frozen=True)
class Sysctl(Operation):
    """Writes `value` to a sysctl, which is named as sysctl(8) does: `kernel.panic_on_warn`."""

    name = "sysctl"
    key: Annotated[str, Text()]
    """Its name."""
    value: Annotated[str, Text()]
    """The text that is written."""

    def arguments(self, topology: Topology) -> tuple[str, ...]:
        """The path below /proc/sys, and the value."""
        return (self.key.replace(".", "/"), self.value)


def sysctls(settings: Mapping[str, str]) -> tuple[Sysctl, ...]:
    """The operations that write `settings`, in their order."""
    return tuple(Sysctl(key, value) for key, value in settings.items())
