"""`Case`: one test on one kernel, with its outcome. Every report is made from these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ktstr.kernel.model import Kernel
from ktstr.report.schema import Outcome

__all__ = ["Case", "Outcome", "Versions"]


@dataclass(frozen=True)
class Versions:
    """What produced the verdict: ktstr's and Python's versions, and the project's full commit (None: no repository)."""

    ktstr: str
    python: str
    commit: str | None
    dirty: bool


@dataclass(frozen=True)
class Case:
    """One test on one kernel.

    `test` is its name with its own parameters, without the kernel; `nodeid` is pytest's. `outcome` is
    `failed` where a verdict failed and `error` where the run could not be done. `message` is the first line
    of why it did not pass or was skipped, `details` all of it. `clock`, `accelerator` and `emulator` are empty
    where no VM was asked for. `started` is seconds since the epoch, `wall_s` host seconds with set-up,
    `guest_s` guest seconds over all its VM runs, `perturb` whether they were perturbed. `runs` are these as
    the context recorded them. `line` is the line of the test's file at which it failed, else at which it begins,
    and 0 where that is not known.
    """

    nodeid: str
    test: str
    outcome: Outcome
    message: str
    details: str
    kernel: Kernel
    topology: str
    scheduler: str
    sched_args: tuple[str, ...]
    clock: str
    clock_reason: str
    seed: int
    perturb: bool
    accelerator: str
    emulator: str
    started: float
    wall_s: float
    guest_s: float
    runs: Sequence[Mapping[str, Any]]
    line: int = 0
