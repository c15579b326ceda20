"""The kernel's debug dump of sched_ext as data: which tasks were runnable on each CPU, and in which queue each waited.

The kernel writes it when it ejects a scheduler, and on SysRq-D (scx_dump_state() in kernel/sched/ext.c). It covers the
CPUs that are not idle and the tasks that belong to sched_ext. This module reads the format of 6.18 and 7.0, and that of
7.3, which adds each task's scheduler.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

__all__ = ["CpuQueue", "QueuedTask", "RunQueues", "read_run_queues"]

# Flags and numbers of the kernel's own queues (enum scx_dsq_id_flags of kernel/sched/ext_internal.h).
_BUILTIN, _LOCAL_ON = 1 << 63, 1 << 62
_BUILTIN_NAMES = {0: "invalid", 1: "global", 2: "local", 3: "bypass"}

_CPU = re.compile(r"CPU (?P<cpu>\d{1,19})\s*: nr_run=(?P<count>\d{1,19}) (?P<fields>.*)")
# "*" marks the running task. A task's name may contain any character.
_TASK = re.compile(
    r" (?P<mark>[* ])(?P<state>\S) (?P<comm>.*)\[(?P<pid>\d{1,19})\](?: \*?\S+)? (?P<since>[+-]\d{1,19})ms"
)
_CURRENT = re.compile(r"\s+curr=(?P<comm>.*)\[(?P<pid>-?\d{1,19})\] class=(?P<class>\S+)")
_FIELD = re.compile(r"(?P<name>[\w/]+)=(?P<value>\S+)")
_FRAME = re.compile(r"\s+(?P<frame>\S+\+0x[0-9a-f]+/0x[0-9a-f]+(?: .*)?)")
_COUNTER = re.compile(r"\s+(?P<name>SCX_EV_\w+):\s+(?P<value>\d{1,19})")


@dataclass(frozen=True)
class QueuedTask:
    """A runnable task."""

    comm: str
    """Its name."""
    pid: int
    """Its pid."""
    runs: bool
    """Whether it was running."""
    waits_ms: int
    """For how long it had been runnable, in guest ms; for a running task, the time since its last wait began."""
    queue: str
    """The queue in which it waited: a DSQ's number, `local` or `global`; empty if it was running or in no queue."""
    fields: Mapping[str, str] = field(default_factory=dict, hash=False)
    """All fields that the kernel reports, under the kernel's names."""
    backtrace: tuple[str, ...] = ()
    """Its kernel stack, innermost frame first."""


@dataclass(frozen=True)
class CpuQueue:
    """A CPU that was not idle."""

    cpu: int
    """Its number."""
    nr_running: int
    """How many tasks were runnable on it, in all scheduling classes."""
    current: str
    """The task that was running, as `comm[pid]`."""
    current_class: str
    """The kernel's name for that task's scheduling class, such as `ext` or `fair`."""
    tasks: tuple[QueuedTask, ...] = ()
    """The runnable tasks that belong to sched_ext."""
    fields: Mapping[str, str] = field(default_factory=dict, hash=False)
    """All other fields that the kernel reports, under the kernel's names."""


@dataclass(frozen=True)
class RunQueues:
    """The run queues at the moment of a debug dump."""

    cpus: tuple[CpuQueue, ...]
    """The CPUs that were not idle, by number."""
    counters: Mapping[str, int] = field(default_factory=dict, hash=False)
    """The kernel's `SCX_EV_*` counters since the scheduler was enabled."""

    @property
    def depths(self) -> Mapping[str, int]:
        """How many tasks waited in each queue, the deepest queue first. The local queue of CPU 3 is `local 3`."""
        counts = Counter(
            f"local {cpu.cpu}" if task.queue == "local" else task.queue
            for cpu in self.cpus
            for task in cpu.tasks
            if task.queue
        )
        return dict(sorted(counts.items(), key=lambda one: (-one[1], one[0])))


def read_run_queues(lines: Sequence[str]) -> RunQueues | None:
    """The run queues in the lines of a debug dump; None if the lines hold no dump."""
    cpus = [_cpu(block) for block in _blocks(lines, _CPU)]
    if not cpus:
        return None
    counted = (match for line in lines if (match := _COUNTER.fullmatch(line)))
    return RunQueues(
        tuple(sorted(cpus, key=lambda one: one.cpu)), {one["name"]: int(one["value"]) for one in counted}
    )


def _blocks(lines: Sequence[str], first: re.Pattern[str]) -> Iterator[Sequence[str]]:
    """The blocks of `lines`, each of which begins with a line that matches `first`."""
    starts = [index for index, line in enumerate(lines) if first.fullmatch(line)]
    for start, end in pairwise([*starts, len(lines)]):
        yield lines[start:end]


def _cpu(lines: Sequence[str]) -> CpuQueue:
    head = _CPU.fullmatch(lines[0])
    assert head is not None, lines[0]
    tasks = [_task(block) for block in _blocks(lines, _TASK)]
    own = lines[1 : next((i for i, line in enumerate(lines) if _TASK.fullmatch(line)), len(lines))]
    current = next((match for line in own if (match := _CURRENT.fullmatch(line))), None)
    fields = _fields([head["fields"], *(line for line in own if not _CURRENT.fullmatch(line))])
    return CpuQueue(
        cpu=int(head["cpu"]),
        nr_running=int(head["count"]),
        current=f"{current['comm']}[{current['pid']}]" if current else "",
        current_class=current["class"].removesuffix("_sched_class") if current else "",
        tasks=tuple(tasks),
        fields=fields,
    )


def _task(lines: Sequence[str]) -> QueuedTask:
    head = _TASK.fullmatch(lines[0])
    assert head is not None, lines[0]
    # Event counters follow the last task. What the scheduler itself dumps about a task lies between the task's lines.
    end = next((i for i, line in enumerate(lines) if line and not line.startswith(" ")), len(lines))
    own = lines[1:end]
    frames = (match["frame"] for line in own if (match := _FRAME.fullmatch(line)))
    fields = _fields([line for line in own if not _FRAME.fullmatch(line)])
    return QueuedTask(
        comm=head["comm"],
        pid=int(head["pid"]),
        runs=head["mark"] == "*",
        waits_ms=-int(head["since"]),
        queue=_queue(fields.get("dsq_id", "")),
        fields={"state": head["state"], **fields},
        backtrace=tuple(frames),
    )


def _fields(lines: Sequence[str]) -> dict[str, str]:
    return {match["name"]: match["value"] for line in lines for match in _FIELD.finditer(line)}


def _queue(dsq_id: str) -> str:
    """The name of a queue, from its number as the kernel writes it."""
    if not re.fullmatch(r"0x[0-9a-f]+", dsq_id):
        return ""
    number = int(dsq_id, 16)
    if not number & _BUILTIN:
        return dsq_id
    if number & _LOCAL_ON:
        return f"local {number & 0xFFFFFFFF}"
    return _BUILTIN_NAMES.get(number & ~_BUILTIN, dsq_id)
