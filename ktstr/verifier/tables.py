"""What a sweep prints: the table of costs, the grid, the failing combinations. Rows of cells, from data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ktstr.report.tables import MARKS, Row, mark_of
from ktstr.verifier.cell import CellResult

__all__ = ["failing", "grid", "insns_table", "span", "summary_line"]


def span(values: Sequence[int]) -> str:
    """`lo..hi`, one number if they are equal, `-` for none."""
    if not values:
        return "-"
    low, high = min(values), max(values)
    return str(low) if low == high else f"{low}..{high}"


def insns_table(results: Sequence[CellResult], scheduler: str) -> list[Row]:
    """Verified instructions of one scheduler: one row per kernel, one column per program, the range over topologies."""
    own = [result for result in results if result.cell.scheduler.title == scheduler]
    names = sorted({name for result in own for name in result.insns})
    rows: list[Row] = [("kernel", *names)]
    for kernel in dict.fromkeys(result.cell.kernel_name for result in own):
        counts = [result.insns for result in own if result.cell.kernel_name == kernel]
        rows.append((kernel, *(span([count[name] for count in counts if name in count]) for name in names)))
    return rows


def grid(results: Sequence[CellResult]) -> list[Row]:
    """Topologies by schedulers, a mark for each pair: passed on every kernel, failed on every one, or mixed."""
    schedulers = sorted({result.cell.scheduler.title for result in results})
    pairs = _pairs(results)
    rows: list[Row] = [("topology", *schedulers)]
    for preset in sorted({result.cell.preset for result in results}):
        rows.append((preset, *(MARKS[pairs.get((preset, name), "none")] for name in schedulers)))
    return rows


def summary_line(results: Sequence[CellResult]) -> str:
    """`4 ✅  0 ❌  0 🇽`: the grid's marks, counted."""
    marks = list(_pairs(results).values())
    return "  ".join(f"{marks.count(mark)} {MARKS[mark]}" for mark in ("passed", "failed", "mixed"))


def failing(results: Sequence[CellResult]) -> list[tuple[str, str]]:
    """The cells that did not pass, by name, and why."""
    bad = [result for result in results if result.outcome != "passed"]
    return [(result.cell.name, result.message) for result in bad]


def _pairs(results: Sequence[CellResult]) -> Mapping[tuple[str, str], str]:
    outcomes: dict[tuple[str, str], set[bool]] = {}
    for result in results:
        key = (result.cell.preset, result.cell.scheduler.title)
        outcomes.setdefault(key, set()).add(result.outcome == "passed")
    return {key: mark_of(seen) for key, seen in sorted(outcomes.items())}
