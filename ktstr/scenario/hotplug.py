"""What the operations that take CPUs offline and bring them back have in common."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated

from ktstr.base.errors import KtstrError
from ktstr.base.limits import MAX_CPUS
from ktstr.scenario.argument import Whole
from ktstr.scenario.model import State
from ktstr.scenario.operation import Operation

__all__ = ["Hotplug"]


@dataclass(frozen=True)
class Hotplug(Operation):
    """An operation on one CPU."""

    refusals = MappingProxyType({errno.ETIMEDOUT: "dispatch (the kernel's cpuhp thread did not run)"})
    cpu: Annotated[int, Whole(0, MAX_CPUS - 1)]
    """The CPU's number."""

    def require_cpu(self, state: State) -> str:
        """How a refusal begins; KtstrError if the guest has no such CPU."""
        where = f"{self.label}: cpu={self.cpu}"
        if self.cpu not in range(state.topology.cpus):
            raise KtstrError(f"{where}: topology {state.topology} has no such CPU")
        return where
