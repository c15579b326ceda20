"""`Case`: one test on one kernel, as it ended. All reports are made from cases."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ktstr.kernel.model import Kernel
from ktstr.report.schema import Outcome

__all__ = ["NOT_PASSED", "Case", "Outcome", "Versions"]

NOT_PASSED: Collection[Outcome] = ("failed", "error", "inconclusive")
"""The outcomes of a test that ran, or should have, and did not pass."""


@dataclass(frozen=True)
class Versions:
    """The versions of ktstr and Python, and the project's full `commit` (None: no repository).

    `dirty` says whether the project had changes that are in no commit, `branch` what was checked out (None: not known).
    """

    ktstr: str
    python: str
    commit: str | None
    dirty: bool
    branch: str | None = None


@dataclass(frozen=True)
class Case:
    """One test on one kernel.

    `test` is its name with its own parameters, without the kernel; `nodeid` is pytest's id. `outcome` is `failed` if a
    verdict failed, `error` if the run could not be done, and `inconclusive` if there were too few samples for a
    verdict, which `allowed` says that the test allows. `message` says in one line why it did not pass or was skipped,
    `details` in full. `clock`, `accelerator` and `emulator` are empty if no VM was asked for. `started` is in
    seconds since the epoch, `wall_s` in host seconds with set-up, `guest_s` in guest seconds over all VM runs;
    `perturb` says whether they were perturbed. `runs` are these runs, as the context recorded them. `line` is the line
    of the test's file at which it failed, else its first line; 0 if that is not known. `variant` is the scheduler's, or
    empty.
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
    variant: str = ""
    allowed: bool = False

    @property
    def title(self) -> str:
        """The scheduler's name, and its variant in brackets if it is one: `mine[fifo]`."""
        return f"{self.scheduler}[{self.variant}]" if self.variant else self.scheduler
