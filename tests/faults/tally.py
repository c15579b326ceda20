"""The counts of a session of faults, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

__all__ = ["Case", "Tally"]


@dataclass(frozen=True)
class Case:
    """One fault: its part (`kills`), its kind (`worker`), what it was in one line, and what broke."""

    part: str
    kind: str
    what: str
    broken: Sequence[str] = ()
    reached: bool = True  # False: the run ended before the fault


@dataclass
class Tally:
    """All faults so far; each is printed as it comes."""

    cases: list[Case] = field(default_factory=list)

    def add(self, case: Case) -> None:
        """Count a fault and print it."""
        self.cases.append(case)
        word = "BROKEN" if case.broken else "ok    " if case.reached else "missed"
        print(f"{word} {len(self.cases):4}  {case.part} {case.kind}: {case.what}", flush=True)
        for line in case.broken:
            print(f"             {line}", flush=True)

    @property
    def broken(self) -> int:
        """How many faults broke something."""
        return sum(bool(case.broken) for case in self.cases)

    def table(self) -> str:
        """A row for each kind of fault."""
        kinds = list(dict.fromkeys((case.part, case.kind) for case in self.cases))
        rows = [("part", "kind", "injected", "missed", "broken")]
        for part, kind in kinds:
            cases = [case for case in self.cases if (case.part, case.kind) == (part, kind)]
            rows.append((part, kind, *_counts(cases)))
        rows.append(("all", "", *_counts(self.cases)))
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        lines = []
        for row in rows:
            cells = [cell.ljust(width) for cell, width in zip(row[:2], widths[:2], strict=True)]
            cells += [cell.rjust(width) for cell, width in zip(row[2:], widths[2:], strict=True)]
            lines.append("  ".join(cells).rstrip())
        return "\n".join(lines)


def _counts(cases: Sequence[Case]) -> tuple[str, str, str]:
    injected = sum(case.reached for case in cases)
    return str(injected), str(len(cases) - injected), str(sum(bool(case.broken) for case in cases))
