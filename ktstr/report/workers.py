"""The workers' table of a failure text."""

from __future__ import annotations

from collections.abc import Sequence

from ktstr.base.topology import cpu_list
from ktstr.events.worker import WorkerStats
from ktstr.report.text import aligned

__all__ = ["worker_table"]


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
    return aligned(rows, right=range(2, 7))
