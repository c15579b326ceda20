"""Settings: what a project sets once, in the `[tool.ktstr]` table of its pyproject.toml or in the environment.

docs/settings.md describes each. A source is a mapping from the names of `Settings` to checked values, with the names
that it sets and no others, so sources merge as dicts do.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.base.nearest import near
from ktstr.base.topology import Topology
from ktstr.base.values import shown
from ktstr.declare.presets import PRESETS
from ktstr.farm.address import ACCEPTED, LOCAL
from ktstr.farm.address import parse as parse_address

__all__ = [
    "KEYS",
    "MAX_SEED",
    "MAX_SHRINK_S",
    "Settings",
    "checked",
    "checked_text",
    "environment_settings",
    "merged",
    "metrics_table",
    "project_settings",
    "shown_path",
]

MAX_SEED = 2**32 - 1
"""The largest seed that the emulator takes."""
MAX_SHRINK_S = 86_400
"""The longest time for shrinking, in seconds: a day."""

_NUMBERS = ("seed", "shrink_seconds")
_TABLE = "[tool.ktstr]"
_METRICS = "metrics"  # a table within, of thresholds
# KTSTR_KERNEL is not here: it is what the kernel spec `auto` means, and is read where specs are resolved.
_ENVIRONMENT = {
    "KTSTR_TOPOLOGY": "topology",
    "KTSTR_CLOCK": "clock",
    "KTSTR_SEED": "seed",
    "KTSTR_PERTURB": "perturb",
    "KTSTR_SHRINK_SECONDS": "shrink_seconds",
    "KTSTR_EXECUTOR": "executor",
}


@dataclass(frozen=True)
class Settings:
    """What holds for every test and sweep that says nothing else.

    `kernels` are kernel specs (none: `auto`). `topology` replaces each test's own (None: it does not). `clock` is
    `real`, `virtual` or `auto`, `perturb` is `on`, `off` or `auto`. `seed` is that of every VM run. `presets` are the
    topology presets of a verifier sweep and of the gauntlet (none: all), which `gauntlet` takes every test through.
    `shrink_seconds` is how long a failed run is run with less at most. `executor` is where guests run: `local`, or the
    address of a farm's scheduler.
    """

    kernels: tuple[str, ...] = ()
    topology: Topology | None = None
    clock: str = "auto"
    seed: int = 1
    perturb: str = "auto"
    presets: tuple[str, ...] = ()
    gauntlet: bool = False
    shrink_seconds: int = 60
    executor: str = LOCAL


def merged(*sources: Mapping[str, object]) -> Settings:
    """The settings of these sources; of two that set the same, the first wins."""
    values: dict[str, object] = {}
    for source in reversed(sources):
        values |= source
    return Settings(**values)  # type: ignore[arg-type]  # `checked` made each of its field's type


def project_settings(start: Path) -> dict[str, object]:
    """What the nearest pyproject.toml in or above `start` sets; empty if there is no such file or table.

    Raises KtstrError, naming the file and the key, for an unknown key or a value that is not accepted.
    """
    where, table = _table(start)
    table = {key: value for key, value in table.items() if key != _METRICS}
    for key in table:
        if key not in KEYS:
            raise KtstrError(
                f"{where}: {_TABLE} {key}: unknown key{near(key, KEYS)}; must be one of {', '.join(sorted(KEYS))}"
            )
    return {
        key: checked(key, value, f"{where}: {_TABLE} {key} = {shown(value)}: ")
        for key, value in table.items()
    }


def metrics_table(start: Path) -> tuple[str, Mapping[str, object]]:
    """The file and the `[tool.ktstr.metrics]` table of the nearest pyproject.toml in or above `start`; it may be empty.

    KtstrError, naming the file, if it cannot be read or this is no table. `ktstr.compare` checks what is in it.
    """
    where, table = _table(start)
    metrics = table.get(_METRICS, {})
    if not isinstance(metrics, dict):
        raise KtstrError(f"{where}: {_TABLE} {_METRICS} = {shown(metrics)}: must be a table")
    return where, metrics


def _table(start: Path) -> tuple[str, Mapping[str, object]]:
    """The file and its `[tool.ktstr]` table; both empty if there is none."""
    file = next(
        (path for folder in (start, *start.parents) if (path := folder / "pyproject.toml").is_file()), None
    )
    if file is None:
        return "", {}
    where = shown_path(file)
    try:
        whole = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise KtstrError(f"{where}: {error.strerror}") from None
    except ValueError as error:
        raise KtstrError(f"{where}: not TOML: {error}") from None
    if "ktstr" in whole:
        raise KtstrError(f"{where}: [ktstr]: is read by nobody; name it {_TABLE}")
    tools = whole.get("tool", {})
    table = tools.get("ktstr", {}) if isinstance(tools, dict) else {}
    if not isinstance(table, dict):
        raise KtstrError(f"{where}: tool.ktstr = {shown(table)}: must be a table")
    return where, table


def environment_settings() -> dict[str, object]:
    """What the environment sets; an empty variable sets nothing. Raises KtstrError naming the variable."""
    found = {
        key: checked_text(key, text, f"{name}={text}: ")
        for name, key in _ENVIRONMENT.items()
        if (text := os.environ.get(name))
    }
    # No kernels means `auto`, which follows the variable.
    return found | ({"kernels": ()} if os.environ.get("KTSTR_KERNEL") else {})


def shown_path(path: Path) -> str:
    """`path` as a message names it: from the working directory, if it is below."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def checked(key: str, value: object, where: str) -> object:
    """`value`, typed as TOML has it, as setting `key`.

    Raises KtstrError for a value that is not accepted; `where` begins its message and shows the value.
    """
    return KEYS[key](value, where)


