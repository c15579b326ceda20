"""The check `metrics`."""

from __future__ import annotations

from collections.abc import Iterator

from ktstr.checks.evidence import Evidence
from ktstr.checks.registry import declare_check
from ktstr.events.metrics import MetricValue
from ktstr.scenario.metric import Metric

__all__ = ["metrics"]


@declare_check(always=True, rank=50)
def metrics(run: Evidence, _always: bool) -> Iterator[str]:
    """Every payload that ended by itself printed its numbers, and they are within their bounds."""
    by_itself = {
        one.name
        for phase in run.report.phases
        for one in phase.payloads
        if one.how == "exited" and one.status == 0
    }
    for value in run.metrics:
        payload = run.payloads.get(value.payload)
        metric = next((one for one in payload.metrics if one.name == value.name), None) if payload else None
        if metric is not None:
            yield from _found(value, metric, by_itself=value.payload in by_itself)


def _found(value: MetricValue, metric: Metric, *, by_itself: bool) -> Iterator[str]:
    where = f"payload {value.payload}: {metric.name}"
    bounded = metric.least is not None or metric.most is not None
    if value.value is None:
        if metric.required and (by_itself or bounded):
            yield f"{where}: {value.why}"
        return
    is_ = f"{where} is {value.value:.6g}{metric.shown_unit}"
    if metric.least is not None and value.value < metric.least:
        yield f"{is_}, limit: at least {metric.least:g}"
    if metric.most is not None and value.value > metric.most:
        yield f"{is_}, limit: at most {metric.most:g}"
