"""The benchmark of races: each race is one, since it shows in a wide window, and no twin has it.

What they are, and what it takes to find them with their windows as they are: tests/bench/races.py.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from race_table import RACES, Race

from ktstr import Ctx, VerdictFailed, ktstr_test
from ktstr.checks.verdict import RunReport

NAMED = {race.name: race for race in RACES}


def run(ctx: Ctx, race: Race, *, fixed: bool, wide: bool) -> RunReport:
    scheduler = race.scheduler(fixed=fixed, wide=wide)
    test = replace(ctx.test, scheduler=scheduler, topology=scheduler.topology, checks=scheduler.checks)
    return Ctx(test, ctx.kernel, "virtual", ctx.seed, ctx.artifacts / scheduler.name, once=True).run(race.scenario)


@pytest.mark.parametrize("name", NAMED)
@ktstr_test(cores=4, latency=False)
def a_race_shows_in_a_wide_window(ctx: Ctx, name: str) -> None:
    with pytest.raises(VerdictFailed) as failed:
        run(ctx, NAMED[name], fixed=False, wide=True)
    line = str(failed.value).splitlines()[0]
    print(line)
    assert NAMED[name].says in line


@pytest.mark.parametrize("name", NAMED)
@ktstr_test(cores=4, latency=False)
def a_twin_passes_with_a_wide_window(ctx: Ctx, name: str) -> None:
    run(ctx, NAMED[name], fixed=True, wide=True)


@pytest.mark.parametrize("name", NAMED)
@ktstr_test(cores=4, latency=False)
def a_race_does_not_show_by_itself(ctx: Ctx, name: str) -> None:
    run(ctx, NAMED[name], fixed=False, wide=False)


@pytest.mark.parametrize("name", NAMED)
@ktstr_test(cores=4, latency=False)
def a_twin_passes(ctx: Ctx, name: str) -> None:
    run(ctx, NAMED[name], fixed=True, wide=False)
