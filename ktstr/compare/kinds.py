"""The kinds of metrics of a project, as text and as JSON: the registry's, and the own ones of its runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ktstr.compare.registry import METRICS, MetricKind
from ktstr.compare.thresholds import Threshold, with_threshold
from ktstr.compare.values import values_of
from ktstr.report.text import aligned

__all__ = ["kinds_json", "kinds_lines", "kinds_of"]

_HEAD = ("METRIC", "UNIT", "BETTER", "RELATIVE", "ABSOLUTE", "SOURCE")


def kinds_of(sidecars: Iterable[Mapping[str, Any]], thresholds: Mapping[str, Threshold]) -> list[MetricKind]:
    """The registry's kinds, the own ones of these sidecars, and those that only have thresholds, in this order.

    Each has the project's thresholds. A number of one's own is known once a run has it, so a threshold of a metric that
    is not known is no mistake; its source says so.
    """
    own = {
        value.kind.name: value.kind
        for sidecar in sidecars
        for value in values_of(sidecar)
        if value.kind.name not in METRICS
    }
    unseen = {
        name: MetricKind(name, "", "", "in no run that was looked at")
        for name in thresholds
        if name not in METRICS and name not in own
    }
    kinds = {**METRICS, **dict(sorted(own.items())), **dict(sorted(unseen.items()))}
    return [with_threshold(kind, thresholds) for kind in kinds.values()]


def kinds_lines(kinds: Sequence[MetricKind]) -> list[str]:
    """The table of kinds, in the given order."""
    return aligned([_HEAD, *map(_row, kinds)], {3, 4})


def kinds_json(kinds: Sequence[MetricKind]) -> list[Mapping[str, Any]]:
    """The kinds as data, with the fields of `MetricKind`."""
    return [asdict(kind) for kind in kinds]


def _row(kind: MetricKind) -> tuple[str, ...]:
    absolute = f"{kind.absolute:g}" if kind.absolute else "-"
    source = kind.source + (" (exact)" if kind.exact else "")
    return (kind.name, kind.unit or "-", kind.better or "-", f"{100 * kind.relative:g}%", absolute, source)
