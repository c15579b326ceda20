"""Costs for people: a table of functions, and the same as the sidecar has it."""

from __future__ import annotations

from collections.abc import Iterable

from ktstr.instrument.cost import FunctionCost
from ktstr.report.cost_schema import CostRecord
from ktstr.report.tables import text_table

__all__ = ["cost_records", "cost_text"]


def cost_records(costs: Iterable[FunctionCost]) -> list[CostRecord]:
    """The functions that were called, for the sidecar."""
    return [
        {
            "function": one.name,
            "callback": one.callback,
            "calls": one.count,
            "min_insns": one.least,
            "median_insns": one.median,
            "max_insns": one.most,
            "own_insns": one.own,
        }
        for one in costs
        if one.least is not None and one.median is not None and one.most is not None
    ]


def cost_text(costs: Iterable[FunctionCost]) -> list[str]:
    """The table, in instructions per call with those of what is called; what takes most by itself comes first."""
    rows: list[tuple[str, ...]] = [("function", "calls", "min", "median", "max", "mean", "own, all calls")]
    for one in sorted(costs, key=lambda one: -one.own):
        if one.count:
            numbers = (one.count, one.least, one.median, one.most)
            total = sum(insns * count for insns, count in one.calls.items())
            rows.append((one.name, *map(str, numbers), f"{total / one.count:.1f}", str(one.own)))
    return text_table(rows)
