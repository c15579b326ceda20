"""The tables of what the matrix showed: how many cells of each scheduler, and each violation with its reason."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product

from cell import CELLS, TOPOLOGIES, Cell, Record, records
from known import KNOWN, Known, expected
from unjudged import CANNED

__all__ = ["NOT_KNOWN", "counts", "missing", "page_table", "violations"]

NOT_KNOWN = "NOT KNOWN"
"""What a violation without a row in `known.py` ends with."""

_PLACES = tuple(product(CANNED, TOPOLOGIES))


def counts(several: Sequence[Record]) -> str:
    """How many cells each scheduler has on each kernel, how many violate a check, and the worst waits in them."""
    lines = [
        f"{'scheduler':<13}{'kernel':<8} cells  clean  known  not known  idle wait   wasted  longest wait"
    ]
    for scheduler, kernel in sorted({(one.cell.scheduler, one.cell.kernel) for one in several}):
        some = [one for one in several if (one.cell.scheduler, one.cell.kernel) == (scheduler, kernel)]
        clean = sum(1 for one in some if not one.violations)
        new = sum(1 for one in some if any(check not in expected(one.cell) for check, _ in one.violations))
        lines.append(
            f"{scheduler:<13}{kernel:<8} {len(some):>5}  {clean:>5}  {len(some) - clean - new:>5}  {new:>9}"
            f"  {max(one.idle_wait_ms for one in some):>6.1f} ms  {max(one.wasted_pct for one in some):>5.1f} %"
            f"  {max(one.wait_ms for one in some):>9.1f} ms"
        )
    return "\n".join(lines)


def violations(several: Sequence[Record]) -> Iterator[str]:
    """A line for each check that a cell violates: where, the gravest message, and whether it is known."""
    for one in sorted(several, key=lambda one: (one.cell.scheduler, one.cell.scenario, one.cell.topology)):
        known = expected(one.cell)
        for check, line in dict(reversed(one.violations)).items():
            yield f"{_name(one.cell)} {check}: {line} -- {'known' if check in known else NOT_KNOWN}"


def missing(several: Sequence[Record]) -> Iterator[str]:
    """A line for each violation of `known.py` that did not happen; of an accident, only if it had all its cells."""
    for row in KNOWN:
        cells = [one for one in several if row.has(one.cell)]
        without = [one.cell for one in cells if row.check not in dict(one.violations)]
        if row.sometimes and (len(without) < len(cells) or not _whole(row, without)):
            continue
        yield from (f"{_name(cell)} {row.check}: did not happen" for cell in without)


def _whole(row: Known, cells: Sequence[Cell]) -> bool:
    """Whether these are all cells of the row, on one kernel at least."""
    for one in cells:
        every = (replace(one, scenario=scenario, topology=topology) for scenario, topology in _PLACES)
        if {cell for cell in every if row.has(cell)} <= set(cells):
            return True
    return False


def page_table() -> str:
    """The rows of `known.py` as the table of docs/false-alarms.md."""
    head = "| scheduler | check | in | why it is the scheduler's |\n| --- | --- | --- | --- |"
    return "\n".join(
        (head, *(f"| {row.scheduler} | `{row.check}` | {_where(row)} | {row.why} |" for row in KNOWN))
    )


def _name(cell: Cell) -> str:
    return f"{cell.scheduler} {cell.scenario} {cell.topology} {cell.kernel}"


def _where(row: Known) -> str:
    scenarios = ", ".join(f"`{one}`" for one in row.scenarios)
    parts = ["all scenarios" if row.scenarios == ("*",) else scenarios]
    if row.topologies != ("*",):
        parts.append(f"on {', '.join(row.topologies)}")
    if row.kernels != ("*",):
        parts.append(f"with {', '.join(one.removesuffix('.*') for one in row.kernels)}")
    return "; ".join((*parts, "at times") if row.sometimes else parts)


def main() -> int:
    """Write the tables beside the cells, and print them; 1 if something is not as is known."""
    several = records()
    found, gone = list(violations(several)), list(missing(several))
    text = "\n".join((counts(several), "", *found, *gone))
    CELLS.mkdir(parents=True, exist_ok=True)
    (CELLS.parent / "table.txt").write_text(f"{text}\n")
    print(text)
    return 1 if gone or any(line.endswith(NOT_KNOWN) for line in found) else 0


if __name__ == "__main__":
    sys.exit(main())
