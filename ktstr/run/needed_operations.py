"""Which of a failed run's drawn operations it takes to make it fail: found by running it with fewer of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.checks.verdict import RunReport
from ktstr.events.phase import NeededOperations
from ktstr.run.execute import Runner
from ktstr.run.scenario_run import ScenarioRun
from ktstr.run.search import Search
from ktstr.run.shrink import shrink
from ktstr.run.shrink_time import ShrinkTime
from ktstr.scenario.layout import Drawn, leave_out

__all__ = ["needed_operations"]

# Each is a run of the guest.
_TRIES = 60


def needed_operations(
    runner: Runner, run: ScenarioRun, folder: Path, failure: RunReport, time: ShrinkTime
) -> NeededOperations | None:
    """As few of the drawn operations (`Operation.expand`) as make the run fail the same check, as far as `time` allows.

    None if there are none, and with the real clock: there a run is not a function of its operations. The runs' files
    are in `folder`.
    """
    drawn = run.layout.drawn
    if not drawn or run.clock != "virtual":
        return None

    def run_with(some: tuple[Drawn, ...]) -> RunReport | None:
        fewer = replace(run, left_out=frozenset(drawn) - frozenset(some))
        return runner(fewer, folder)[1] if _makes_sense(fewer) else None

    search = Search(drawn, failure, run_with, time)
    few = search.until_time_is_up(lambda: shrink(search.items, search.fails, _TRIES))
    return NeededOperations(tuple(str(one) for one in few), len(drawn), unfinished=search.unfinished)


def _makes_sense(fewer: ScenarioRun) -> bool:
    """Whether the scenario can do without what is left out: what is left may have relied on it."""
    try:
        leave_out(replace(fewer, left_out=frozenset()).layout, fewer.left_out)
    except KtstrError:
        return False
    return True
