"""The benchmark of races: each race is one, since it shows in a wide window, and no twin has it.

What they are, and what it takes to find them with their windows as they are: tests/bench/races.py.
"""

from __future__ import annotations

import pytest
from race_table import RACES

from ktstr import Ctx, VerdictFailed, ktstr_test
from ktstr.checks.verdict import RunReport

NAMED = {race.name: race for race in RACES}


def run(ctx: Ctx, name: str, *, fixed: bool, wide: bool) -> RunReport:
    race = NAMED[name]
    folder = ctx.artifacts / ("fixed" if fixed else "race")
    test = race.test(fixed=fixed, wide=wide)
    return Ctx(test, ctx.kernel, "virtual", ctx.seed, folder, once=True).run(race.scenario)


@pytest.mark.parametrize("name", NAMED)
@ktstr_test(cores=4)
def a_race_shows_in_a_wide_window(ctx: Ctx, name: str) -> None:
    with pytest.raises(VerdictFailed) as failed:
        run(ctx, name, fixed=False, wide=True)
    line = str(failed.value).splitlines()[0]
    print(line)
    assert NAMED[name].says in line


@pytest.mark.parametrize("name", NAMED)
@ktstr_test(cores=4)
def a_twin_passes_with_a_wide_window(ctx: Ctx, name: str) -> None:
    run(ctx, name, fixed=True, wide=True)


@pytest.mark.parametrize("name", NAMED)
@ktstr_test(cores=4)
def a_race_does_not_show_by_itself(ctx: Ctx, name: str) -> None:
    run(ctx, name, fixed=False, wide=False)


@pytest.mark.parametrize("name", NAMED)
@ktstr_test(cores=4)
def a_twin_passes(ctx: Ctx, name: str) -> None:
    run(ctx, name, fixed=True, wide=False)
