"""A scenario: what happens in the guest while the scheduler runs, as data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.base.values import seconds, shown
from ktstr.scenario.cgroup import CgroupDef
from ktstr.scenario.operation import Operation
from ktstr.scenario.operations.at import At
from ktstr.scenario.step import Step, check_parts

__all__ = ["Scenario", "scenario_of"]


@dataclass(frozen=True)
class Scenario:
    """Cgroups and operations, which the agent carries out in their order, and then a hold in which the workers run.

    With `steps` the parts are the backdrop, which is there through all steps; each step has operations and a hold of
    its own, and is a phase of the report. Without steps there is one hold. `hold_s` is how long it is, in guest seconds
    (None: the test's duration); with steps it is the duration that their fractions are of. `trace` records the holds'
    context switches; `dump` reads the scheduler's maps at the end. Scenarios with equal parts are equal, and have one
    hash.
    """

    parts: tuple[CgroupDef | Operation, ...] = ()
    """The cgroups and operations, in their order."""
    hold_s: float | None = None
    trace: bool = False
    dump: bool = False
    steps: tuple[Step, ...] = ()
    """The steps, in their order; none: one hold."""

    def __post_init__(self) -> None:
        for field, kind in (("parts", "CgroupDef(...) and operations"), ("steps", "Step(...)")):
            if not isinstance(value := getattr(self, field), Iterable) or isinstance(value, str):
                raise KtstrError(f"scenario: {field}={shown(value)}: must be a list or tuple of {kind}")
            object.__setattr__(self, field, tuple(value))
        check_parts(self.parts, "scenario", held=False)
        names = [cgroup.name for cgroup in self.parts if isinstance(cgroup, CgroupDef)]
        if twice := {name for name in names if names.count(name) > 1}:
            raise KtstrError(f"cgroup {min(twice)}: declared twice in one scenario")
        for step in self.steps:
            if not isinstance(step, Step):
                raise KtstrError(f"scenario: steps: {shown(step)}: must be Step(...)")
        titles = [step.name for step in self.steps]
        if again := {title for title in titles if titles.count(title) > 1}:
            raise KtstrError(
                f"step {min(again)}: declared twice in one scenario; a step is done again by repeat="
            )
        self._check_attached()
        if self.hold_s is not None:
            seconds(self.hold_s, "scenario: hold_s")
        for field in ("trace", "dump"):
            if not isinstance(value := getattr(self, field), bool):
                raise KtstrError(f"scenario: {field}={shown(value)}: must be True or False")

    def _check_attached(self) -> None:
        early = [step for step in self.steps if not step.attached]
        if early and len(early) == len(self.steps):
            raise KtstrError(
                f"step {early[-1].name}: attached=False: must be followed by a step with the scheduler"
            )
        for step in early[self.attach_at :]:
            raise KtstrError(
                f"step {step.name}: attached=False: must be one of the first steps; use Detach() in a later one"
            )

    @property
    def attach_at(self) -> int:
        """The number of the step, from 0, at whose start the test's scheduler is attached; 0 also without steps."""
        return next((number for number, step in enumerate(self.steps) if step.attached), 0)

    @property
    def all_parts(self) -> tuple[CgroupDef | Operation, ...]:
        """Its parts and those of its steps; of a part with a time, the operation itself."""
        several = (*self.parts, *(part for step in self.steps for part in step.parts))
        return tuple(part.operation if isinstance(part, At) else part for part in several)

    @property
    def cgroups(self) -> tuple[CgroupDef, ...]:
        """The cgroups among the parts, those of the steps included."""
        return tuple(part for part in self.all_parts if isinstance(part, CgroupDef))

    @property
    def sources(self) -> tuple[Path, ...]:
        """The C files that its parts need in the agent, sorted, each once. KtstrError for one that is not there."""
        files = {file for part in self.all_parts for file in part.source_files()}
        return tuple(sorted(files))

    def total_s(self, duration_s: float) -> float:
        """The guest seconds of all its holds, for a test of that duration."""
        if not self.steps:
            return duration_s
        return sum(hold_s for step in self.steps for hold_s in step.holds(duration_s))

    def __str__(self) -> str:
        lines = [str(part) for part in self.parts]
        lines += ["trace"] if self.trace else []
        lines += [str(step) for step in self.steps]
        if not self.steps:
            lines.append("hold" if self.hold_s is None else f"hold {self.hold_s:g} s")
        lines += ["dump"] if self.dump else []
        return "\n".join(lines)


def scenario_of(
    *parts: Scenario | CgroupDef | Operation,
    hold_s: float | None = None,
    trace: bool = False,
    dump: bool = False,
    steps: Sequence[Step] = (),
) -> Scenario:
    """The scenario that `ctx.run` was given: one Scenario, or the parts of one.

    `hold_s`, `trace` and `dump` are set over those of a Scenario, if given; `steps` are not for a Scenario, which has
    its own. KtstrError for anything else.
    """
    wholes = [part for part in parts if isinstance(part, Scenario)]
    if not wholes:
        several = tuple(part for part in parts if not isinstance(part, Scenario))
        return Scenario(several, hold_s, trace, dump, steps)  # type: ignore[arg-type]  # makes a tuple of it
    if steps:
        raise KtstrError("scenario: steps=...: must be in the Scenario(...) itself")
    if len(parts) > 1:
        raise KtstrError("scenario: Scenario(...) must be the only argument; its parts are in it")
    whole = wholes[0]
    return replace(
        whole,
        hold_s=whole.hold_s if hold_s is None else hold_s,
        trace=whole.trace or trace,
        dump=whole.dump or dump,
    )
