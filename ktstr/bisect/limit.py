"""A metric's limit as what a step of a bisection is judged by, instead of the test's verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from statistics import median
from typing import Any

from ktstr.base.errors import KtstrError
from ktstr.bisect.verdict import Verdict, judged
from ktstr.compare.values import Value, values_of

__all__ = ["Limit", "judged_by", "limit_of"]

_MOST_NAMES = 12


@dataclass(frozen=True)
class Limit:
    """A number up to which a metric is good; one of which more is better is good from there on."""

    metric: str
    """The metric's name with its label, as `ktstr compare` prints it: `wait_p99_ms[web]`."""
    number: float
    """The limit, in the metric's unit."""


def limit_of(metric: str, number: str) -> Limit | None:
    """The limit that `--metric` and `--limit` give, None if neither is there; KtstrError for one without the other."""
    if not metric and not number:
        return None
    if not metric or not number:
        raise KtstrError("bisect: --metric NAME needs --limit NUMBER, and the other way round")
    try:
        found = float(number)
    except ValueError:
        found = float("nan")
    if not isfinite(found):
        raise KtstrError(f"bisect: --limit {number}: must be a number, in the unit of {metric}")
    return Limit(metric, found)


def judged_by(limit: Limit, sidecars: Sequence[Mapping[str, Any]], otherwise: str) -> Verdict:
    """The verdict by the median of the metric over all seeds and variants that passed.

    If none passed, or none has the metric, it is `skipped`; `otherwise` is the reason if there is no sidecar at all.
    """
    passed = [sidecar for sidecar in sidecars if sidecar["outcome"] == "passed"]
    if not passed:
        found = judged(sidecars, otherwise)
        return Verdict("skipped", f"no test passed: {found.why}" if sidecars else found.why)
    try:
        values = [value for sidecar in passed for value in values_of(sidecar)]
    except (KeyError, TypeError, ValueError) as error:
        return Verdict("skipped", f"the numbers of its sidecar cannot be read: {error!r}")
    own = [value for value in values if value.name == limit.metric]
    if not own:
        return Verdict("skipped", f"no metric {limit.metric}; there {_names(values)}")
    number, kind = median(value.number for value in own), own[0].kind
    bad = number < limit.number if kind.better == "higher" else number > limit.number
    unit = f" {kind.unit}" if kind.unit else ""
    return Verdict("failed" if bad else "passed", f"{limit.metric} is {number:.4g}{unit}")


def _names(values: Sequence[Value]) -> str:
    names = sorted({value.name for value in values})
    if not names:
        return "are none"
    more = ", ..." if len(names) > _MOST_NAMES else ""
    return f"are {', '.join(names[:_MOST_NAMES])}{more}"
