"""`[tool.ktstr.metrics]`: a project's own thresholds and directions of metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path
from typing import cast

from ktstr.base.errors import KtstrError
from ktstr.base.nearest import near
from ktstr.base.values import shown
from ktstr.compare.registry import MetricKind
from ktstr.declare.settings import metrics_table
from ktstr.scenario.metric import Better

__all__ = ["Threshold", "project_thresholds", "with_threshold"]

_FIELDS = ("absolute", "relative", "better")
_BETTER = ("lower", "higher", "")


@dataclass(frozen=True)
class Threshold:
    """What a project says of a metric; None: what the registry says."""

    absolute: float | None = None
    """In the metric's unit."""
    relative: float | None = None
    """As a part: 0.05 is 5 percent."""
    better: Better | None = None
    """Which direction is better."""


def project_thresholds(start: Path) -> Mapping[str, Threshold]:
    """The thresholds of the nearest pyproject.toml in or above `start`, by metric.

    KtstrError, naming the file, the metric and the field, for what is not accepted.
    """
    file, table = metrics_table(start)
    return {name: _threshold(value, f"{file}: [tool.ktstr.metrics] {name}") for name, value in table.items()}


def with_threshold(kind: MetricKind, thresholds: Mapping[str, Threshold]) -> MetricKind:
    """The kind with what the project says of it."""
    if (own := thresholds.get(kind.name)) is None:
        return kind
    said = {field: value for field in _FIELDS if (value := getattr(own, field)) is not None}
    return replace(kind, **said)


def _threshold(value: object, where: str) -> Threshold:
    if not isinstance(value, dict):
        raise KtstrError(f"{where} = {shown(value)}: must be a table with {', '.join(_FIELDS)}")
    for field in value:
        if field not in _FIELDS:
            raise KtstrError(
                f"{where}: {field}: unknown key{near(field, _FIELDS)}; must be one of {', '.join(_FIELDS)}"
            )
    better = value.get("better")
    if better is not None and better not in _BETTER:
        raise KtstrError(f"{where}: better = {shown(better)}: must be 'lower', 'higher' or ''")
    return Threshold(
        _number(value.get("absolute"), f"{where}: absolute"),
        _part(value.get("relative"), f"{where}: relative"),
        cast("Better | None", better),
    )


def _number(value: object, where: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or value < 0:
        raise KtstrError(f"{where} = {shown(value)}: must be a number, 0 or more")
    return float(value)


def _part(value: object, where: str) -> float | None:
    """A part, also written as a percentage."""
    if not isinstance(value, str):
        return _number(value, where)
    try:
        if not value.endswith("%"):
            raise ValueError
        return _number(float(value[:-1]) / 100, where)
    except ValueError:
        raise KtstrError(f"{where} = {shown(value)}: must be a number such as 0.1, or '10%'") from None
