"""A number that a test records of its own run by `ctx.record`."""

from __future__ import annotations

from math import isfinite

from ktstr.base.errors import KtstrError
from ktstr.base.values import shown
from ktstr.report.schema import OwnMetricRecord
from ktstr.scenario.metric import Better, Metric

__all__ = ["add_own_metric"]


def add_own_metric(runs: list[dict[str, object]], name: str, value: float, unit: str, better: Better) -> None:
    """Add the number to the record of the last of `runs`; KtstrError for one that is not accepted."""
    try:
        Metric(name, pattern="(?P<value>)", unit=unit, better=better)  # it knows what names and units are
    except KtstrError as error:
        raise KtstrError(f"ctx.record: {error}") from None
    where = f"ctx.record({shown(name)})"
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise KtstrError(f"{where}: value={shown(value)}: must be a finite number")
    if not runs:
        raise KtstrError(f"{where}: must come after ctx.run, because a number is recorded with the last run")
    recorded = runs[-1].setdefault("recorded", [])
    assert isinstance(recorded, list)
    if any(one["name"] == name for one in recorded):
        raise KtstrError(f"{where}: is recorded already for run {len(runs)}; give it another name")
    one: OwnMetricRecord = {"name": name, "value": float(value), "unit": unit, "better": better}
    recorded.append(one)
