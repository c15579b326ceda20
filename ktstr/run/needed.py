"""Which of a failed run's perturbations it takes to make it fail: found by running it with fewer of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ktstr.checks.verdict import RunReport
from ktstr.events.report import Needed, Perturbed
from ktstr.run.execute import Runner
from ktstr.run.scenario_run import ScenarioRun
from ktstr.run.search import Search
from ktstr.run.shrink import shortest_prefix, shrink
from ktstr.run.shrink_time import ShrinkTime
from ktstr.scenario.perturb import Perturbation, aimed, only

__all__ = ["needed_perturbations"]

# How often a perturbation is moved at most until it hits the same point of a turn. A wakeup's latency depends on its
# time. Few others are faster to leave out one by one.
_AIMS = 6
# A worker reads the clock all the time while it runs, so its wait seems to begin a little before it was preempted.
_BEFORE_NS = 1_000_000
_IDLE = "swapper/"  # the idle tasks, one for each CPU


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
    few = search.until_time_is_up(lambda: _few(search, failure, run.total_s))
    moved = not set(few) <= set(every)
    return Needed(_hits(search, few), len(every), moved=moved, unfinished=search.unfinished)


def _few(search: Search[Perturbation], failure: RunReport, total_s: float) -> Sequence[Perturbation]:
    """The search, from the fewest runs to the most."""
    if search.fails(()):
        return ()
    guess = _before_the_wait(failure)
    every = search.items if guess is not None else _without_idle(search, failure, search.items)
    prefix = shortest_prefix(every, search.fails, guess)
    *before, last = prefix
    if search.fails((last,)):
        return (last,)
    before = [*_without_idle(search, failure, before, last)]
    ran_ns = _hits(search, prefix)[-1].ran_ns
    if moved := _moved(search, last, ran_ns, total_s, min(_AIMS, len(before) // 3)):
        return (moved,)
    few = [*shrink(before, lambda some: search.fails([*some, last])), last]
    # The others were needed before it; it may not be needed after them.
    return shrink(few[:-1], search.fails) if search.fails(few[:-1]) else few


def _hits(search: Search[Perturbation], some: Sequence[Perturbation]) -> tuple[Perturbed, ...]:
    """What `some` did in the run with them. A guest that did not come to its end has not said it."""
    said = search.report(some).guest.perturbed if some else ()
    if len(said) == len(some):
        return said
    return tuple(Perturbed(one.cpu, one.at_ns, one.ns, None, "", 0, 0) for one in some)


def _before_the_wait(failure: RunReport) -> int | None:
    """How many perturbations had begun when the worker of a violation began to wait: the last of them is the first
    suspect. None if no wait violated a check."""
    first, before_ns = failure.violations[0], 0
    if first.check != "max_gap_ms":
        return None
    for phase in failure.phases:
        if phase.name == first.phase:
            for worker in phase.workers:
                if worker.index == first.victim and worker.gap_at_ns is not None:
                    began_ns = before_ns + worker.gap_at_ns - worker.gap_ns - phase.began_ns + _BEFORE_NS
                    return sum(hit.at_ns <= began_ns for hit in failure.guest.perturbed)
        before_ns += phase.asked_ns
    return None


def _without_idle(
    search: Search[Perturbation],
    failure: RunReport,
    some: Sequence[Perturbation],
    *kept: Perturbation,
) -> Sequence[Perturbation]:
    """`some` without those that did not preempt a task in the run that failed, if with these, and what is `kept`, it
    fails as well: so most need not be tried one by one."""
    hits = zip(search.items, failure.guest.perturbed, strict=False)
    idle = {one for one, hit in hits if hit.began_ns is None or hit.comm.startswith(_IDLE)}
    fewer = [one for one in some if one not in idle]
    return fewer if len(fewer) < len(some) and search.fails([*fewer, *kept]) else some


def _moved(
    search: Search[Perturbation], culprit: Perturbation, ran_ns: int, total_s: float, aims: int
) -> Perturbation | None:
    """The culprit, which is not enough alone, moved `aims` times at most until it hits a task `ran_ns` into its turn,
    as it did after the others; None if it then does not make the run fail."""
    one = culprit
    for _ in range(aims):
        (now,) = _hits(search, (one,))
        there = aimed(one, ran_ns, now.ran_ns, total_s)
        if there is None or search.knows((there,)):
            return None
        if search.fails((there,)):
            return there
        one = there
    return None
