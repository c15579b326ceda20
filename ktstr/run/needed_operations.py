"""Which of a failed run's drawn operations it takes to make it fail: found by running it with fewer of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.base.progress import Progress
from ktstr.checks.verdict import RunReport
from ktstr.events.phase import NeededOperations
from ktstr.run.execute import Runner
from ktstr.run.scenario_run import ScenarioRun
from ktstr.run.shrink import shortest_prefix, shrink
from ktstr.scenario.layout import Drawn, leave_out

__all__ = ["needed_operations"]

# Each is a run of the guest, after the few that bisect for the last one.
_TRIES = 60


def needed_operations(
    runner: Runner, run: ScenarioRun, folder: Path, failure: RunReport
) -> NeededOperations | None:
    """As few of the drawn operations (`Operation.expand`) as make the run fail the same check.

    None if there are none, and with the real clock: there a run is not a function of its operations. The runs' files
    are in `folder`.
    """
    layout = run.layout
    drawn = layout.drawn
    if not drawn or run.clock != "virtual":
        return None
    check = failure.violations[0].check
    known = {drawn: True}

    def fails(some: Sequence[Drawn]) -> bool:
        key = tuple(some)
        if key not in known:
            known[key] = _fails(
                runner, replace(run, left_out=frozenset(drawn) - frozenset(some)), folder, check
            )
            bar.update()
        return known[key]

    with Progress(desc=f"shrinking {run.test.name}", unit="run") as bar:
        if fails(()):
            return NeededOperations((), len(drawn))
        few = shrink(shortest_prefix(drawn, fails), fails, _TRIES)
    return NeededOperations(tuple(str(one) for one in few), len(drawn))


def _fails(runner: Runner, fewer: ScenarioRun, folder: Path, check: str) -> bool:
    """Whether a run with fewer operations violates the same check. One that makes no sense without the others does
    not."""
    try:
        leave_out(replace(fewer, left_out=frozenset()).layout, fewer.left_out)
    except KtstrError:
        return False
    _, report = runner(fewer, folder)
    return any(violation.check == check for violation in report.violations)
