"""The plugin's options: on pytest's command line, in pytest's ini file, and what they come to with all other settings.

Each option has a `--ktstr-` form, which nobody else has, and a short form, which gives way to any other plugin's.
"""

from __future__ import annotations

import copy
import os
from argparse import SUPPRESS
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from ktstr.base.errors import KtstrError
from ktstr.base.values import shown

__all__ = [
    "WORKER_ERROR",
    "add_ini",
    "add_options",
    "add_short_options",
    "all_options",
    "given",
    "in_suite",
    "ini_given",
    "is_given",
    "option_helps",
    "option_names",
    "spelled",
]

WORKER_ERROR = "ktstr_error"
"""The key under which an xdist worker reports why it could not do the run."""
_SHORT = pytest.StashKey[frozenset[str]]()


@dataclass(frozen=True)
class _Option:
    """`name` without dashes; `metavar` None: a flag. One that is a setting names it, and what it is in an ini file.

    One without help is for ktstr's own commands, and no help names it.
    """

    name: str
    help: str = ""
    metavar: str | None = None
    setting: str = ""
    ini: str = ""
    many: bool = False

    @property
    def dest(self) -> str:
        return "ktstr_kernels" if self.name == "kernel" else f"ktstr_{self.name.replace('-', '_')}"

    @property
    def attributes(self) -> dict[str, Any]:
        """argparse's, apart from the help. All values stay texts: what argparse refuses takes five lines."""
        if self.metavar is None:
            return {"dest": self.dest, "action": "store_true"}
        return {"dest": self.dest, "metavar": self.metavar, "action": "append" if self.many else "store"}


_OPTIONS = (
    _Option(
        "kernel",
        "run every test on this kernel: 7.0, 6.16..=7.0, latest, auto, ./bzImage; may be given again "
        "(default: auto: KTSTR_KERNEL, else the newest)",
        "SPEC",
        setting="kernels",
        ini="args",
        many=True,
    ),
    _Option(
        "topology",
        "run on this topology: NUMA nodes, LLCs, cores per LLC, threads per core (default: each test's)",
        "1n2l4c1t",
        setting="topology",
        ini="string",
    ),
    _Option(
        "clock",
        "the guests' clock (default: auto: real where KVM works, else virtual)",
        "{real,virtual,auto}",
        setting="clock",
        ini="string",
    ),
    _Option("seed", "the seed of every VM run (default: 1)", "N", setting="seed", ini="string"),
    _Option("seeds", "run every test with N seeds, each perturbed", "N"),
    _Option(
        "perturb",
        "preempt what runs, as the seed chooses (default: auto: on with --ktstr-seeds)",
        "{on,off,auto}",
        setting="perturb",
        ini="string",
    ),
    _Option(
        "shrink-seconds",
        "how long to shrink a failed run (default: 60)",
        "N",
        setting="shrink_seconds",
        ini="string",
    ),
    _Option(
        "executor",
        "where guests run: on this machine, or on the workers of a Dask scheduler (default: local)",
        "dask://HOST:8786",
        setting="executor",
        ini="string",
    ),
    _Option("once", "do not run a failed run again to show why"),
    _Option(
        "gauntlet",
        "run every test on each topology preset that fits",
        setting="gauntlet",
        ini="string",
    ),
    _Option(
        "preset",
        "a preset of the gauntlet; may be given again",
        "NAME",
        setting="presets",
        ini="args",
        many=True,
    ),
    _Option("budget", "run what covers most in this time: 90s, 1h30m", "10m"),
    _Option(
        "explore", "run every test again and again for this time, with other interleavings: 90s, 10m", "10m"
    ),
    _Option("explore-with", "how it chooses them (default: auto, all of them)", "STRATEGY"),
    _Option("interleaving", metavar="SIDECAR"),  # what replay gives: the interleavings of a sidecar's runs
    _Option("cold", "boot every VM instead of cloning a booted one"),
    _Option("fresh", "run a VM even if its result is remembered"),
    _Option(
        "oversubscribe",
        "use KVM even with more CPUs than the host's cores",
    ),
    _Option(
        "shard",
        "run this part of the tests; 1/2 and 2/2 run all",
        "1/2",
    ),
    _Option("results", "keep results in this folder, not target/ktstr", "DIR"),
    _Option("coverage", "report what of the schedulers' BPF is executed"),
    _Option("coverage-min", "fail if fewer of its lines are executed", "PERCENT"),
    _Option("timeline", "keep what ran where, as traces for Perfetto"),
    _Option("ignored", "also run the tests declared with ignore=True"),
)


