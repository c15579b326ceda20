"""The text of a failed run: what a person reads first comes first."""

from __future__ import annotations

from collections.abc import Sequence

from ktstr.checks.judge import Violation
from ktstr.guest.report import GuestReport, WorkerStats
from ktstr.topology import cpu_list

__all__ = ["failure_text", "worker_table"]

_LOG_LINES = 60
_CONSOLE_LINES = 30


def failure_text(header: str, violations: Sequence[Violation], report: GuestReport, console: str) -> str:
    """The whole failure: header, violated checks, then a section for each thing that was recorded."""
    lines = [header, *(f"  {v.check}: {v.message}" for v in violations)]
    if report.workers:
        lines += ["", "--- stats ---", *worker_table(report.workers)]
    for title, text, limit in (
        ("scheduler log", report.log, _LOG_LINES),
        ("kernel log", report.kernel_log, _LOG_LINES),
        ("console", console.splitlines(), _CONSOLE_LINES),
    ):
        if text:
            lines += ["", f"--- {title} ---", *_tail(text, limit)]
    return "\n".join(lines)


def worker_table(workers: Sequence[WorkerStats]) -> list[str]:
    """An aligned table, a row a worker; times in guest milliseconds."""
    head = ("worker", "work", "iterations", "ran ms", "waited %", "max gap ms", "moves", "CPUs", "ext")
    rows = [head]
    for w in workers:
        ext = {True: "yes", False: "no", None: "?"}[w.ext]
        rows.append(
            (
                f"{w.cgroup}/{w.index}",
                w.kind,
                str(w.iterations),
                f"{w.run_ns / 1e6:.1f}",
                f"{w.off_cpu_pct:.1f}",
                f"{w.gap_ns / 1e6:.2f}",
                str(w.migrations),
                cpu_list(frozenset(w.cpus)) or "-",
                ext,
            )
        )
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    left = {0, 1, 7, 8}
    return [
        "  ".join(
            cell.ljust(width) if i in left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _tail(lines: Sequence[str], limit: int) -> list[str]:
    if len(lines) <= limit:
        return list(lines)
    # The reason of a refused load is at the end, what was being loaded at the start.
    head = limit // 4
    left_out = len(lines) - limit
    return [*lines[:head], f"[... {left_out} lines left out ...]", *lines[len(lines) - (limit - head) :]]
