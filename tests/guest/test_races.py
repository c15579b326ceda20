"""The benchmark of races: each race is one, since it shows in a wide window, and no twin has it.

What they are, and what it takes to find them with their windows as they are: tests/bench/race_search.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from race_table import RACES, Race

from ktstr import Ctx, VerdictFailed, ktstr_test
from ktstr.checks.verdict import RunReport
from ktstr.explore.corpus import Corpus
from ktstr.explore.exploration import AUTO, Exploration, Trial

if TYPE_CHECKING:
    from ktstr.report.interleaving_schema import InterleavingRecord

NAMED = {race.name: race for race in RACES}
MOST_RUNS = 200
KERNELS = ["7.0"]  # of which the widths of the windows and the scenarios are


def run(ctx: Ctx, name: str, *, fixed: bool, wide: bool) -> RunReport:
    race = NAMED[name]
    folder = ctx.artifacts / ("fixed" if fixed else "race")
    test = race.test(fixed=fixed, wide=wide)
    return Ctx(test, ctx.kernel, "virtual", ctx.seed, folder, once=True).run(race.scenario)


@pytest.mark.parametrize("name", NAMED)
@ktstr_test(cores=4, kernels=KERNELS)
def a_race_shows_in_a_wide_window(ctx: Ctx, name: str) -> None:
    with pytest.raises(VerdictFailed) as failed:
        run(ctx, name, fixed=False, wide=True)
    line = str(failed.value).splitlines()[0]
    print(line)
    assert NAMED[name].says in line


@pytest.mark.parametrize("name", NAMED)
@ktstr_test(cores=4, kernels=KERNELS)
def a_twin_passes_with_a_wide_window(ctx: Ctx, name: str) -> None:
    run(ctx, name, fixed=True, wide=True)


@pytest.mark.parametrize("name", NAMED)
@ktstr_test(cores=4, kernels=KERNELS)
def a_twin_passes(ctx: Ctx, name: str) -> None:
    run(ctx, name, fixed=True, wide=False)


# Ignored: an exploration takes up to 200 runs, and then a minute to shrink what it found.
@pytest.mark.parametrize("name", NAMED)
@ktstr_test(cores=4, kernels=KERNELS, ignore=True)
def a_race_is_found_and_its_lines_are_named(ctx: Ctx, name: str, tmp_path: Path) -> None:
    race = NAMED[name]
    exploration = Exploration(Corpus(tmp_path / "corpus"), AUTO, 1, race.cpus)
    while (trial := exploration.next()).number <= MOST_RUNS:
        report = explored(ctx, race, trial, "found", once=True).run(race.scenario, check=False)
        if not report.passed:
            break
        exploration.learn(trial, [report.explored] if report.explored else [])
    else:
        raise AssertionError(f"not found in {MOST_RUNS} runs")
    again = explored(ctx, race, trial, "shrunk", once=False)
    with pytest.raises(VerdictFailed) as failed:
        again.run(race.scenario)
    print(f"run {trial.number} ({trial.strategy}):", failed.value, sep="\n")
    needed = cast("InterleavingRecord", again.runs[0]["interleaving"])["needed"]
    assert len(needed) <= 3
    named = {one["line"] for one in needed} | {use["own_line"] for one in needed for use in one["touched"]}
    first, last = min(race.lines("A")), max(race.lines("B"))
    assert named & set(range(first, last + 1))


def explored(ctx: Ctx, race: Race, trial: Trial, folder: str, *, once: bool) -> Ctx:
    return Ctx(
        race.test(),
        ctx.kernel,
        "virtual",
        trial.seed,
        ctx.artifacts / folder,
        perturb=trial.chosen.perturb,
        interleaving=trial.chosen.interleaving,
        once=once,
    )
