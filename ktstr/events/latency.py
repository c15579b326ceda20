"""Latency: how long each task of the guest waited for a CPU and had one, as the scheduler's tracepoints saw it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

from ktstr.events.distribution import Distribution, distribution, merged

__all__ = ["Latency", "TaskLatency", "read_latency"]

# The kernel's numbers of policies (include/uapi/linux/sched.h).
_POLICIES = {0: "normal", 1: "fifo", 2: "rr", 3: "batch", 5: "idle", 6: "deadline", 7: "ext"}
_CLASSES = {"fifo": "rt", "rr": "rt", "deadline": "deadline", "idle": "idle", "ext": "ext"}


@dataclass(frozen=True)
class TaskLatency:
    """What the scheduler did with one task in one phase, or with several. All times are guest nanoseconds."""

    worker: int | None
    """The worker's number; None if it is no worker."""
    cgroup: str
    """The worker's cgroup; empty if it is no worker."""
    name: str
    """Its name in the kernel; `others` for those that were too many to be counted each by itself."""
    pid: int
    """Its pid; 0 if these are several."""
    kernel: bool
    """Whether it is a thread of the kernel."""
    policy: str
    """Its scheduling policy when it ran last."""
    nice: int
    """Its nice value when it ran last."""
    woken: Distribution
    """From when somebody began to wake it until it ran."""
    waited: Distribution
    """From when it could run until it ran, after it was preempted, too."""
    ran: Distribution
    """From when it got a CPU until it left it: its slices."""
    voluntary: int
    """How often it left a CPU to sleep."""
    involuntary: int
    """How often it left a CPU and could have run on: it was preempted, or yielded."""
    moved_in_llc: int
    """How often it ran on another CPU of the same LLC than before."""
    moved_across_llcs: int
    """How often it ran on another LLC of the same node."""
    moved_across_nodes: int
    """How often it ran on another node."""
    llc_ns: tuple[int, ...]
    """How long it ran on each LLC; from the sixteenth on they are one."""
    waiting_ns: int = 0
    """For how long it had been waiting for a CPU at the end of the phase; 0 if it was not."""
    idle_ns: int = 0
    """For how long it waited, at least, while a CPU that it may use was idle."""
    idle_longest_ns: int = 0
    """The longest time that it waited, at least, while one CPU that it may use was idle."""
    idle_longest_at_ns: int | None = None
    """When that ended, in guest ns since boot; None if it never was."""
    idle_cpu: int | None = None
    """That CPU."""
    woken_idle_longest_ns: int = 0
    """The same of the waits that began with a wakeup."""
    woken_idle_longest_at_ns: int | None = None
    """When that ended, in guest ns since boot; None if it never was."""
    woken_idle_cpu: int | None = None
    """That CPU."""
    any_idle_longest_ns: int = 0
    """Of one wait, the longest time in which one CPU or another was idle; of a task that may use every CPU."""
    any_idle_longest_at_ns: int | None = None
    """When that wait ended, in guest ns since boot; None if there was none."""

    @property
    def longest_wait_ns(self) -> int:
        """The longest time that it waited for a CPU, one that was not over included."""
        return max(self.waited.longest_ns, self.waiting_ns)

    @property
    def moved(self) -> int:
        """How often it ran on another CPU than before."""
        return self.moved_in_llc + self.moved_across_llcs + self.moved_across_nodes


@dataclass(frozen=True)
class Latency:
    """The latency of the tasks of one phase, or of all."""

    tasks: tuple[TaskLatency, ...]
    """The tasks that did something: workers first, in their order, then others, as they were first seen."""
    ext: bool = False
    """Whether a sched_ext scheduler has all tasks of the policies normal, batch and idle."""
    wasted_ns: int = 0
    """The CPU time in which a CPU was idle while a task that may use every CPU waited for one, over all CPUs."""

    def worker(self, index: int) -> TaskLatency | None:
        """That of a worker, by its number; None if nothing was counted of it."""
        return next((one for one in self.tasks if one.worker == index), None)

    def cgroup(self, name: str) -> TaskLatency | None:
        """That of all workers of a cgroup together; None if nothing was counted of them."""
        return together([one for one in self.tasks if one.worker is not None and one.cgroup == name], name)

    def sched_class(self, name: str) -> TaskLatency | None:
        """That of all tasks of a class together: `ext`, `fair`, `idle` (the policy), `rt` or `deadline`; or None."""
        return together([one for one in self.tasks if self.class_of(one) == name], name)

    def class_of(self, task: TaskLatency) -> str:
        """The class of a task: by its policy, and by who has the tasks of that policy."""
        return _CLASSES.get(task.policy, "ext" if self.ext else "fair")