def in_suite() -> bool:
    """Whether `ktstr test`, or a nox session, started this process or the one that started it."""
    return os.environ.get("KTSTR_SUITE") == "1" or "KTSTR_COMMAND" in os.environ


def add_options(parser: pytest.Parser) -> None:
    """Add the `--ktstr-` forms."""
    group = parser.getgroup("ktstr", "scheduler tests in VMs (ktstr)")
    for option in _OPTIONS:
        group.addoption(f"--ktstr-{option.name}", help=option.help or SUPPRESS, **option.attributes)


def add_ini(parser: pytest.Parser) -> None:
    """Add the settings that pytest's own ini file can hold."""
    for option in _OPTIONS:
        if option.setting:
            parser.addini(
                f"ktstr_{option.setting}",
                f"as --ktstr-{option.name}",
                type=option.ini,  # type: ignore[arg-type]  # older versions of pytest want this text, not a type
                default=None,
            )


def option_names() -> list[str]:
    """All options that a person gives, in both forms, the short one first."""
    return [f"--{prefix}{option.name}" for option in _OPTIONS if option.help for prefix in ("", "ktstr-")]


def option_helps() -> list[tuple[str, str]]:
    """All options that a person gives, in their short form, each with its value's form, and its meaning."""
    return [
        (f"--{option.name} {option.metavar or ''}".rstrip(), option.help.replace("--ktstr-", "--"))
        for option in _OPTIONS
        if option.help
    ]


def add_short_options(config: pytest.Config, parser: pytest.Parser, arguments: list[str]) -> None:
    """Add the short forms that no other plugin has, and have `config` read the command line anew.

    To be called once all plugins but conftest files are there. Plugins come in no order that one could rely on: taken
    earlier, a name would break the plugin that comes next.
    """
    taken = all_options(parser)
    group = parser.getgroup("ktstr")
    free = [option for option in _OPTIONS if f"--{option.name}" not in taken]
    for option in free:
        short = f"short for --ktstr-{option.name}" if option.help else SUPPRESS
        group.addoption(f"--{option.name}", help=short, **option.attributes)
    config.stash[_SHORT] = frozenset(option.name for option in free)
    # Up to here pytest took the value of an option that it did not know for a path of tests.
    known = parser.parse_known_args(arguments, namespace=copy.copy(config.option))
    known.confcutdir = config.known_args_namespace.confcutdir  # which pytest has completed by now
    config.known_args_namespace = known


def all_options(parser: pytest.Parser) -> set[str]:
    """All options of pytest and its plugins so far.

    pytest has no public list of them; these names are the same from 8.0 to 9.2.
    """
    groups = {id(group): group for group in (*parser._groups, parser._anonymous)}
    return {name for group in groups.values() for option in group.options for name in option.names()}


def spelled(config: pytest.Config, name: str) -> str:
    """An option as a message names it: in its short form, if that is ours."""
    return f"--{name}" if name in config.stash.get(_SHORT, frozenset()) else f"--ktstr-{name}"


def is_given(config: pytest.Config) -> bool:
    """Whether there may be something wrong: in a suite, or in an option that has a value, other than the shard."""
    options = [option for option in _OPTIONS if option.metavar and option.name != "shard"]
    return in_suite() or any(config.getoption(option.dest) for option in options)


def given(config: pytest.Config) -> Mapping[str, object]:
    """The settings that the command line has. Raises KtstrError naming the option."""
    from ktstr.declare.settings import checked_text

    if config.option.ktstr_results == "":
        raise KtstrError(f"{spelled(config, 'results')}: names no folder")
    values: dict[str, object] = {}
    for option in _OPTIONS:
        value = config.getoption(option.dest) if option.setting else None
        if option.setting == "kernels" and value:
            values[option.setting] = tuple(value)  # whoever resolves them says what is wrong with one
        elif value is not None and value is not False:  # False: a flag that is not given
            where = f"{spelled(config, option.name)}"
            where += ": " if option.setting in ("topology", "presets", "gauntlet") else f" {value}: "
            values[option.setting] = checked_text(option.setting, value, where)
    return values


def ini_given(config: pytest.Config) -> Mapping[str, object]:
    """The settings that pytest's ini file has. Raises KtstrError naming the file and the option."""
    from ktstr.declare.settings import checked_text, shown_path

    file = shown_path(config.inipath) if config.inipath else "-o"
    values: dict[str, object] = {}
    for option in _OPTIONS:
        name = f"ktstr_{option.setting}"
        if option.setting and (value := config.getini(name)):
            values[option.setting] = checked_text(option.setting, value, f"{file}: {name} = {shown(value)}: ")
    return values
