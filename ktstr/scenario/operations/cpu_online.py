"""The operation `cpu_online`."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ktstr.base.errors import KtstrError
from ktstr.base.topology import cpu_list
from ktstr.scenario.hotplug import Hotplug
from ktstr.scenario.model import State

__all__ = ["CpuOnline"]


@dataclass(frozen=True)
class CpuOnline(Hotplug):
    """Brings a CPU online that is offline: by `CpuOffline`, or by `kargs`, such as `maxcpus=2`.

    What `CpuOffline` says of schedulers without ops.cpu_online is true here, too.
    """

    name = "cpu_online"

    def changes(self, state: State) -> State:
        """With one CPU more; KtstrError if the guest has no such CPU, or if it is online."""
        where = self.require_cpu(state)
        if self.cpu in state.online:
            offline = frozenset(range(state.topology.cpus)) - state.online
            names = f"; must be one that is offline: {cpu_list(offline)}" if offline else ""
            raise KtstrError(f"{where}: is online at that moment{names}")
        return replace(state, online=state.online | {self.cpu})
