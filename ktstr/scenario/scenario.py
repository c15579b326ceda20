"""A scenario: what happens in the guest while the scheduler runs, as data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.base.topology import Topology
from ktstr.base.values import seconds, shown
from ktstr.scenario.cgroup import CgroupDef
from ktstr.scenario.operation import Operation

__all__ = ["Scenario", "scenario_of"]


@dataclass(frozen=True)
class Scenario:
    """Cgroups and operations, which the agent carries out in their order, and then a hold in which the workers run.

    `hold_s` is how long, in guest seconds (None: the test's duration). `trace` records the hold's context switches;
    `dump` reads the scheduler's maps at the hold's end. Scenarios with equal parts are equal, and have one hash.
    """

    parts: tuple[CgroupDef | Operation, ...] = ()
    """The cgroups and operations, in their order."""
    hold_s: float | None = None
    trace: bool = False
    dump: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", tuple(self.parts))
        for part in self.parts:
            if not isinstance(part, CgroupDef | Operation):
                raise KtstrError(f"scenario: {shown(part)}: must be CgroupDef(...) or an operation")
            if isinstance(part, Operation) and part.instead:
                raise KtstrError(f"scenario: {part.name}: ktstr puts it into the plan; use {part.instead}")
        names = [cgroup.name for cgroup in self.cgroups]
        if twice := {name for name in names if names.count(name) > 1}:
            raise KtstrError(f"cgroup {min(twice)}: declared twice in one scenario")
        if self.hold_s is not None:
            seconds(self.hold_s, "scenario: hold_s")
        for field in ("trace", "dump"):
            if not isinstance(value := getattr(self, field), bool):
                raise KtstrError(f"scenario: {field}={shown(value)}: must be True or False")

    @property
    def cgroups(self) -> tuple[CgroupDef, ...]:
        """The cgroups among the parts."""
        return tuple(part for part in self.parts if isinstance(part, CgroupDef))

    @property
    def sources(self) -> tuple[Path, ...]:
        """The C files that its parts need in the agent, sorted, each once. KtstrError for one that is not there."""
        files = ((part.work if isinstance(part, CgroupDef) else part).source_file() for part in self.parts)
        return tuple(sorted({file for file in files if file is not None}))

    def operations(self, topology: Topology) -> Iterator[Operation]:
        """The operations before the hold, in a guest of `topology`."""
        for part in self.parts:
            if isinstance(part, CgroupDef):
                yield from part.operations(topology)
            else:
                yield part

    def __str__(self) -> str:
        lines = [str(part) for part in self.parts]
        lines += ["trace"] if self.trace else []
        lines.append("hold" if self.hold_s is None else f"hold {self.hold_s:g} s")
        lines += ["dump"] if self.dump else []
        return "\n".join(lines)


def scenario_of(
    *parts: Scenario | CgroupDef | Operation,
    hold_s: float | None = None,
    trace: bool = False,
    dump: bool = False,
) -> Scenario:
    """The scenario that `ctx.run` was given: one Scenario, or the parts of one.

    `hold_s`, `trace` and `dump` are set over those of a Scenario, if given. KtstrError for anything else.
    """
    wholes = [part for part in parts if isinstance(part, Scenario)]
    if not wholes:
        return Scenario(tuple(part for part in parts if not isinstance(part, Scenario)), hold_s, trace, dump)
    if len(parts) > 1:
        raise KtstrError("scenario: Scenario(...) must be the only argument; its parts are in it")
    whole = wholes[0]
    return replace(
        whole,
        hold_s=whole.hold_s if hold_s is None else hold_s,
        trace=whole.trace or trace,
        dump=whole.dump or dump,
    )
