"""The operation `cpu_offline`."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ktstr.base.errors import KtstrError
from ktstr.base.topology import cpu_list
from ktstr.scenario.hotplug import Hotplug
from ktstr.scenario.model import State

__all__ = ["CpuOffline"]


@dataclass(frozen=True)
class CpuOffline(Hotplug):
    """Takes a CPU offline. After the scenario all CPUs are what they were.

    Not CPU 0, which the kernel keeps, and not the agent's, the last one that is online at the start. The kernel ends a
    scheduler that has neither ops.cpu_online nor ops.cpu_offline, and expects its program to attach again; one whose
    program does not has left.
    """

    name = "cpu_offline"

    def changes(self, state: State) -> State:
        """With one CPU less; KtstrError if it must stay, or is not online."""
        where = self.require_cpu(state)
        if self.cpu == 0:
            raise KtstrError(f"{where}: the kernel keeps CPU 0 online; must be another one")
        if self.cpu == state.agent_cpu:
            raise KtstrError(f"{where}: ktstr's own agent stays on it; must be another one")
        if self.cpu not in state.online:
            raise KtstrError(
                f"{where}: is offline at that moment; must be one that is online: {cpu_list(state.online)}"
            )
        return replace(state, online=state.online - {self.cpu})
