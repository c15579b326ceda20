"""The operation `cpu_online`."""

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

__all__ = ["CpuOnline"]


@dataclass(frozen=True)
class CpuOnline(Operation):
    """Brings a CPU online that is offline: by `CpuOffline`, or by `kargs`, such as `maxcpus=2`.

    What `CpuOffline` says of schedulers without ops.cpu_online is true here, too.
    """

    name = "cpu_online"
    refusals = MappingProxyType({errno.ETIMEDOUT: "dispatch (the kernel's cpuhp thread did not run)"})
    cpu: Annotated[int, Whole(0, MAX_CPUS - 1)]
    """The CPU's number."""

    def changes(self, state: State) -> State:
        """With one CPU more; KtstrError if the guest has no such CPU, or if it is online."""
        where = f"{self.label}: cpu={self.cpu}"
        if self.cpu not in range(state.topology.cpus):
            raise KtstrError(f"{where}: topology {state.topology} has no such CPU")
        if self.cpu in state.online:
            offline = frozenset(range(state.topology.cpus)) - state.online
            names = f"; must be one that is offline: {cpu_list(offline)}" if offline else ""
            raise KtstrError(f"{where}: is online at that moment{names}")
        return replace(state, online=state.online | {self.cpu})
