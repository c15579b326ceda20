"""The operation `write`: a scheduler's globals written while it runs, which makes a crash test's scheduler fail."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ktstr.base.errors import KtstrError
from ktstr.base.topology import Topology
from ktstr.base.values import seconds, shown, string
from ktstr.scenario.model import State
from ktstr.scenario.operation import Operation
from ktstr.scenario.scheduler_name import require_attached

__all__ = ["BpfMapWrite", "map_writes"]

# A path in C: names, members and indices. An array's elements begin with an index.
_PATH = re.compile(r"(?:[A-Za-z_]\w*|\[\d+\])(?:\.[A-Za-z_]\w*|\[\d+\])*", re.ASCII)
_VALUES = range(-(2**63), 2**64)
_RODATA = re.compile(r"\.rodata(?:\..+)?")
_NS = 1_000_000_000


@dataclass(frozen=True)
class BpfMapWrite(Operation):
    """One write of `value` to `variable` in the scheduler's map `map`.

    `map` is named as libbpf does: ".bss", ".data", ".data.mine", or an array's own name. `variable` is a path in C:
    "crash", "cfg.limits[2]", and for an array "[0].max"; it must end at an integer, bool or enum. The agent writes
    once the scheduler is attached, or `at_s` guest seconds into each scenario. ".rodata" is set before the scheduler
    is loaded, which is possible only for a scheduler declared with bpf=.

    It is given to `@ktstr_test(bpf_map_write=...)`, or is an operation of a step, in which it writes at once:
    `At(0.2, BpfMapWrite(".bss", "crash", 1))`.
    """

    name = "write"
    map: str
    variable: str
    value: int
    at_s: float | None = None

    @property
    def label(self) -> str:
        """What messages call it: what an author wrote."""
        return "BpfMapWrite"

    def check(self) -> None:
        """Raise KtstrError naming the field whose value is not acceptable."""
        where = f"{self.label}: "
        if not string(self.map, f"{where}map"):
            raise KtstrError(f"{where}map='': must be a map's name, such as '.bss'")
        if not isinstance(self.variable, str) or not _PATH.fullmatch(self.variable):
            raise KtstrError(
                f"{where}variable={shown(self.variable)}: must be a path in C, such as 'crash' or 'cfg.limits[2]'"
            )
        if not isinstance(self.value, int) or self.value not in _VALUES:
            raise KtstrError(
                f"{where}value={shown(self.value)}: must be a whole number of 64 bits, or a bool"
            )
        if self.at_s is not None and self.at_s != 0:
            seconds(self.at_s, f"{where}at_s")
        if self.is_rodata and (self.at_s is not None or not self.variable.isidentifier()):
            raise KtstrError(
                f"{where}{self.map}: is set before the scheduler is loaded: must be a whole variable, without at_s"
            )

    @property
    def is_rodata(self) -> bool:
        """Whether it has to be made before the scheduler is loaded."""
        return bool(_RODATA.fullmatch(self.map))

    @property
    def target(self) -> str:
        """What is written to, as messages name it."""
        return f"{self.map} {self.variable}"

    def arguments(self, topology: Topology) -> tuple[str, ...]:
        """When (`-` for at once, else ns into the hold), map, variable, value."""
        at = "-" if self.at_s is None else str(round(self.at_s * _NS))
        return (at, self.map, self.variable, str(int(self.value)))

    def changes(self, state: State) -> State:
        """The same; KtstrError for one with a time of its own, for a constant, or if no scheduler is attached."""
        where = f"{self.label}: "
        if self.at_s is not None:
            raise KtstrError(
                f"{where}at_s={self.at_s:g}: must not be given to an operation; use At({self.at_s:g}, ...)"
            )
        if self.is_rodata:
            raise KtstrError(
                f"{where}{self.map}: is read-only once it is loaded; use declare_scheduler(rodata=...)"
            )
        require_attached(state, self.label)
        return state

    def __str__(self) -> str:
        return f"{self.name} {self.target} {int(self.value)}"


def map_writes(value: object) -> tuple[BpfMapWrite, ...]:
    """What `ktstr_test(bpf_map_write=...)` was given: none, one or several; KtstrError for anything else."""
    if value is None:
        return ()
    several = tuple(value) if isinstance(value, list | tuple) else (value,)
    for one in several:
        if not isinstance(one, BpfMapWrite):
            raise KtstrError(f"bpf_map_write={shown(one)}: must be BpfMapWrite(...), or a list of them")
    return several
