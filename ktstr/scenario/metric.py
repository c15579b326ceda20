"""A number that a payload prints: its name, its unit, and where it is in the output."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isfinite
from typing import Literal

from ktstr.base.errors import KtstrError
from ktstr.base.values import shown, string

__all__ = ["Better", "Metric", "json_steps"]

Better = Literal["lower", "higher", ""]
"""Which direction of a number is better; empty: neither."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_UNIT = re.compile(r"[ -~]{0,32}")
_STEP = re.compile(r'(?:^|\.)([^.\[\]"*]+|\*)|\[(\d{1,9}|\*|"[^"]*")\]')
_LONGEST = 1000


@dataclass(frozen=True)
class Metric:
    """A number in a payload's output: by a JSON path, or by a pattern.

    `json` is a path such as `jobs[0].lat.mean`: names with dots between them, indices in brackets; `*` is every
    element, and a name with a dot in it is `["a.b"]`. `pattern` is a regular expression (Python's `re`) for one line,
    with a group `(?P<value>...)` around the number. `least` and `most` are bounds, whose violation fails the test.
    """

    name: str
    """What reports call it."""
    pattern: str = ""
    json: str = ""
    unit: str = ""
    """Its unit, such as `s` or `ops/s`."""
    better: Better = ""
    """Which direction is better: `lower`, `higher`, or neither."""
    stream: Literal["stdout", "stderr", "both"] = "stdout"
    """Where it is looked for."""
    take: Literal["first", "last", "min", "max", "mean", "sum"] = "first"
    """What becomes of several values."""
    least: float | None = None
    most: float | None = None
    required: bool = True
    """Whether it is a violation if a payload that ended by itself did not print it."""

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise KtstrError(
                f"metric {shown(self.name)}: name: must be 1 to 64 letters, digits, '_', '-' or '.', the first a letter"
            )
        where = f"metric {self.name}"
        for field in ("pattern", "json", "unit"):
            string(getattr(self, field), f"{where}: {field}")
        if bool(self.pattern) == bool(self.json):
            raise KtstrError(f"{where}: must have one of pattern= and json=")
        if not _UNIT.fullmatch(self.unit):
            raise KtstrError(
                f"{where}: unit={shown(self.unit)}: must be at most 32 printable ASCII characters"
            )
        for field, accepted in _CHOICES.items():
            if (value := getattr(self, field)) not in accepted:
                names = ", ".join(one or "''" for one in accepted)
                raise KtstrError(f"{where}: {field}={shown(value)}: must be one of {names}")
        if self.pattern:
            _check_pattern(self.pattern, where)
        else:
            json_steps(self.json, where)
        for field in ("least", "most"):
            value = getattr(self, field)
            number = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
            if value is not None and not number:
                raise KtstrError(f"{where}: {field}={shown(value)}: must be a number, or None")
        if self.least is not None and self.most is not None and self.least > self.most:
            raise KtstrError(f"{where}: least={self.least:g}: must be at most most={self.most:g}")
        if not isinstance(self.required, bool):
            raise KtstrError(f"{where}: required={shown(self.required)}: must be True or False")

    @property
    def shown_unit(self) -> str:
        """The unit as it follows a number: with a space before it, if there is one."""
        return f" {self.unit}" if self.unit else ""

    def __str__(self) -> str:
        how = f"json {self.json}" if self.json else f"pattern {self.pattern}"
        better = f", {self.better} is better" if self.better else ""
        return f"{self.name}{self.shown_unit and f' in {self.unit}'}: {how}{better}"


_CHOICES = {
    "better": ("lower", "higher", ""),
    "stream": ("stdout", "stderr", "both"),
    "take": ("first", "last", "min", "max", "mean", "sum"),
}


def _check_pattern(pattern: str, where: str) -> None:
    if len(pattern) > _LONGEST:
        raise KtstrError(f"{where}: pattern: {len(pattern)} characters: must be at most {_LONGEST}")
    try:
        groups = re.compile(pattern).groupindex
    except (re.error, RecursionError, OverflowError) as error:
        raise KtstrError(f"{where}: pattern={shown(pattern)}: {error}") from None
    if "value" not in groups:
        raise KtstrError(
            f"{where}: pattern={shown(pattern)}: must have a group (?P<value>...) around the number"
        )


def json_steps(path: str, where: str = "json") -> tuple[str | int | None, ...]:
    """The steps of a JSON path: names, indices, and None for every element. KtstrError if it is none."""
    steps: list[str | int | None] = []
    at = 0
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None or len(path) > _LONGEST:
            raise KtstrError(f"{where}: json={shown(path)}: must be a path such as jobs[0].lat.mean")
        name, index = step.groups()
        if name == "*" or index == "*":
            steps.append(None)
        elif name is not None:
            steps.append(name)
        else:
            steps.append(index[1:-1] if index.startswith('"') else int(index))
        at = step.end()
    return tuple(steps)
