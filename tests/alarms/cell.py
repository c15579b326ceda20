"""A cell of the matrix: a scheduler, a canned scenario, a topology and a kernel; and what its run violated."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from unjudged import Unjudged

from ktstr import Ctx, RunReport, Topology, scenarios
from ktstr.events.latency import Latency

__all__ = ["CELLS", "TOPOLOGIES", "Cell", "Record", "records", "run_cell"]

TOPOLOGIES = ("1n2l4c1t", "1n2l2c2t", "2n4l4c1t")
"""Where each is run."""

CELLS = Path(__file__).parents[2] / "target" / "alarms" / "cells"
"""Where each cell leaves its record."""


@dataclass(frozen=True)
class Cell:
    """What is run, and where."""

    scheduler: str
    scenario: str
    topology: str
    kernel: str
    """Its version."""


@dataclass(frozen=True)
class Record:
    """What the run of a cell showed."""

    cell: Cell
    violations: tuple[tuple[str, str], ...]
    """Of each violation the check and the message, the ones that explain most first."""
    wasted_pct: float
    """For how many percent of the CPU time CPUs were idle while tasks waited that may use all of them."""
    idle_wait_ms: float
    """The longest that a worker waited at a time while a CPU that it may use was idle, in guest ms."""
    wait_ms: float
    """The longest that a worker waited for a CPU at a time, in guest ms."""


def run_cell(ctx: Ctx, scheduler: str, scenario: str) -> Record:
    """Run a canned scenario on the test's scheduler; the record is written, too."""
    report: RunReport = getattr(scenarios, scenario)(Unjudged(ctx))
    cell = Cell(scheduler, scenario, str(ctx.topology), ctx.kernel.version)
    found = tuple((one.check, one.line) for one in report.violations)
    record = Record(cell, found, *_figures(report, ctx.topology))
    CELLS.mkdir(parents=True, exist_ok=True)
    name = "-".join((cell.kernel, scheduler, scenario, cell.topology))
    (CELLS / f"{name}.json").write_text(json.dumps(asdict(record)))
    return record


def records() -> list[Record]:
    """The records of all cells that have left one."""
    read = [json.loads(file.read_text()) for file in sorted(CELLS.glob("*.json"))]
    return [
        Record(
            **{
                **one,
                "cell": Cell(**one["cell"]),
                "violations": tuple((check, line) for check, line in one["violations"]),
            }
        )
        for one in read
    ]


def _figures(report: RunReport, topology: Topology) -> tuple[float, float, float]:
    latency = report.latency or Latency(())
    had_ns = sum(phase.held_ns for phase in report.phases) * topology.cpus
    workers = [
        task for task in latency.tasks if task.worker is not None and task.policy not in ("fifo", "rr")
    ]
    idle_ns = max((max(one.idle_longest_ns, one.any_idle_longest_ns) for one in workers), default=0)
    wait_ns = max((one.longest_wait_ns for one in workers), default=0)
    return 100 * latency.wasted_ns / had_ns if had_ns else 0.0, idle_ns / 1e6, wait_ns / 1e6
