"""The table of what the matrix showed: how many cells of each scheduler, and each violation with its worst value."""

from __future__ import annotations

from collections.abc import Sequence

from cell import CELLS, Record, records
from known import expected

__all__ = ["table"]


def table(several: Sequence[Record]) -> str:
    """Two tables as text: what was run, by scheduler and kernel, and what was violated."""
    lines = [f"{'scheduler':<16} {'kernel':<8} cells  alarms  longest idle wait  most wasted  longest wait"]
    groups = sorted({(one.cell.scheduler, one.cell.kernel) for one in several})
    for scheduler, kernel in groups:
        some = [one for one in several if (one.cell.scheduler, one.cell.kernel) == (scheduler, kernel)]
        alarms = sum(1 for one in some if one.violations)
        lines.append(
            f"{scheduler:<16} {kernel:<8} {len(some):>5}  {alarms:>6}"
            f"  {max(one.idle_wait_ms for one in some):>14.1f} ms"
            f"  {max(one.wasted_pct for one in some):>9.1f} %  {max(one.wait_ms for one in some):>9.1f} ms"
        )
    lines += ["", "scheduler        scenario                 topology  kernel   violation"]
    for one in sorted(several, key=lambda one: (one.cell.scheduler, one.cell.scenario, one.cell.topology)):
        cell, known = one.cell, expected(one.cell)
        for check, line in one.violations:
            why = f" -- known: {known[check]}" if check in known else " -- NOT KNOWN"
            lines.append(
                f"{cell.scheduler:<16} {cell.scenario:<24} {cell.topology:<9} {cell.kernel:<8} {check}: {line}{why}"
            )
    return "\n".join(lines)


def main() -> None:
    """Write the table beside the cells, and print it."""
    text = table(records())
    CELLS.mkdir(parents=True, exist_ok=True)
    (CELLS.parent / "table.txt").write_text(f"{text}\n")
    print(text)


if __name__ == "__main__":
    main()
