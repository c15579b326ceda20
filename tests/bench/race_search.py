"""How many runs and how much CPU time it takes each strategy of an exploration to find each race of the benchmark."""

from __future__ import annotations

import math
import resource
import statistics
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from race_table import RACES, Race

from ktstr import Ctx
from ktstr.checks.verdict import RunReport
from ktstr.explore.corpus import SEEDS, Corpus
from ktstr.explore.exploration import AUTO, Exploration, Trial
from ktstr.explore.strategy import strategies
from ktstr.kernel.model import Kernel
from ktstr.vm.job import RunOptions
from ktstr.vm.result import VmResult

__all__ = ["RaceSearch", "add_search_arguments", "races", "search_of"]

_TODAY = "burst"
"""The strategy that is what `--seeds` does."""


@dataclass(frozen=True)
class RaceSearch:
    """What is measured: so many explorations of each race with each strategy, each of so many runs at most.

    `only` are names of races, `ways` strategies; empty: all. `twin_runs` is how often each twin is run with each.
    """

    explorations: int = 10
    most_runs: int = 200
    twin_runs: int = 20
    only: tuple[str, ...] = ()
    ways: tuple[str, ...] = ()

    @property
    def races(self) -> tuple[Race, ...]:
        """The races, in their order."""
        return tuple(race for race in RACES if not self.only or race.name in self.only)

    @property
    def strategies(self) -> tuple[str, ...]:
        """The strategies: that of `--seeds` first, and the mixture of all last."""
        known = [_TODAY, *(name for name in strategies() if name != _TODAY), AUTO]
        return tuple(name for name in known if not self.ways or name in self.ways)


def add_search_arguments(parser: ArgumentParser) -> None:
    """Give `parser` the options of a RaceSearch."""
    search = parser.add_argument_group("races")
    search.add_argument("--explorations", type=int, default=10, help="of each race (default: 10)")
    search.add_argument("--most-runs", type=int, default=200, help="of each exploration (default: 200)")
    names = [race.name for race in RACES]
    search.add_argument("--race", action="append", choices=names, help="only this one, or these")
    search.add_argument("--strategy", action="append", choices=[*strategies(), AUTO], help="likewise")


def search_of(given: Namespace) -> RaceSearch:
    """The RaceSearch that its options ask for."""
    return RaceSearch(
        max(1, given.explorations),
        max(1, given.most_runs),
        only=tuple(given.race or ()),
        ways=tuple(given.strategy or ()),
    )


@dataclass(frozen=True)
class _Found:
    """An exploration: after how many runs and CPU seconds it found the race; infinite: it did not. What it said."""

    runs: float
    cpu_s: float
    said: str = ""


def races(kernel: Kernel, folder: Path, search: RaceSearch) -> Iterator[VmResult]:
    """Print a table with a row for each race and strategy, and what twins were reported; return the results."""
    print(
        f"races: runs and CPU seconds until found, median of {search.explorations} explorations of"
        f" {search.most_runs} runs at most, and in how many it was; {_TODAY} is what --seeds does"
    )
    print(f"  {'race':9} {'kind':43} {'window':>6} {'code':5} {'strategy':8} {'runs':>6} {'CPU s':>7}  found")
    reported = 0
    for race in search.races:
        for strategy in search.strategies:
            found: list[_Found] = []
            for number in range(search.explorations):
                found.append((yield from _explored(kernel, folder, race, strategy, number, search.most_runs)))
            where = f"{race.name:9} {race.kind:43} {race.window:6} {'rare' if race.rare else 'hot':5}"
            print(f"  {where} {strategy:8} {_row(found)}", flush=True)
            twin = yield from _explored(kernel, folder, race, strategy, 0, search.twin_runs, fixed=True)
            if twin.said:
                reported += 1
                print(
                    f"  {race.name}: the twin was reported after {twin.runs:g} runs: {twin.said}", flush=True
                )
    print(f"  twins reported: {reported}")


def _row(found: Sequence[_Found]) -> str:
    times = sum(math.isfinite(one.runs) for one in found)
    runs, cpu_s = (
        statistics.median_high(values) for values in ([f.runs for f in found], [f.cpu_s for f in found])
    )
    return f"{runs:6.0f} {cpu_s:7.1f}  {times} of {len(found)}"


def _explored(
    kernel: Kernel, folder: Path, race: Race, strategy: str, number: int, most: int, *, fixed: bool = False
) -> Generator[VmResult, None, _Found]:
    """Exploration `number`, with seeds and a corpus of its own."""
    way = "-".join((race.name, strategy, str(number), *(["fixed"] if fixed else [])))
    exploration = Exploration(Corpus(folder / way), strategy, number * SEEDS + 1, race.cpus)
    before = _cpu_s()
    while exploration.runs < most:
        trial = exploration.next()
        report = _run(kernel, folder / "races", race, trial, fixed=fixed)
        yield report.result
        if not report.passed:
            return _Found(exploration.runs + 1, _cpu_s() - before, str(report.violations[0]))
        exploration.learn(trial, [report.explored] if report.explored else [])
    return _Found(math.inf, math.inf)


def _run(kernel: Kernel, folder: Path, race: Race, trial: Trial, *, fixed: bool) -> RunReport:
    ctx = Ctx(
        race.test(fixed=fixed),
        kernel,
        "virtual",
        trial.seed,
        folder,
        options=RunOptions(fresh=True),
        perturb=trial.chosen.perturb,
        interleaving=trial.chosen.interleaving,
        once=True,
    )
    return ctx.run(race.scenario, check=False)


def _cpu_s() -> float:
    """CPU seconds of this process and of the children that it has waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime
