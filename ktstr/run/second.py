"""A failed run is run again where that tells more: with the flight recorder, or with a dump of its scheduler's maps.

With the virtual clock the recorder is on in every run, and a scheduler that goes leaves a dump. What is missing is the
dump of a scheduler that stays: whether a run needs one is known when it is judged, and then its guest is gone. To dump
at every end would cost the runs that pass; a second run with the same seed is the same run up to the end of the hold,
and tells more only then. With the real clock a second run is another run, so it is compared with the first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ktstr.events.exit import SchedulerExit
from ktstr.vm.result import Ending

if TYPE_CHECKING:
    from ktstr.run.context import RunReport

__all__ = ["More", "Outcome", "Repro", "compare", "more_of"]

Event = dict[str, Any]

More = Literal["flight recorder", "dump"]
"""What a second run tells."""

Outcome = Literal[
    "identical",  # event by event, as far as the first one goes
    "same",  # the same exit, or where the scheduler stayed the same checks
    "same_kind",  # an exit of the same kind with another message
    "other",  # it failed otherwise
    "passed",
    "undone",  # it could not be run again
]

# What a run violates whose scheduler's exit is why it fails.
_OUT = ("attached", "expected_error")
_NUMBER = re.compile(r"0x[0-9a-fA-F]+|\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Repro:
    """A second run of a failed one: what it was to tell, what came of it against the first, and that in a line; the
    run itself and its record, as a sidecar has it, None where it could not be done."""

    more: More
    outcome: Outcome
    told: str
    report: RunReport | None = None
    record: dict[str, object] | None = None

    def as_json(self) -> dict[str, object]:
        """For the first run's record; docs/sidecar.md describes it."""
        return {"more": self.more, "outcome": self.outcome, "told": self.told, "run": self.record}


def more_of(failed: RunReport, clock: str) -> More | None:
    """What a second run of `failed` would tell that it does not; None where it would tell nothing more."""
    attached, held = (failed.guest.state(when) for when in ("attached", "held"))
    if failed.result.ending is not Ending.DONE or attached is None or attached.state != "enabled":
        return None
    if failed.guest.scheduler_exit is not None:
        for_it = any(violation.check in _OUT for violation in failed.violations)
        return "flight recorder" if clock == "real" and for_it else None
    return "dump" if held is not None and failed.dump is None else None


def compare(first: RunReport, again: RunReport) -> tuple[Outcome, str]:
    """How `again` came out against `first`, and that in a line."""
    if again.result.clock == "virtual" and _is_continued(first.result.events, again.result.events):
        return "identical", "the same run, event by event"
    was, now = first.guest.scheduler_exit, again.guest.scheduler_exit
    if now is not None:
        if was is not None and _essence(was) == _essence(now):
            return "same", f"the same exit: {now.line}"
        if was is not None and was.kind == now.kind:
            return "same_kind", f"an exit of the same kind: {now.line}"
        return "other", f"another end: {now.line}"
    if again.passed:
        return "passed", "it passed"
    checks = {violation.check for violation in again.violations}
    told = f"{again.violations[0].check}: {again.violations[0].message}"
    if was is None and checks == {violation.check for violation in first.violations}:
        return "same", f"the same checks failed: {told}"
    return "other", f"it failed otherwise: {told}"


def _is_continued(first: Sequence[Event], again: Sequence[Event]) -> bool:
    """Whether `again` is `first` up to where it dumps."""
    until = next((at for at, event in enumerate(again) if event.get("ev") == "dump"), len(again))
    return first[:until] == again[:until]


def _essence(left: SchedulerExit) -> tuple[object, ...]:
    """What makes it the same exit, whichever task had which number and however long it waited."""
    end = () if left.is_error else (left.code, left.status, left.signal)
    return (left.kind, left.reason, _NUMBER.sub("#", left.message), *end)
