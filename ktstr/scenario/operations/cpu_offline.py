"""The operation `cpu_offline`."""

from __future__ import annotations

import errno
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Annotated

from ktstr.base.errors import KtstrError
from ktstr.base.limits import MAX_CPUS
from ktstr.base.topology import cpu_list
from ktstr.scenario.argument import Whole
from ktstr.scenario.model import State
from ktstr.scenario.operation import Operation

__all__ = ["CpuOffline"]


@dataclass(frozen=True)
class CpuOffline(Operation):
    """Takes a CPU offline. After the scenario all CPUs are what they were.

    Not CPU 0, which the kernel keeps, and not the agent's, the last one that is online at the start. The kernel ends a
    scheduler that has neither ops.cpu_online nor ops.cpu_offline, and expects its program to attach again; one whose
    program does not has left.
    """

    name = "cpu_offline"
    refusals = MappingProxyType({errno.ETIMEDOUT: "dispatch (the kernel's cpuhp thread did not run)"})
    cpu: Annotated[int, Whole(0, MAX_CPUS - 1)]
    """The CPU's number."""

    def changes(self, state: State) -> State:
        """With one CPU less; KtstrError if it must stay, or is not online."""
        where = f"{self.label}: cpu={self.cpu}"
        if self.cpu not in range(state.topology.cpus):
            raise KtstrError(f"{where}: topology {state.topology} has no such CPU")
        if self.cpu == 0:
            raise KtstrError(f"{where}: the kernel keeps CPU 0 online; must be another one")
        if self.cpu == state.agent_cpu:
            raise KtstrError(f"{where}: ktstr's own agent stays on it; must be another one")
        if self.cpu not in state.online:
            raise KtstrError(
                f"{where}: is offline at that moment; must be one that is online: {cpu_list(state.online)}"
            )
        return replace(state, online=state.online - {self.cpu})
