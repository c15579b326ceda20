"""What all operations on running workers have in common: which workers they are about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from ktstr.base.errors import KtstrError
from ktstr.base.limits import MAX_WORKERS
from ktstr.scenario.argument import Argument, Whole, arguments_of
from ktstr.scenario.model import Member, State
from ktstr.scenario.operation import Operation
from ktstr.scenario.workers import CgroupOrRoot, GroupName

__all__ = ["OnWorkers"]


@dataclass(frozen=True)
class _Most(Argument):
    def check(self, value: object, where: str) -> None:
        if value is not None:
            Whole(1, MAX_WORKERS).check(value, where)

    def words(self, value: int | None) -> tuple[str, ...]:
        return (str(value or 0),)


@dataclass(frozen=True, kw_only=True)
class _Choice:
    group: Annotated[str, GroupName()] = ""
    """The name of the group; empty: any."""
    count: Annotated[int | None, _Most()] = None
    """How many, the first in the order in which they were spawned; None: all."""


@dataclass(frozen=True)
class OnWorkers(_Choice, Operation):
    """The base of operations on the workers that are in `cgroup` (empty: the root) at that moment."""

    cgroup: Annotated[str, CgroupOrRoot()]
    """The cgroup; empty: the root."""

    @property
    def chosen_words(self) -> tuple[str, ...]:
        """How the plan says which workers."""
        return (self.cgroup, self.group, str(self.count or 0))

    def chosen(self, state: State) -> Mapping[int, Member]:
        """The workers by number; KtstrError if there are none at that moment."""
        if self.cgroup:
            state.require(self.cgroup, f"{self.label}: cgroup")
        found = [one for one in state.workers if one.cgroup == self.cgroup and self.group in ("", one.group)][
            : self.count
        ]
        if not found:
            what = f"group={self.group!r}" if self.group else f"cgroup={self.cgroup!r}"
            raise KtstrError(f"{self.label}: {what}: no worker is in it at that moment; must have one")
        return {one.index: one for one in found}

    def changed(self, state: State, **fields: Any) -> State:
        """The state with `fields` of `Member` changed for the chosen workers."""
        chosen = self.chosen(state)
        return state.change_workers(lambda one: one.index in chosen, **fields)

    def __str__(self) -> str:
        named = (
            f"{field}={' '.join(argument.words(value)) or value}"
            for field, argument in arguments_of(type(self)).items()
            if (value := getattr(self, field)) not in ("", None) and field != "cgroup"
        )
        return " ".join((self.name, f"cgroup={self.cgroup}" if self.cgroup else "the root cgroup", *named))
