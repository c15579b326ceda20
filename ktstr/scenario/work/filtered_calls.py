"""The work type `filtered_calls`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.scenario.argument import Whole
from ktstr.scenario.work_type import WorkType

__all__ = ["FilteredCalls"]


@dataclass(frozen=True)
class FilteredCalls(WorkType):
    """Makes system calls through a seccomp filter of `instructions` BPF instructions, which allows them all.

    The kernel runs such a filter with migration disabled: a worker that is preempted meanwhile may run on no other
    CPU than its own (`cpus_ptr`), whatever its affinity is (`cpus_mask`). Containers run every system call like that.
    """

    name = "filtered_calls"
    instructions: Annotated[int, Whole(2, 4096)] = 4096
