"""Which of a failed run's perturbations it takes to make it fail: found by running it with fewer of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ktstr.checks.verdict import RunReport
from ktstr.events.report import Needed
from ktstr.run.execute import Runner
from ktstr.run.scenario_run import ScenarioRun
from ktstr.run.search import Search
from ktstr.run.shrink import shortest_prefix, shrink
from ktstr.run.shrink_time import ShrinkTime
from ktstr.scenario.perturb import Perturbation, aimed, only

__all__ = ["needed_perturbations"]

# How often a perturbation is moved until it hits the same point of a turn. A wakeup's latency depends on its time.
_AIMS = 6


def needed_perturbations(
    runner: Runner, run: ScenarioRun, folder: Path, failure: RunReport, time: ShrinkTime
) -> Needed | None:
    """As few of the perturbations as make the run fail the same check, as far as `time` allows.

    None if there are none, and with the real clock: there a run is not a function of its perturbations. The runs' files
    are in `folder`.
    """
    if run.perturbed is None or run.clock != "virtual":
        return None
    every = run.perturbed

    def run_with(some: tuple[Perturbation, ...]) -> RunReport:
        return runner(replace(run, perturbed=only(some, every)), folder)[1]

    search = Search(every, failure, run_with, time)
    few = search.until_time_is_up(lambda: _few(search, run.total_s))
    hit = search.report(few).guest.perturbed if few else ()
    return Needed(hit, len(every), moved=not set(few) <= set(every), unfinished=search.unfinished)


def _few(search: Search[Perturbation], total_s: float) -> Sequence[Perturbation]:
    """The search, from the fewest runs to the most."""
    if search.fails(()):
        return ()
    few = shortest_prefix(search.items, search.fails)
    hit = search.report(few).guest.perturbed[len(few) - 1]
    if alone := _alone(search, few[-1], hit.ran_ns, total_s):
        return (alone,)
    return shrink(few, search.fails)


def _alone(
    search: Search[Perturbation], culprit: Perturbation, ran_ns: int, total_s: float
) -> Perturbation | None:
    """The culprit without those before it, moved until it hits a task `ran_ns` into its turn, as it did; None if it
    then does not make the run fail."""
    one: Perturbation | None = culprit
    for _ in range(_AIMS):
        if one is None or search.knows((one,)):
            return None
        if search.fails((one,)):
            return one
        (now,) = search.report((one,)).guest.perturbed
        one = aimed(one, ran_ns, now.ran_ns, total_s)
    return None
