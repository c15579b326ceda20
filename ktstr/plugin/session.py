"""What the options and settings of a session come to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from ktstr.base.errors import KtstrError
from ktstr.base.topology import Topology
from ktstr.declare.settings import MAX_SEED, Settings
from ktstr.explore.strategy import AUTO, strategies
from ktstr.farm.address import LOCAL
from ktstr.instrument.interleaving import Interleaving
from ktstr.plugin.interleaved import interleavings_of
from ktstr.plugin.options import spelled
from ktstr.vm.job import DEFAULT_OPTIONS, RunOptions

__all__ = ["Options", "options_of", "parse_budget"]

_MOST_SEEDS = 100_000
_TIME = re.compile(r"(?:(\d{1,4})h)?(?:(\d{1,5})m)?(?:(\d{1,6})s)?")


@dataclass(frozen=True)
class Options:
    """What the session's options and settings come to.

    `topology` None: each test's own. `clock` is `real`, `virtual` or `auto`. `seeds` is empty if each test runs with
    `seed` alone. `gauntlet`: each test runs on those of the `presets` (empty: all) that fit it. `budget_ms` is how long
    the session may take; None: as long as it takes. `once`: a failed run is not run again. `shrink_s` is how long
    shrinking one may take. `executor` is where guests run: `local`, or a scheduler's address. `coverage`: what the
    tests execute of the schedulers' BPF is counted, and the session fails if it is less than `coverage_min` percent of
    the lines. `timeline`: what ran where is kept of each VM run. `explore_ms` is how long all tests together are run
    with interleavings that the strategy `explore_with` chooses; None: each is run once. `interleaved` has the
    interleaving of each run of the one test, to run it again.
    """

    topology: Topology | None
    clock: str
    seed: int
    ignored: bool
    run_options: RunOptions = DEFAULT_OPTIONS
    oversubscribe: bool = False
    seeds: range = range(0)
    perturb: bool = False
    gauntlet: bool = False
    presets: tuple[str, ...] = ()
    budget_ms: int | None = None
    once: bool = False
    shrink_s: int = 0
    executor: str = LOCAL
    coverage: bool = False
    coverage_min: float | None = None
    timeline: bool = False
    explore_ms: int | None = None
    explore_with: str = AUTO
    interleaved: Interleaving | tuple[Interleaving | None, ...] = ()


def options_of(config: pytest.Config, settings: Settings) -> Options:
    """The options, with the settings for what they leave open. Raises KtstrError naming the option."""
    seed, count = settings.seed, _seed_count(config)
    if count is not None and seed + count - 1 > MAX_SEED:
        names = spelled(config, "seed"), spelled(config, "seeds")
        raise KtstrError(f"{names[0]} {seed} {names[1]} {count}: go beyond the last seed, {MAX_SEED}")
    gauntlet = _gauntlet(config, settings)
    budget = config.getoption("ktstr_budget")
    coverage_min = _coverage_min(config)
    coverage = config.getoption("ktstr_coverage") or coverage_min is not None
    timeline = config.getoption("ktstr_timeline")
    explore = config.getoption("ktstr_explore") is not None
    virtual = {"coverage": coverage, "timeline": timeline, "explore": explore}
    explore_ms, explore_with = _explored(config, settings)
    interleaved = interleavings_of(config)
    return Options(
        None if gauntlet else settings.topology,
        _clock(config, settings.clock, virtual),
        seed,
        config.getoption("ktstr_ignored"),
        RunOptions(cold=config.getoption("ktstr_cold"), fresh=config.getoption("ktstr_fresh")),
        config.getoption("ktstr_oversubscribe"),
        range(seed, seed + (count or 0)),
        settings.perturb == "on" or (settings.perturb == "auto" and count is not None),
        gauntlet,
        settings.presets if gauntlet else (),
        None if budget is None else parse_budget(budget, spelled(config, "budget")),
        config.getoption("ktstr_once"),
        settings.shrink_seconds,
        settings.executor,
        coverage,
        coverage_min,
        timeline,
        explore_ms,
        explore_with,
        interleaved,
    )


def _explored(config: pytest.Config, settings: Settings) -> tuple[int | None, str]:
    """How long to explore (None: not at all), and with which strategy."""
    text, strategy = config.getoption("ktstr_explore"), config.getoption("ktstr_explore_with")
    where = spelled(config, "explore")
    # What the plugin reports stays on the machine that ran the guest.
    for name in ("explore", "interleaving"):
        if settings.executor != LOCAL and config.getoption(f"ktstr_{name}") is not None:
            given = spelled(config, name), spelled(config, "executor")
            raise KtstrError(f"{given[0]}: runs guests on this machine only; {given[1]} must be {LOCAL}")
    if text is None:
        if strategy is not None:
            raise KtstrError(f"{spelled(config, 'explore-with')} {strategy}: is for {where}; give that, too")
        return None, AUTO
    if config.getoption("ktstr_seeds") is not None:
        raise KtstrError(f"{where} and {spelled(config, 'seeds')}: give one of them")
    if strategy is not None and strategy not in (AUTO, *strategies()):
        accepted = ", ".join((AUTO, *strategies()))
        raise KtstrError(f"{spelled(config, 'explore-with')} {strategy}: must be one of {accepted}")
    return parse_budget(text, where), strategy or AUTO


def _clock(config: pytest.Config, clock: str, virtual: Mapping[str, bool]) -> str:
    """The clock of the guests; `virtual` are options that need the virtual one, and whether they are given."""
    needs = [name for name, given in virtual.items() if given]
    if needs and clock == "real":
        raise KtstrError(f"{spelled(config, needs[0])}: the clock is real; must be virtual or auto")
    return "virtual" if needs else clock


def _coverage_min(config: pytest.Config) -> float | None:
    text = config.getoption("ktstr_coverage_min")
    if text is None:
        return None
    try:
        percent = float(text)
    except ValueError:
        percent = -1
    if not 0 <= percent <= 100:
        raise KtstrError(f"{spelled(config, 'coverage-min')} {text}: must be a number from 0 to 100")
    return percent


def _gauntlet(config: pytest.Config, settings: Settings) -> bool:
    """Whether tests run on presets: a topology on the command line takes the place of a project's gauntlet."""
    topology, gauntlet = config.getoption("ktstr_topology"), config.getoption("ktstr_gauntlet")
    names = {name: spelled(config, name) for name in ("topology", "gauntlet", "preset")}
    if topology and gauntlet:
        raise KtstrError(f"{names['topology']} and {names['gauntlet']}: give one of them")
    on = settings.gauntlet and not topology
    if config.getoption("ktstr_preset") and not on:
        raise KtstrError(f"{names['preset']}: is for the gauntlet; give {names['gauntlet']}, too")
    return on


def _seed_count(config: pytest.Config) -> int | None:
    text = config.getoption("ktstr_seeds")
    if text is None:
        return None
    where = f"{spelled(config, 'seeds')} {text}"
    try:
        count = int(text)
    except ValueError:
        raise KtstrError(f"{where}: must be a whole number") from None
    if not 1 <= count <= _MOST_SEEDS:
        raise KtstrError(f"{where}: must be between 1 and {_MOST_SEEDS}")
    return count


def parse_budget(text: str, where: str) -> int:
    """The milliseconds of a time such as `90s`, `10m` or `1h30m`. KtstrError, beginning with `where`, for others."""
    match = _TIME.fullmatch(text)
    hours, minutes, seconds = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
    ms = 1000 * (3600 * hours + 60 * minutes + seconds)
    if not ms:
        raise KtstrError(f"{where} {text}: must be a time such as 90s, 10m or 1h30m")
    return ms