def together(several: Sequence[TaskLatency], name: str) -> TaskLatency | None:
    """The figures of several tasks as those of one that is called `name`; None if there are none."""
    if len(several) < 2:
        return replace(several[0], name=name) if several else None
    idle = max(several, key=lambda one: one.idle_longest_ns)
    woken_idle = max(several, key=lambda one: one.woken_idle_longest_ns)
    any_idle = max(several, key=lambda one: one.any_idle_longest_ns)
    one = several[0]
    same = len({task.pid for task in several}) == 1
    return replace(
        one,
        worker=one.worker if same else None,
        pid=one.pid if same else 0,
        name=name,
        kernel=all(task.kernel for task in several),
        woken=merged(task.woken for task in several),
        waited=merged(task.waited for task in several),
        ran=merged(task.ran for task in several),
        voluntary=sum(task.voluntary for task in several),
        involuntary=sum(task.involuntary for task in several),
        moved_in_llc=sum(task.moved_in_llc for task in several),
        moved_across_llcs=sum(task.moved_across_llcs for task in several),
        moved_across_nodes=sum(task.moved_across_nodes for task in several),
        llc_ns=tuple(map(sum, zip_longest(*(task.llc_ns for task in several), fillvalue=0))),
        waiting_ns=max(task.waiting_ns for task in several),
        idle_ns=sum(task.idle_ns for task in several),
        idle_longest_ns=idle.idle_longest_ns,
        idle_longest_at_ns=idle.idle_longest_at_ns,
        idle_cpu=idle.idle_cpu,
        woken_idle_longest_ns=woken_idle.woken_idle_longest_ns,
        woken_idle_longest_at_ns=woken_idle.woken_idle_longest_at_ns,
        woken_idle_cpu=woken_idle.woken_idle_cpu,
        any_idle_longest_ns=any_idle.any_idle_longest_ns,
        any_idle_longest_at_ns=any_idle.any_idle_longest_at_ns,
    )


def read_latency(events: Sequence[Mapping[str, Any]]) -> Latency | None:
    """The latency in `events`, of several phases together; None if it was not counted."""
    cgroups = {event["index"]: event["cgroup"] for event in events if event.get("ev") == "worker"}
    tasks: dict[object, list[TaskLatency]] = {}
    for event in events:
        if event.get("ev") == "latency":
            task = _task(event, cgroups)
            key = (task.pid, task.name) if task.worker is None else task.worker
            tasks.setdefault(key, []).append(task)
    if not tasks:
        return None
    states = [event for event in events if event.get("ev") == "sched_state"]
    ext = any(one.get("state") == "enabled" and one.get("switch_all") == "1" for one in states)
    wasted_ns = sum(event["ns"] for event in events if event.get("ev") == "wasted")
    return Latency(tuple(_ordered(tasks.values())), ext, wasted_ns)


def _ordered(several: Iterable[list[TaskLatency]]) -> Iterator[TaskLatency]:
    found = [one for tasks in several if (one := together(tasks, tasks[-1].name))]
    yield from sorted((one for one in found if one.worker is not None), key=lambda one: one.worker or 0)
    yield from (one for one in found if one.worker is None)


def _task(event: Mapping[str, Any], cgroups: Mapping[int, str]) -> TaskLatency:
    moved = (*event.get("migrations", ()), 0, 0, 0)
    worker = event.get("index")
    policy = event.get("policy", 0)
    return TaskLatency(
        worker=worker,
        cgroup="" if worker is None else cgroups.get(worker, ""),
        name=event.get("comm", "others"),
        pid=event.get("pid", 0),
        kernel=bool(event.get("kernel", 0)),
        policy=_POLICIES.get(policy, str(policy)),
        nice=event.get("nice", 0),
        woken=_distribution(event, "woken"),
        waited=_distribution(event, "wait"),
        ran=_distribution(event, "run"),
        voluntary=event["voluntary"],
        involuntary=event["involuntary"],
        moved_in_llc=moved[0],
        moved_across_llcs=moved[1],
        moved_across_nodes=moved[2],
        llc_ns=tuple(event.get("llc_ns", ())),
        waiting_ns=event.get("waiting_ns", 0),
        idle_ns=event.get("idle_ns", 0),
        idle_longest_ns=event.get("idle_most_ns", 0),
        idle_longest_at_ns=event.get("idle_most_at_ns"),
        idle_cpu=event.get("idle_most_cpu"),
        woken_idle_longest_ns=event.get("woken_idle_most_ns", 0),
        woken_idle_longest_at_ns=event.get("woken_idle_most_at_ns"),
        woken_idle_cpu=event.get("woken_idle_most_cpu"),
        any_idle_longest_ns=event.get("any_idle_most_ns", 0),
        any_idle_longest_at_ns=event.get("any_idle_most_at_ns"),
    )


def _distribution(event: Mapping[str, Any], key: str) -> Distribution:
    pairs = event.get(key, ())
    counts = dict(zip(pairs[::2], pairs[1::2], strict=False))  # an event that is too long is cut
    return distribution(
        counts, event[f"{key}_ns"], event.get(f"{key}_most_ns", 0), event.get(f"{key}_most_at_ns")
    )
