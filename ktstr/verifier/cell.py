"""A cell of the sweep: one scheduler, or BPF object, on one kernel and one topology, and its result."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ktstr.base.topology import Topology
from ktstr.declare.scheduler import Scheduler
from ktstr.events.rejection import Rejection
from ktstr.kernel.model import Kernel
from ktstr.report.text import first_line

__all__ = ["Cell", "CellResult", "Finding", "Outcome", "Program"]

Outcome = Literal["passed", "failed", "error"]
"""How a cell ended: verified, rejected by the verifier, or could not be run."""


@dataclass(frozen=True)
class Cell:
    """`kernel_id` names the kernel, `preset` the topology, by its preset or by itself.

    `object` is the BPF object, if one is swept; then the scheduler is only a name for it.
    """

    scheduler: Scheduler
    kernel_id: str
    kernel: Kernel
    preset: str
    topology: Topology
    object: Path | None = None

    @property
    def kernel_name(self) -> str:
        """`kernel_7_0`."""
        return f"kernel_{re.sub(r'[^A-Za-z0-9]', '_', self.kernel_id)}"

    @property
    def name(self) -> str:
        """`verifier/mine/kernel_7_0/tiny-1llc`, or `verifier/mine[fifo]/...`: the same for the same options."""
        return f"verifier/{self.scheduler.title}/{self.kernel_name}/{self.preset}"


@dataclass(frozen=True)
class Program:
    """A loaded BPF program: its full name, and its costs.

    `fdinfo_insns` is `verified_insns` as /proc shows it. `map_bytes` is the memory of the maps that it uses; programs
    of a scheduler share maps.
    """

    name: str
    type: str
    tag: str
    verified_insns: int
    fdinfo_insns: int
    xlated_bytes: int
    jited_bytes: int
    map_bytes: int


@dataclass(frozen=True)
class Finding:
    """A check that a cell did not pass: load, attach, schedule, stay, leave, kernel, max_insns or guest."""

    check: str
    message: str


@dataclass(frozen=True)
class CellResult:
    """`findings` are in the order of the checks; none: passed. An `error` could not be run, and is no verdict.

    `map_bytes` is the memory of all maps, `started` seconds since the epoch, `start` where the result
    comes from (`VmResult.start`), `record` the JSON-able run.
    """

    cell: Cell
    outcome: Outcome
    findings: tuple[Finding, ...]
    programs: tuple[Program, ...] = ()
    map_bytes: int = 0
    rejections: tuple[Rejection, ...] = ()
    log: tuple[str, ...] = ()
    kernel_log: tuple[str, ...] = ()
    console: str = ""
    started: float = 0.0
    wall_s: float = 0.0
    guest_s: float = 0.0
    accelerator: str = ""
    clock: str = ""
    clock_reason: str = ""
    emulator: str = ""
    start: str = ""
    record: Mapping[str, Any] | None = None

    @property
    def insns(self) -> dict[str, int]:
        """Verified instructions by program."""
        return {program.name: program.verified_insns for program in self.programs}

    @property
    def message(self) -> str:
        """Why it did not pass, in one line; empty if it did."""
        if not self.findings:
            return ""
        more = f" (and {len(self.findings) - 1} more)" if len(self.findings) > 1 else ""
        return f"{self.findings[0].check}: {first_line(self.findings[0].message)}{more}"
