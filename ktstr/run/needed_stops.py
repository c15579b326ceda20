"""Which of a failed run's stops of CPUs it takes to make it fail: found by running it with fewer and shorter ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ktstr.checks.verdict import RunReport
from ktstr.instrument.interleaving import Interleaving, SwitchPoint
from ktstr.instrument.stood import Stood
from ktstr.run.execute import Runner
from ktstr.run.interleaved import stood_in_run
from ktstr.run.scenario_run import ScenarioRun
from ktstr.run.search import Search
from ktstr.run.shrink import shortest_prefix, shrink
from ktstr.run.shrink_time import ShrinkTime

__all__ = ["NeededStops", "needed_stops", "shortened"]

_SHORTEST_NS = 1000
_FEW = 3  # of so many it is tried how short they can be


@dataclass(frozen=True)
class NeededStops:
    """The stops that a failure needs, after the others have been left out; `points` are what chose them.

    The run had `tried` to begin with. `unfinished` says why fewer or shorter ones may be enough; empty if not.
    """

    stops: tuple[Stood, ...]
    points: tuple[SwitchPoint, ...]
    tried: int
    unfinished: str = ""


def needed_stops(
    runner: Runner, run: ScenarioRun, folder: Path, failure: RunReport, time: ShrinkTime
) -> NeededStops | None:
    """As few and as short stops as make the run fail the same check, as far as `time` allows.

    None if it had none. The runs' files are in `folder`.
    """
    if run.interleaving is None or failure.explored is None or not failure.explored.points:
        return None

    def run_with(some: tuple[SwitchPoint, ...]) -> RunReport:
        return runner(replace(run, interleaving=Interleaving(some)), folder)[1]

    search = Search(failure.explored.points, failure, run_with, time)
    few = search.until_time_is_up(lambda: _few(search))
    report = search.report(few) if few else failure
    stops = stood_in_run(run, report.explored) if few else ()
    return NeededStops(stops, few, len(search.items), search.unfinished)


def _few(search: Search[SwitchPoint]) -> Sequence[SwitchPoint]:
    """The search, from the fewest runs to the most: most often the last stop before the failure is all that matters."""
    if search.fails(()):
        return ()
    *before, last = shortest_prefix(search.items, search.fails)
    if not search.fails((last,)):
        few = [*shrink(before, lambda some: search.fails([*some, last])), last]
        return shortened(few, search.fails) if len(few) <= _FEW else few
    return shortened((last,), search.fails)


def shortened(
    few: Sequence[SwitchPoint], fails: Callable[[Sequence[SwitchPoint]], bool]
) -> Sequence[SwitchPoint]:
    """`few`, each as short as still fails, to a factor of four, and between two blocks if that is enough."""
    now = list(few)
    for at in range(len(now)):
        while (ns := now[at].ns // 4) >= _SHORTEST_NS:
            if not fails(shorter := _with(now, at, replace(now[at], ns=ns))):
                break
            now = shorter
        if now[at].skip and fails(simpler := _with(now, at, replace(now[at], skip=0))):
            now = simpler
    return now


def _with(some: Sequence[SwitchPoint], at: int, one: SwitchPoint) -> list[SwitchPoint]:
    return [*some[:at], one, *some[at + 1 :]]