def checked_text(key: str, text: str, where: str) -> object:
    """The setting `key` written as `text`, as options and variables have it; KtstrError as for `checked`."""
    if key not in _NUMBERS:
        return checked(key, text, where)
    try:
        return checked(key, int(text), where)
    except ValueError:
        raise KtstrError(f"{where}must be a whole number") from None


def _kernels(value: object, where: str) -> tuple[str, ...]:
    from ktstr.kernel.spec import parse  # not at import: the grammar is needed only where kernels are named

    specs = _texts(value, where)
    for spec in specs:
        try:
            parse(spec)
        except KtstrError as error:
            raise KtstrError(f"{where}{error}") from None
    return specs


def _presets(value: object, where: str) -> tuple[str, ...]:
    names = _texts(value, where)
    for name in names:
        if name not in PRESETS:
            raise KtstrError(f"{where}no preset {name}; must be of {', '.join(PRESETS)}")
    return names


def _flag(value: object, where: str) -> bool:
    """An ini file has texts only, and spells a truth as TOML does."""
    flags = {"true": True, "false": False}
    if isinstance(value, str) and value in flags:
        return flags[value]
    if not isinstance(value, bool):
        raise KtstrError(f"{where}must be true or false")
    return value


def _texts(value: object, where: str) -> tuple[str, ...]:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list | tuple) or not all(isinstance(item, str) for item in values):
        raise KtstrError(f"{where}must be a string or a list of strings")
    return tuple(values)


def _topology(value: object, where: str) -> Topology:
    if not isinstance(value, str):
        raise KtstrError(f"{where}must be a string such as '1n2l4c1t'")
    try:
        return Topology.parse(value)
    except KtstrError as error:
        raise KtstrError(f"{where}{error}") from None


def _executor(value: object, where: str) -> str:
    if value == LOCAL:
        return LOCAL
    if not isinstance(value, str):
        raise KtstrError(f"{where}must be a string: {LOCAL}, {ACCEPTED}")
    return str(parse_address(value, f"{where}must be {LOCAL}, or "))


def _whole(most: int) -> Callable[[object, str], int]:
    def check(value: object, where: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise KtstrError(f"{where}must be a whole number")
        if not 0 <= value <= most:
            raise KtstrError(f"{where}must be between 0 and {most}")
        return value

    return check


def _one_of(*accepted: str) -> Callable[[object, str], str]:
    def check(value: object, where: str) -> str:
        if not isinstance(value, str) or value not in accepted:
            raise KtstrError(f"{where}must be {', '.join(accepted[:-1])} or {accepted[-1]}")
        return value

    return check


KEYS: Mapping[str, Callable[[object, str], object]] = {
    "kernels": _kernels,
    "topology": _topology,
    "clock": _one_of("real", "virtual", "auto"),
    "seed": _whole(MAX_SEED),
    "perturb": _one_of("on", "off", "auto"),
    "shrink_seconds": _whole(MAX_SHRINK_S),
    "presets": _presets,
    "gauntlet": _flag,
    "executor": _executor,
}
"""The keys of the table, each with the function that checks its value."""
