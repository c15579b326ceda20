"""Which of a failed run's perturbations it takes to make it fail: found by running it with fewer of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ktstr.base.progress import Progress
from ktstr.checks.verdict import RunReport
from ktstr.events.report import Needed
from ktstr.run.execute import Runner
from ktstr.run.scenario_run import ScenarioRun
from ktstr.run.shrink import shortest_prefix, shrink
from ktstr.scenario.perturb import Perturbation, aimed, only

__all__ = ["needed_perturbations"]

# How often a perturbation is moved until it hits the same point of a turn. A wakeup's latency depends on its time.
_AIMS = 6


def needed_perturbations(runner: Runner, run: ScenarioRun, folder: Path, failure: RunReport) -> Needed | None:
    """As few of the perturbations as make the run fail the same check.

    None if there are none, and with the real clock: there a run is not a function of its perturbations. The runs' files
    are in `folder`.
    """
    if run.perturbed is None or run.clock != "virtual":
        return None
    with Progress(desc=f"shrinking {run.test.name}", unit="run") as bar:
        return _Search(runner, run, folder, failure, bar).needed()


class _Search:
    """The runs with fewer perturbations so far."""

    def __init__(
        self, runner: Runner, run: ScenarioRun, folder: Path, failure: RunReport, bar: Progress
    ) -> None:
        self._runner, self._run, self._folder, self._bar = runner, run, folder, bar
        self._all = run.perturbed or ()
        self._check = failure.violations[0].check
        self._reports = {self._all: failure}

    def needed(self) -> Needed:
        """The search, from the fewest runs to the most."""
        tried = len(self._all)
        if self._fails(()):
            return Needed((), tried)
        few = shortest_prefix(self._all, self._fails)
        culprit = few[-1]
        hit = self._reports[tuple(few)].guest.perturbed[len(few) - 1]
        if alone := self._alone(culprit, hit.ran_ns):
            return Needed(self._reports[(alone,)].guest.perturbed, tried, moved=alone != culprit)
        few = shrink(few, self._fails)
        return Needed(self._reports[tuple(few)].guest.perturbed, tried)

    def _fails(self, some: Sequence[Perturbation]) -> bool:
        """Whether the run with `some` of the perturbations violates the same check."""
        key = tuple(some)
        if key not in self._reports:
            fewer = replace(self._run, perturbed=only(some, self._all))
            _, self._reports[key] = self._runner(fewer, self._folder)
            self._bar.update()
        return any(violation.check == self._check for violation in self._reports[key].violations)

    def _alone(self, culprit: Perturbation, ran_ns: int) -> Perturbation | None:
        """The culprit without those before it, moved until it hits a task `ran_ns` into its turn, as it did; None if
        it then does not make the run fail."""
        one: Perturbation | None = culprit
        for _ in range(_AIMS):
            if one is None or (one,) in self._reports:
                return None
            if self._fails((one,)):
                return one
            (now,) = self._reports[(one,)].guest.perturbed
            one = aimed(one, ran_ns, now.ran_ns, self._run.total_s)
        return None
