"""The operation `set_policy`."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated

from ktstr.base.errors import KtstrError
from ktstr.base.topology import Topology
from ktstr.scenario.argument import Whole
from ktstr.scenario.model import State
from ktstr.scenario.on_workers import OnWorkers
from ktstr.scenario.policy import (
    POLICY,
    PRIORITY,
    SLICE,
    Deadline,
    Policy,
    check_policy,
    check_slice,
    plan_priority,
    slice_ns,
)
from ktstr.scenario.workers import Kind, Optionally

__all__ = ["SetPolicy"]


@dataclass(frozen=True)
class SetPolicy(OnWorkers):
    """Gives running workers a policy: `SetPolicy("a", "fifo", priority=5)`.

    With `fifo`, `rr` and `deadline` they leave the ext class, and a sched_ext scheduler gets `disable`. With `ext` they
    enter that of a partial scheduler. The slice that they asked for is gone unless it is given anew.
    """

    name = "set_policy"
    # kernel/sched/ext.c, scx_check_setscheduler(): what init_task forbids by p->scx.disallow
    refusals = MappingProxyType({errno.EACCES: "init_task (scx.disallow)"})
    policy: Annotated[Policy, POLICY]
    """The policy."""
    priority: Annotated[int | None, Optionally(Whole(*PRIORITY))] = None
    """The priority of fifo and rr; None: 10."""
    deadline: Annotated[Deadline | None, Optionally(Kind(Deadline, "Deadline(1, period_ms=10)"))] = None
    """The reservation of policy deadline."""
    slice_ms: Annotated[float | None, Optionally(SLICE)] = None
    """The slice that each asks for, in guest ms; None: the kernel's."""

    def check(self) -> None:
        """KtstrError naming the argument that is not acceptable, or that the policy does not take."""
        super().check()
        check_policy(self.policy, self.priority, self.deadline, self.label)
        check_slice(self.policy, self.slice_ms, self.label)

    def arguments(self, topology: Topology) -> tuple[str, ...]:
        """Which workers, the policy, and its numbers; 0 for those that it does not take."""
        runtime, *times = self.deadline.nanoseconds if self.deadline else (0, 0, 0)
        numbers = (plan_priority(self.policy, self.priority), runtime or slice_ns(self.slice_ms) or 0, *times)
        return (*self.chosen_words, self.policy, *map(str, numbers))

    def changes(self, state: State) -> State:
        """Workers of another policy; KtstrError for policy deadline if they may not use all CPUs."""
        if self.policy == "deadline":
            for one in self.chosen(state).values():
                if state.allowed(one) != state.online:
                    raise KtstrError(
                        f"{self.label}: policy=deadline: the kernel wants all CPUs for it; must be workers without a"
                        " cpuset or an affinity"
                    )
        return self.changed(state, policy=self.policy, slice_ms=self.slice_ms)
