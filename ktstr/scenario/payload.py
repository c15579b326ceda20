"""A payload: a program as a workload, with its arguments, its files, and the numbers that it prints."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from ktstr.base.errors import KtstrError
from ktstr.base.limits import MAX_TOKENS
from ktstr.base.nearest import near
from ktstr.base.values import mapping, path_of, shown, string, strings, whole
from ktstr.scenario.argument import Argument
from ktstr.scenario.metric import Metric

__all__ = ["FOLDER", "Offered", "Payload", "PayloadArgument", "checked_name"]

FOLDER = "/ktstr/payload"
"""Where the guest has the programs of payloads, each in a folder of its name."""
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,39}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OTHERS = 8  # words of its line of the plan beside arguments and variables
_OURS = ("/init", "/ktstr", "/boot", "/proc", "/sys", "/dev", "/run", "/tmp")


@dataclass(frozen=True)
class Offered:
    """Words among a payload's arguments that its program must offer: it lists them itself when it is asked."""

    what: str
    """What they are, such as `stressor`."""
    words: tuple[str, ...]
    """Those that the payload uses."""
    question: tuple[str, ...]
    """The arguments with which the program prints all that it offers, with white space between, and ends with 0."""

    def __post_init__(self) -> None:
        string(self.what, "offered: what")
        for name in ("words", "question"):
            object.__setattr__(self, name, strings(getattr(self, name), f"offered: {name}"))


@dataclass(frozen=True)
class Payload:
    """A program that runs in the guest beside the workers, or instead of them; see `declare_payload` for the fields."""

    name: str
    """What reports call it."""
    binary: str = ""
    """The name of its program, which is looked for on this machine; empty: `binary_path` says it."""
    binary_path: Path | None = None
    """The path of its program; None: it is looked for by name."""
    args: tuple[str, ...] = ()
    """Its arguments."""
    env: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Variables of its environment, over those that the guest has."""
    files: Mapping[str, Path] = field(default_factory=dict, hash=False)
    """Further files, by their path in the guest."""
    metrics: tuple[Metric, ...] = ()
    """The numbers that it prints."""
    expect_status: int | None = 0
    """The status with which it has to end; None: any."""
    package: str = ""
    """The package of Debian and Ubuntu that has its program; empty: that is not known."""
    build: tuple[str, ...] = ()
    """The command that builds its program; empty: none."""
    offered: Offered | None = None
    """The words that its program must offer; None: that is not asked."""
    declared_in: str = field(default="", compare=False)
    """The file of its declaration."""

    def __post_init__(self) -> None:
        checked_name(self.name, f"payload {shown(self.name)}: name")
        where = f"payload {self.name}"
        string(self.binary, f"{where}: binary")
        if bool(self.binary) == (self.binary_path is not None):
            raise KtstrError(f"{where}: must have one of binary= and binary_path=")
        if "/" in self.binary:
            raise KtstrError(
                f"{where}: binary={shown(self.binary)}: a name, looked up; for a path use binary_path="
            )
        self._set("binary_path", self.binary_path and path_of(self.binary_path, f"{where}: binary_path"))
        self._set("args", strings(self.args, f"{where}: args"))
        self._set("env", _environment(self.env, f"{where}: env"))
        self._set("files", _files(self.files, f"{where}: files"))
        self._set("build", strings(self.build, f"{where}: build"))
        if not isinstance(self.metrics, list | tuple) or not all(
            isinstance(one, Metric) for one in self.metrics
        ):
            raise KtstrError(f"{where}: metrics={shown(self.metrics)}: must be a list of Metric(...)")
        self._set("metrics", tuple(self.metrics))
        names = [metric.name for metric in self.metrics]
        if twice := {name for name in names if names.count(name) > 1}:
            raise KtstrError(f"{where}: metrics: metric {min(twice)} is there twice; must be another name")
        if self.expect_status is not None:
            whole(self.expect_status, f"{where}: expect_status", 0, 255)
        string(self.package, f"{where}: package")
        if self.offered is not None and not isinstance(self.offered, Offered):
            raise KtstrError(f"{where}: offered={shown(self.offered)}: must be Offered(...), or None")
        words = len(self.args) + len(self.env)
        if words > MAX_TOKENS - _OTHERS:
            raise KtstrError(
                f"{where}: {words} arguments and variables: must be at most {MAX_TOKENS - _OTHERS} together"
            )

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    @property
    def program(self) -> str:
        """The path of its program in the guest."""
        name = self.binary_path.name if self.binary_path else self.binary
        return f"{FOLDER}/{self.name}/{name}"

    def bounded(self, metric: str, *, least: float | None = None, most: float | None = None) -> Payload:
        """The same payload with bounds on a metric, whose violation fails the test. KtstrError if it has none such."""
        if metric not in (names := [one.name for one in self.metrics]):
            hint = (
                near(str(metric), names) or f"; there {'are' if names else 'is'} {', '.join(names) or 'none'}"
            )
            raise KtstrError(f"payload {self.name}: metric {shown(metric)}: no such metric{hint}")
        changed = (
            replace(one, least=least, most=most) if one.name == metric else one for one in self.metrics
        )
        return replace(self, metrics=tuple(changed))

    def __str__(self) -> str:
        return " ".join((self.name, *self.args))


def checked_name(value: object, where: str) -> str:
    """The name of a payload; KtstrError, beginning with `where`, for anything else."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise KtstrError(
            f"{where}: must be 1 to 40 letters, digits, '_', '-' or '.', the first no '-' or '.'"
        )
    return value


def _environment(value: object, where: str) -> Mapping[str, str]:
    found = {}
    for name, text in mapping(value, where).items():
        if not _VARIABLE.fullmatch(name):
            raise KtstrError(f"{where}: {shown(name)}: must be the name of a variable")
        found[name] = string(text, f"{where}[{name!r}]")
    return found


def _files(value: object, where: str) -> Mapping[str, Path]:
    found = {}
    for place, source in mapping(value, where).items():
        path = PurePosixPath(place)
        if not path.is_absolute() or ".." in path.parts or len(path.parts) < 2:
            raise KtstrError(f"{where}: {shown(place)}: must be an absolute path in the guest")
        if any(str(path) == ours or str(path).startswith(f"{ours}/") for ours in _OURS):
            raise KtstrError(f"{where}: {shown(place)}: must not be below {', '.join(_OURS)}")
        found[str(path)] = path_of(source, f"{where}[{place!r}]")
    return found


@dataclass(frozen=True)
class PayloadArgument(Argument):
    """A payload."""

    def check(self, value: object, where: str) -> None:
        """Raise KtstrError for anything else."""
        if not isinstance(value, Payload):
            raise KtstrError(f"{where}={shown(value)}: must be a payload, such as payloads.hackbench()")

    def words(self, value: Payload) -> tuple[str, ...]:
        """Its name."""
        return (value.name,)
