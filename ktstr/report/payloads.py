"""The payloads of a run as its failure text shows them: how each ended, its numbers, and the end of what it printed."""

from __future__ import annotations

from collections.abc import Sequence

from ktstr.events.metrics import MetricValue
from ktstr.events.payload import PayloadRun
from ktstr.report.text import aligned, printable

__all__ = ["metric_table", "output_lines", "payload_table"]

_LINES = 20
_LONGEST = 500


def payload_table(payloads: Sequence[PayloadRun]) -> list[str]:
    """An aligned table, a row a payload; times in guest milliseconds. Empty without payloads."""
    if not payloads:
        return []
    rows = [("payload", "cgroup", "took ms", "CPU ms", "end")]
    for one in payloads:
        took = "-" if one.took_ns is None else f"{one.took_ns / 1e6:.1f}"
        why = {"told": " (by the scenario)", "timeout": " (its time was over)"}.get(one.how, "")
        rows.append((one.name, one.cgroup or "-", took, f"{one.cpu_ns / 1e6:.1f}", f"{one.end}{why}"))
    return aligned(rows, right=(2, 3))


def metric_table(metrics: Sequence[MetricValue]) -> list[str]:
    """An aligned table, a row a metric. Empty without metrics."""
    if not metrics:
        return []
    rows = [("step", "payload", "metric", "value", "unit", "better", "")]
    for one in metrics:
        value = "none" if one.value is None else f"{one.value:.6g}"
        rows.append((one.phase, one.payload, one.name, value, one.unit, one.better, one.why))
    if not any(one.phase for one in metrics):
        return aligned([row[1:] for row in rows], right=(2,))
    return aligned(rows, right=(3,))


def output_lines(payloads: Sequence[PayloadRun]) -> list[str]:
    """The last lines that each payload printed."""
    lines: list[str] = []
    for one in payloads:
        for stream, text, size in (
            ("stdout", one.stdout, one.stdout_bytes),
            ("stderr", one.stderr, one.stderr_bytes),
        ):
            if not text.strip():
                continue
            several = printable(text[-_LINES * _LONGEST :]).rstrip("\n").split("\n")[-_LINES:]
            lines.append(f"{one.name}, {stream}, {size} bytes:")
            lines += [f"  {line[:_LONGEST]}" for line in several]
    return lines
