"""The operation `run_payload`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Annotated

from ktstr.base.errors import KtstrError
from ktstr.base.topology import Topology
from ktstr.base.values import seconds
from ktstr.scenario.argument import Argument
from ktstr.scenario.model import State
from ktstr.scenario.operation import Operation
from ktstr.scenario.operations.cgroup import NOT_THERE, CgroupName, refused_by, require_place
from ktstr.scenario.operations.spawn import Spawn
from ktstr.scenario.payload import Payload, PayloadArgument

__all__ = ["RunPayload"]

_NS = 1_000_000_000


@dataclass(frozen=True)
class _SecondsOrNever(Argument):
    """Guest seconds, or None."""

    def check(self, value: object, where: str) -> None:
        if value is not None:
            seconds(value, where)

    def words(self, value: float | None) -> tuple[str, ...]:
        return (str(0 if value is None else round(value * _NS)),)


@dataclass(frozen=True)
class RunPayload(Operation):
    """Starts a payload in a cgroup of its own, `payload-NAME`, in `cgroup` (empty: at the top).

    It begins with the next hold, or at once within one. It ends by itself, by `KillPayload`, with its cgroup, or at the
    end of the scenario; after `timeout_s` guest seconds (None: never) it is killed, which is a violation. Its whole
    process tree ends with it. `WaitPayload` ends the hold when it has ended.
    """

    name = "run_payload"
    tolerated = NOT_THERE
    # Which of them it was is in the event: "cgroup" or "fork".
    refusals = MappingProxyType(
        dict.fromkeys({*refused_by("cgroup_init"), *Spawn.refusals}, "cgroup_init or init_task")
    )
    payload: Annotated[Payload, PayloadArgument()]
    """The program."""
    cgroup: Annotated[str, CgroupName(root=True)] = ""
    """The cgroup in which its own is made; empty: at the top."""
    timeout_s: Annotated[float | None, _SecondsOrNever()] = None

    def arguments(self, topology: Topology) -> tuple[str, ...]:
        """Name, cgroup, time in ns, the number of variables, the variables, the program and its arguments."""
        variables = tuple(f"{name}={value}" for name, value in self.payload.env.items())
        return (
            self.payload.name,
            self.cgroup,
            *_SecondsOrNever().words(self.timeout_s),
            str(len(variables)),
            *variables,
            self.payload.program,
            *self.payload.args,
        )

    def changes(self, state: State) -> State:
        """It runs; KtstrError if there is no such cgroup, or if one of its name may still run."""
        require_place(state, self.cgroup, f"{self.label}: cgroup")
        name = self.payload.name
        if name in state.payloads:
            raise KtstrError(
                f"{self.label}: payload={name!r}: one of that name may still run; use WaitPayload({name!r}) or"
                f" KillPayload({name!r}) before, or another name"
            )
        own = f"{self.cgroup}/payload-{name}" if self.cgroup else f"payload-{name}"
        if own in state.cgroups:
            raise KtstrError(f"{self.label}: payload={name!r}: there is a cgroup {own}; must be another name")
        return replace(state, payloads={**state.payloads, name: self.cgroup})

    def __str__(self) -> str:
        where = f" cgroup={self.cgroup}" if self.cgroup else ""
        timeout = "" if self.timeout_s is None else f", for at most {self.timeout_s:g} s"
        return f"{self.name} {self.payload}{where}{timeout}"
