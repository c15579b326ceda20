"""The seam for running: an executor takes jobs and gives results. Whoever runs something is given one.

The executor decides what the guests get, because it knows where they run: which accelerator and so which clock, what
is too much for it. This machine's is `LocalExecutor`; unit tests have one with recorded results.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ktstr.base.cancel import Cancel
from ktstr.base.topology import Topology
from ktstr.vm.job import DEFAULT_OPTIONS, RunOptions, VmJob
from ktstr.vm.result import VmResult

if TYPE_CHECKING:
    from ktstr.vm.host import Accel

__all__ = ["Executor", "Talk"]

Talk = Callable[[socket.socket], None]
"""Talks to a guest through its channel; returns when the guest has no more to say, or has ended."""


class Executor(Protocol):
    """Runs jobs. Every method may be called from several threads at once."""

    @property
    def capacity(self) -> int:
        """How many jobs it can make use of at once; more than that wait for each other."""
        ...

    @property
    def emulator(self) -> str:
        """The version of the machine emulator, as results name it."""
        ...

    def accelerator(self, clock: str, cpus: int | None = None) -> Accel:
        """The accelerator and clock of a guest: `clock` is `real`, `virtual`, or `auto`: real where KVM works.

        A guest with more `cpus` than there are cores is emulated; None is for one that may share cores. Raises
        KtstrError for another word.
        """
        ...

    def refusal(self, topology: Topology, accel: Accel) -> str | None:
        """Why it cannot run a guest with this topology, in one line, or None if it can."""
        ...

    def cpu_turn_ns(self, cpus: int, *, bounded: bool) -> int:
        """With the virtual clock, how long in guest ns one of `cpus` CPUs runs while the others wait."""
        ...

    def in_a_row(self) -> AbstractContextManager[None]:
        """A block in which this thread runs one job after another: what the first had to wait for, such as cores, is
        kept for the next ones."""
        ...

    def run(
        self,
        job: VmJob,
        accel: Accel,
        folder: Path,
        options: RunOptions = DEFAULT_OPTIONS,
        *,
        talk: Talk | None = None,
        cancel: Cancel | None = None,
    ) -> VmResult:
        """Run `job` to its end and return the result; `folder` keeps the run's files.

        `talk` is for a job with a channel. Raises KtstrError if the job cannot be run, and Cancelled within a second
        after `cancel` is cancelled; nothing of the run is then left.

        It blocks: for several jobs call it from as many threads, each with a token of its own if it is to be
        cancelled by itself. Results come in any order.
        """
        ...
