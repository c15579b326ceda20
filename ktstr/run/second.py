"""A failed run is run again if that shows more: with the flight recorder, or with a dump of the scheduler's maps.

With the virtual clock the recorder is on in every run, and a scheduler that leaves by itself leaves a dump. What is
missing is the dump of a scheduler that stays: whether a run needs one is known when it is judged, and by then its guest
is gone. A dump at every end would be paid for by the runs that pass; a second run with the same seed is the same run up
to the end of the hold, and shows more only after it. With the real clock a second run is another run, so it is compared
with the first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ktstr.base.errors import KtstrError
from ktstr.checks.verdict import RunReport
from ktstr.events.exit import SchedulerExit
from ktstr.report.repro import More, Outcome, Repro
from ktstr.run.execute import Runner
from ktstr.run.record import record_of
from ktstr.run.scenario_run import ScenarioRun
from ktstr.vm.result import Ending

__all__ = ["compare", "more_of", "run_again"]

Event = dict[str, Any]

# What a run violates if its scheduler's exit is the reason of the failure.
_OUT = ("attached", "expected_error")
_NUMBER = re.compile(r"0x[0-9a-fA-F]+|\d+(?:\.\d+)?")


def run_again(runner: Runner, run: ScenarioRun, folder: Path, failed: RunReport) -> Repro | None:
    """The second run of a failed one, its files in `folder`; None if it would show nothing more, or is not wanted."""
    more = more_of(failed, run.clock) if run.test.auto_repro and run.test.scheduler.is_sched_ext else None
    if more is None:
        return None
    second = replace(run, recorder=True, scenario=replace(run.scenario, dump=more == "dump"))
    try:
        job, again = runner(second, folder)
    except KtstrError as error:
        return Repro(more, "undone", f"it could not be: {error}")
    outcome, line = compare(failed, again)
    return Repro(more, outcome, line, again, record_of(second, job, again))


def more_of(failed: RunReport, clock: str) -> More | None:
    """What a second run of `failed` would have that it has not; None if nothing."""
    attached, held = (failed.guest.state(when) for when in ("attached", "held"))
    if failed.result.ending is not Ending.DONE or attached is None or attached.state != "enabled":
        return None
    if failed.guest.scheduler_exit is not None:
        is_reason = any(violation.check in _OUT for violation in failed.violations)
        return "flight recorder" if clock == "real" and is_reason else None
    return "dump" if held is not None and failed.dump is None else None


def compare(first: RunReport, again: RunReport) -> tuple[Outcome, str]:
    """How `again` ended compared with `first`, and that in a line."""
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
    why = f"{again.violations[0].check}: {again.violations[0].message}"
    if was is None and checks == {violation.check for violation in first.violations}:
        return "same", f"the same checks failed: {why}"
    return "other", f"it failed otherwise: {why}"


def _is_continued(first: Sequence[Event], again: Sequence[Event]) -> bool:
    """Whether `again` equals `first` up to its dump."""
    until = next((at for at, event in enumerate(again) if event.get("ev") == "dump"), len(again))
    return first[:until] == again[:until]


def _essence(left: SchedulerExit) -> tuple[object, ...]:
    """What makes two exits the same, whatever numbers their messages have for tasks and times."""
    end = () if left.is_error else (left.code, left.status, left.signal)
    return (left.kind, left.reason, _NUMBER.sub("#", left.message), *end)
