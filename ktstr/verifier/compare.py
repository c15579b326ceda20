"""Comparing a sweep's costs with those of another: an earlier run, or the same cells with another program."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.base.results import results_dir
from ktstr.report.tables import Row
from ktstr.verifier.cell import Cell, CellResult
from ktstr.verifier.tables import span

__all__ = [
    "Change",
    "Costs",
    "baseline_cells",
    "changes",
    "changes_table",
    "check_baseline",
    "costs_of",
    "recorded_costs",
]

_EM_BPF = 247

Costs = Mapping[str, Mapping[str, int]]
"""Verified instructions by cell (`verifier/mine/kernel_7_0/tiny-1llc`) and program."""


@dataclass(frozen=True)
class Change:
    """A program's cost on a kernel, before and now, over the topologies that both sweeps have.

    `growth_pct` is for the topology where it grew most; None if the program is new, or is no longer there.
    """

    scheduler: str
    kernel: str
    program: str
    before: tuple[int, ...]
    after: tuple[int, ...]
    growth_pct: float | None


def costs_of(results: Iterable[CellResult]) -> Costs:
    """The costs that a sweep measured. A cell whose programs were never all loaded has none."""
    return {result.cell.name: result.insns for result in results if result.programs}


def recorded_costs(root: Path, text: str) -> Costs | None:
    """The costs of the run that `text` names, or None if it names none.

    A run is the directory of one, a directory of several, or the label of a commit (`1a2b3c4`, `1a2b3c4-dirty`): the
    newest sweeps of it among the results of the project at `root`.
    """
    path = Path(text)
    if path.is_dir():
        files = sorted(path.rglob("*.json"))
    else:
        folders = results_dir(root).glob(f"verifier-*-{text}") if text and "/" not in text else ()
        files = sorted(file for folder in folders for file in folder.glob("*.json"))
        if not files:
            return None
    costs = {}
    for file in files:
        try:
            data = json.loads(file.read_text(encoding="ascii"))
            programs = data["runs"][0]["programs"]
            if programs:
                costs[str(data["test"])] = {one["name"]: int(one["verified_insns"]) for one in programs}
        except (OSError, ValueError, KeyError, IndexError, TypeError):
            continue  # of a test, or of the run itself
    if not costs:
        raise KtstrError(f"--compare {text}: no cell of a verifier sweep is in there")
    return costs


def check_baseline(text: str) -> None:
    """Raise KtstrError unless there is a file at path `text`; to be asked before kernels are looked up."""
    if not Path(text).is_file():
        raise KtstrError(
            f"--compare {text}: no such run, program or object; a run is a directory or a commit's label"
        )


def baseline_cells(cells: Sequence[Cell], text: str) -> list[Cell]:
    """The same cells with the program or BPF at path `text` in the scheduler's place.

    KtstrError if it is neither, or if the sweep has several schedulers.
    """
    check_baseline(text)
    path = Path(text).absolute()
    names = sorted({cell.scheduler.name for cell in cells})
    if len(names) > 1:
        raise KtstrError(
            f"--compare {text}: one program, but schedulers {', '.join(names)}: choose with --scheduler"
        )
    if cells[0].object is not None:
        return [replace(cell, object=path) for cell in cells]
    is_bpf = path.name.endswith(".bpf.c") or _machine(path) == _EM_BPF
    out = []
    for cell in cells:
        own = cell.scheduler
        if is_bpf:
            other = replace(own, binary=None, binary_path=None, bpf=path, sched_args=())
        else:
            other = replace(own, binary=None, binary_path=path, bpf=None, rodata={}, bpf_cflags=())
        out.append(replace(cell, scheduler=other))
    return out


def changes(before: Costs, after: Costs) -> list[Change]:
    """What changed between two sweeps, program by program; cells that only one of them has are left out."""
    cells = [name for name in after if name in before]
    groups: dict[tuple[str, str], list[str]] = {}
    for name in cells:
        _, scheduler, kernel, _ = name.split("/", 3)
        groups.setdefault((scheduler, kernel), []).append(name)
    found = []
    for (scheduler, kernel), names in sorted(groups.items()):
        for program in sorted({program for name in names for program in (*before[name], *after[name])}):
            both = [name for name in names if program in before[name] and program in after[name]]
            old = tuple(before[name][program] for name in names if program in before[name])
            new = tuple(after[name][program] for name in names if program in after[name])
            if old == new:
                continue
            growth = max(
                (
                    100.0 * (after[name][program] - before[name][program]) / max(1, before[name][program])
                    for name in both
                ),
                default=None,
            )
            found.append(Change(scheduler, kernel, program, old, new, growth))
    return found


def changes_table(found: Sequence[Change], max_growth_pct: float) -> list[Row]:
    """One row per change; growth beyond the limit is marked."""
    rows: list[Row] = [("scheduler", "kernel", "program", "before", "now", "growth")]
    for change in found:
        if change.growth_pct is None:
            growth = "new" if change.after else "gone"
        else:
            growth = f"{change.growth_pct:+.1f}%" + (" ❌" if change.growth_pct > max_growth_pct else "")
        rows.append(
            (change.scheduler, change.kernel, change.program, span(change.before), span(change.after), growth)
        )
    return rows


def _machine(path: Path) -> int:
    with path.open("rb") as file:
        head = file.read(20)
    if len(head) < 20 or head[:4] != b"\x7fELF":
        raise KtstrError(f"--compare {path}: neither a program nor a BPF object, nor a .bpf.c")
    number: int = struct.unpack_from("<H", head, 18)[0]
    return number
