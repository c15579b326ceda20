"""A finished sweep in its formats: text for a terminal, markdown for a page, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from ktstr.events.rejection import Rejection
from ktstr.report.console import WORDS
from ktstr.report.tables import Row, markdown_table, text_table, wrapped
from ktstr.verifier.cell import CellResult
from ktstr.verifier.collapse import collapse
from ktstr.verifier.compare import Change, changes_table
from ktstr.verifier.matrix import Skip
from ktstr.verifier.tables import failing, grid, insns_table, span, summary_line

__all__ = ["Sweep", "as_json", "as_markdown", "as_text", "live_line", "rejection_lines"]

_LOG_LINES = 20
_STATE_LINES = 30
_COSTS = (
    "verifier verified_insns (per scheduler; rows: kernel, cols: BPF program, cell: range across topologies):"
)


@dataclass(frozen=True)
class Sweep:
    """A finished sweep. `changes` is None if nothing was compared; `raw` shows verifier logs as they are."""

    results: tuple[CellResult, ...]
    skipped: tuple[Skip, ...]
    wall_s: float
    changes: tuple[Change, ...] | None = None
    compared: str = ""
    max_growth_pct: float = 10.0
    raw: bool = False

    @property
    def schedulers(self) -> list[str]:
        """The names of what was swept."""
        return sorted({result.cell.scheduler.title for result in self.results})

    @property
    def grown(self) -> list[Change]:
        """The changes beyond the limit."""
        return [
            change
            for change in self.changes or ()
            if change.growth_pct is not None and change.growth_pct > self.max_growth_pct
        ]


def live_line(result: CellResult, position: int, total: int) -> str:
    """`PASS [   2.4s] ( 1/72) verifier/mine/kernel_7_0/tiny-1llc`, and why if it did not pass."""
    word = WORDS[result.outcome]
    number = f"({position:{len(str(total))}}/{total})"
    line = f"{word} [{result.wall_s:{10 - len(word)}.1f}s] {number} {result.cell.name}"
    return f"{line}: {result.message}" if result.message else line


def as_text(sweep: Sweep, columns: int) -> list[str]:
    """The report for a terminal with `columns`: the reasons first, the summary last."""
    lines: list[str] = []
    for result, names in _alike(sweep.results):
        lines += ["", *_failure(result, names, sweep.raw)]
    lines += ["", _COSTS]
    for scheduler in sweep.schedulers:
        lines += ["", f"{scheduler}:"]
        table = insns_table(sweep.results, scheduler)
        if not table[0][1:]:
            lines.append(" no program was loaded")
            continue
        for block in wrapped(table, columns):
            lines += block
        lines += [f" {line}" for line in _sizes(sweep.results, scheduler)]
    if sweep.changes is not None:
        lines += ["", *_comparison(sweep)]
    lines += ["", f"verifier summary: {summary_line(sweep.results)}"]
    for block in wrapped(grid(sweep.results), columns):
        lines += block
    if bad := failing(sweep.results):
        lines += ["", "failing:", *(f" {name}: {why}" for name, why in bad)]
    return [*lines, "", *_skipped(sweep.skipped), _counts(sweep)]


def as_markdown(sweep: Sweep) -> list[str]:
    """The report for a page, such as the summary of a step of GitHub Actions."""
    lines = [f"## verifier summary: {summary_line(sweep.results)}", "", *markdown_table(grid(sweep.results))]
    if bad := failing(sweep.results):
        lines += ["", "### failing", "", *(f"- `{name}`: {_code(why)}" for name, why in bad)]
    if sweep.changes is not None:
        lines += ["", f"### compared with {sweep.compared}", ""]
        table = changes_table(sweep.changes, sweep.max_growth_pct)
        lines += markdown_table(table) if sweep.changes else ["no program's cost changed"]
    lines += ["", "### verified_insns", "", "A row a kernel, a column a program; the range over topologies."]
    for scheduler in sweep.schedulers:
        lines += ["", f"**{scheduler}**", "", *markdown_table(insns_table(sweep.results, scheduler))]
    return [*lines, "", *_skipped(sweep.skipped), _counts(sweep)]


def as_json(sweep: Sweep) -> str:
    """The report as a JSON object; docs/verifier.md describes its fields."""
    data = {
        "schema": 1,
        "cells": [
            {
                "name": result.cell.name,
                "scheduler": result.cell.scheduler.name,
                "variant": result.cell.scheduler.variant or None,
                "kernel": result.cell.kernel.version,
                "preset": result.cell.preset,
                "topology": str(result.cell.topology),
                "outcome": result.outcome,
                "findings": [asdict(finding) for finding in result.findings],
                "programs": [asdict(program) for program in result.programs],
                "map_bytes": result.map_bytes,
                "wall_s": round(result.wall_s, 3),
            }
            for result in sweep.results
        ],
        "skipped": [asdict(skip) for skip in sweep.skipped],
        "changes": None if sweep.changes is None else [asdict(change) for change in sweep.changes],
        "wall_s": round(sweep.wall_s, 3),
    }
    return json.dumps(data, indent=2)


def rejection_lines(rejection: Rejection, *, raw: bool) -> list[str]:
    """What a developer needs from a rejection: program, reason, source line, limit, and the last states."""
    lines = [f"  program  {rejection.program}", f"  reason   {rejection.reason}"]
    if rejection.source:
        lines.append(f"  source   {rejection.source}")
    if rejection.limit:
        lines.append(f"  limit    {rejection.limit}")
    if not rejection.log:
        return lines
    states, explanation = rejection.parts
    shown = list(states)
    title = f"the verifier's log, {len(states)} lines"
    if not raw:
        shown = collapse(shown)
        if len(shown) < len(states):
            title += f", {len(shown)} with loops collapsed"
        if len(shown) > _STATE_LINES:
            title += f"; the last {_STATE_LINES} (--raw shows all)"
            shown = shown[-_STATE_LINES:]
    return [*lines, f"  {title}:", *(f"    {line}".rstrip() for line in (*shown, *explanation))]


def _alike(results: Sequence[CellResult]) -> list[tuple[CellResult, list[str]]]:
    """What did not pass. Cells of a scheduler on one kernel that failed alike are reported once, with their names."""
    groups: dict[tuple[object, ...], list[CellResult]] = {}
    for result in results:
        if result.findings:
            key = (result.cell.scheduler.title, result.cell.kernel_name, result.findings)
            groups.setdefault(key, []).append(result)
    return [(group[0], [result.cell.name for result in group]) for group in groups.values()]


def _failure(result: CellResult, names: Sequence[str], raw: bool) -> list[str]:
    lines = [f"{WORDS[result.outcome]} {names[0]}"]
    if names[1:]:
        lines.append(f"  alike    {', '.join(name.rpartition('/')[2] for name in names[1:])}")
    lines += [f"  {finding.check:8} {finding.message}" for finding in result.findings]
    for rejection in result.rejections:
        lines += ["", *rejection_lines(rejection, raw=raw)]
    if result.rejections or result.outcome == "error":
        return lines
    checks = {finding.check for finding in result.findings}
    for title, text in (
        ("scheduler log", result.log),
        ("kernel log", result.kernel_log),
        ("console", result.console.splitlines() if "guest" in checks else ()),
    ):
        if text and checks != {"max_insns"}:
            lines += [f"  --- {title} ---", *(f"    {line}" for line in text[-_LOG_LINES:])]
    return lines


def _sizes(results: Sequence[CellResult], scheduler: str) -> list[str]:
    lines = []
    own = [result for result in results if result.cell.scheduler.title == scheduler and result.programs]
    for kernel in dict.fromkeys(result.cell.kernel_name for result in own):
        some = [result for result in own if result.cell.kernel_name == kernel]
        xlated = span([sum(program.xlated_bytes for program in result.programs) for result in some])
        jited = span([sum(program.jited_bytes for program in result.programs) for result in some])
        maps = span([result.map_bytes for result in some])
        lines.append(f"{kernel}: {xlated} bytes translated, {jited} JITed, {maps} in maps")
    return lines


def _comparison(sweep: Sweep) -> list[str]:
    if not sweep.changes:
        return [f"compared with {sweep.compared}: no program's cost changed"]
    lines = [f"compared with {sweep.compared}:"]
    rows: Sequence[Row] = changes_table(sweep.changes, sweep.max_growth_pct)
    lines += text_table(rows)
    if sweep.grown:
        lines.append(f" {len(sweep.grown)} grew by more than {sweep.max_growth_pct:g}%")
    return lines


def _skipped(skipped: Sequence[Skip]) -> list[str]:
    """What was left out, one line per reason."""
    reasons: dict[str, list[str]] = {}
    for skip in skipped:
        reasons.setdefault(skip.reason, []).append(skip.what)
    return [
        f"skipped {len(names)}: {', '.join(names[:4])}{', ...' if names[4:] else ''}: {reason}"
        for reason, names in reasons.items()
    ]


def _counts(sweep: Sweep) -> str:
    outcomes = [result.outcome for result in sweep.results]
    cells = "1 cell" if len(outcomes) == 1 else f"{len(outcomes)} cells"
    parts = [f"{cells}: {outcomes.count('passed')} passed"]
    if count := outcomes.count("failed"):
        parts.append(f"{count} failed")
    if count := outcomes.count("error"):
        parts.append(f"{count} could not be run")
    if count := sum(result.start == "remembered" for result in sweep.results):
        parts.append(f"{count} remembered")
    if sweep.skipped:
        parts.append(f"{len(sweep.skipped)} skipped")
    pace = 60 * len(outcomes) / sweep.wall_s if sweep.wall_s else 0.0
    return f"{', '.join(parts)} in {sweep.wall_s:.1f}s ({pace:.1f} cells a minute)"


def _code(text: str) -> str:
    return f"`{text}`" if "`" not in text else text
