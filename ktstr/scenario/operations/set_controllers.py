"""The operation `set_controllers`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from ktstr.base.errors import KtstrError
from ktstr.base.values import shown
from ktstr.scenario.argument import Words
from ktstr.scenario.model import CONTROLLERS, CgroupState, State
from ktstr.scenario.operation import Operation
from ktstr.scenario.operations.cgroup import NOT_THERE, CgroupName, refused_by

__all__ = ["SetControllers"]

_KNOWN = ("cpu", "cpuset")


@dataclass(frozen=True)
class _Controllers(Words):
    """Names of controllers."""

    def check(self, value: object, where: str) -> None:
        super().check(value, where)
        for one in value:  # type: ignore[attr-defined]  # it is a tuple of texts by now
            if one not in _KNOWN:
                raise KtstrError(
                    f"{where}={shown(value)}: {one}: must be some of {', '.join(_KNOWN)}, or none"
                )


@dataclass(frozen=True)
class SetControllers(Operation):
    """Says which of the controllers cpu and cpuset the cgroups directly below `cgroup` have; empty: the root.

    `SetControllers("a", ("cpuset",))` takes the cpu controller from `a/b`: for the scheduler its tasks are in `a` then.
    """

    name = "set_controllers"
    tolerated = NOT_THERE
    refusals = refused_by("cgroup_init")
    cgroup: Annotated[str, CgroupName(root=True)]
    """The path of the cgroup."""
    controllers: Annotated[tuple[str, ...], _Controllers()] = _KNOWN
    """The controllers."""

    def changes(self, state: State) -> State:
        """Those below lose what they have of a controller that is taken; KtstrError if they give it on themselves."""
        if self.cgroup:
            state.require(self.cgroup, f"{self.label}: cgroup")
        gives, below = frozenset(self.controllers), f"{self.cgroup}/" if self.cgroup else ""
        if self.cgroup and (absent := gives - state.controllers(self.cgroup)):
            raise KtstrError(
                f"{self.label}: controllers={' '.join(self.controllers)}: cgroup {self.cgroup} has no {min(absent)}"
                " controller itself, so it cannot give it"
            )
        for path in state.cgroups:
            parent = path.rpartition("/")[0]
            lost = CONTROLLERS - gives & state.cgroups[parent].gives if parent else frozenset()
            if (
                parent.startswith(below)
                and parent != self.cgroup
                and (kept := lost & state.controllers(path))
            ):
                raise KtstrError(
                    f"{self.label}: controllers={' '.join(self.controllers)}: cgroup {parent} gives"
                    f" {min(kept)} to {path}; must be taken from there first"
                )
        new = {
            path: self._without(one) if path.startswith(below) else one for path, one in state.cgroups.items()
        }
        if not self.cgroup:
            return replace(state, cgroups=new, gives=gives)
        return replace(state, cgroups=new).with_cgroup(self.cgroup, replace(new[self.cgroup], gives=gives))

    def _without(self, known: CgroupState) -> CgroupState:
        if "cpuset" not in self.controllers:
            known = replace(known, cpuset=None, partition="member")
        if "cpu" not in self.controllers:
            known = replace(known, weight=100, quota=None, idle=False)
        return known
