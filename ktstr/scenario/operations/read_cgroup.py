"""The operation `read_cgroup`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

from ktstr.base.errors import KtstrError
from ktstr.base.values import shown
from ktstr.scenario.argument import Argument
from ktstr.scenario.model import State
from ktstr.scenario.operation import Operation
from ktstr.scenario.operations.cgroup import NOT_THERE, CgroupName

__all__ = ["ReadCgroup"]

_FILE = re.compile(r"(?:cgroup|cpu|cpuset|memory|pids)\.[a-z0-9._]{1,48}")


@dataclass(frozen=True)
class _File(Argument):
    """A file of a cgroup."""

    def check(self, value: object, where: str) -> None:
        if not isinstance(value, str) or not _FILE.fullmatch(value):
            raise KtstrError(f"{where}={shown(value)}: must be a file of a cgroup, such as 'cpu.stat'")

    def words(self, value: str) -> tuple[str, ...]:
        return (value,)


@dataclass(frozen=True)
class ReadCgroup(Operation):
    """Reports what a file of a cgroup says (the event `cgroup_file`): `ReadCgroup("a", "cpu.stat")`."""

    name = "read_cgroup"
    tolerated = NOT_THERE
    cgroup: Annotated[str, CgroupName(root=True)]
    """The path of the cgroup."""
    file: Annotated[str, _File()]
    """The name of the file."""

    def changes(self, state: State) -> State:
        """Nothing; KtstrError if there is no such cgroup."""
        if self.cgroup:
            state.require(self.cgroup, f"{self.label}: cgroup")
        return state
