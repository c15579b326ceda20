"""Where a task waited at the moment of a debug dump, and what its CPUs did meanwhile."""

from __future__ import annotations

from dataclasses import dataclass

from ktstr.base.topology import cpu_list
from ktstr.events.last_events import LastEvents
from ktstr.events.run_queues import CpuQueue, QueuedTask, RunQueues

__all__ = ["Waiting", "longest_wait", "waiting_of"]

_AGENT = 1  # the pid of the guest's init, which asked for the dump


@dataclass(frozen=True)
class Waiting:
    """A task that waited at the moment of a debug dump."""

    task: QueuedTask
    """The task."""
    cpu: int
    """The CPU on whose run queue it was."""
    holder_cpu: int
    """That CPU, or another one that it may use if the agent was on that one."""
    holder: str
    """The task that ran on `holder_cpu`, as `comm[pid]`; empty if the CPU idled."""
    idle: frozenset[int]
    """The CPUs that idled although it might run there."""
    others: tuple[QueuedTask, ...] = ()
    """The tasks that waited in the same queue, those that had waited longest first."""
    last: tuple[LastEvents, ...] = ()
    """What the flight recorder had of the task, and of the one that ran on `holder_cpu`; empty if that is not known."""

    @property
    def where(self) -> str:
        """The queue in which it waited, in words."""
        return _where(self.task.queue, self.cpu)

    @property
    def line(self) -> str:
        """All of that, in one clause."""
        aside = "" if self.task.queue else ","
        what = f"{self.task.comm} was runnable for {self.task.waits_ms} ms {self.where}{aside}"
        if self.idle:
            several = len(self.idle) > 1
            return f"{what} while CPU{'s' * several} {cpu_list(self.idle)}, which it may use, idled"
        return f"{what} while CPU {self.holder_cpu} ran {self.holder}"


def waiting_of(queues: RunQueues, pid: int, cpus: int) -> Waiting | None:
    """Where the task with that pid waited in a guest of `cpus` CPUs; None if it did not wait there."""
    for cpu in queues.cpus:
        for task in cpu.tasks:
            if task.pid == pid and not task.runs:
                busy = {one.cpu for one in queues.cpus if not _is_idle(one)}
                allowed = _allowed(task, cpus)
                usable = (one for one in queues.cpus if one.cpu in allowed and not _has_agent(one))
                holder = next(usable, cpu) if _has_agent(cpu) else cpu
                current = "" if _is_idle(holder) else holder.current
                others = _in_queue_of(queues, task, cpu)
                return Waiting(task, cpu.cpu, holder.cpu, current, frozenset(allowed - busy), others)
    return None


def _in_queue_of(queues: RunQueues, task: QueuedTask, cpu: CpuQueue) -> tuple[QueuedTask, ...]:
    """The other tasks in the queue of `task`. The local DSQ of each CPU is one of its own, and no queue is none."""
    where = _where(task.queue, cpu.cpu)
    together = (
        one
        for other in queues.cpus
        for one in other.tasks
        if task.queue and not one.runs and one.pid != task.pid and _where(one.queue, other.cpu) == where
    )
    return tuple(sorted(together, key=lambda one: -one.waits_ms))


def longest_wait(queues: RunQueues | None) -> str:
    """Which task had waited longest at a debug dump, for how long and where, in one clause; empty if none waited."""
    waiting = [(task, cpu) for cpu in (queues.cpus if queues else ()) for task in cpu.tasks if not task.runs]
    if not waiting:
        return ""
    task, cpu = max(waiting, key=lambda one: one[0].waits_ms)
    return f"{task.comm}[{task.pid}] had waited longest, {task.waits_ms} ms {_where(task.queue, cpu.cpu)}"


def _is_idle(cpu: CpuQueue) -> bool:
    """Whether it would idle if the dump had not been asked for: the agent runs on one of them."""
    return cpu.current_class == "idle" or (_has_agent(cpu) and cpu.nr_running <= 1)


def _has_agent(cpu: CpuQueue) -> bool:
    return cpu.current.endswith(f"[{_AGENT}]")


def _allowed(task: QueuedTask, cpus: int) -> set[int]:
    """The CPUs of the task's mask, which the kernel writes in hexadecimal; none if it is not there."""
    try:
        mask = int(task.fields.get("cpus", "0").replace(",", ""), 16)
    except ValueError:
        return set()
    return {cpu for cpu in range(cpus) if mask >> cpu & 1}


def _where(queue: str, cpu: int) -> str:
    if not queue:
        return f"in no DSQ, enqueued on CPU {cpu}"
    if queue.startswith("0x"):
        return f"on DSQ {int(queue, 16)}"
    if queue == "global":
        return "on the global DSQ"
    number = queue.removeprefix("local").strip() or str(cpu)
    return f"on the local DSQ of CPU {number}" if queue.startswith("local") else f"on the DSQ {queue}"
