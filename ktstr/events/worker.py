"""What a worker did while it ran."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from ktstr.events.event import Event

__all__ = ["WorkerStats", "read_worker", "summed"]


@dataclass(frozen=True)
class WorkerStats:
    """A worker over one phase, or over all. All times are guest nanoseconds."""

    index: int
    """The worker's number in its scenario, from 0."""
    cgroup: str
    """The name of its cgroup."""
    kind: str
    """Its work type, such as `spin_wait`."""
    wall_ns: int
    """The time since the workers were released."""
    run_ns: int
    """The time on a CPU, as /proc/PID/schedstat counts it; 0 if the worker died."""
    wait_ns: int
    """The time on a run queue, as /proc/PID/schedstat counts it; 0 if the worker died."""
    slept_ns: int
    """The time it asked to sleep."""
    gap_ns: int
    """The longest time that it wanted to run and did not."""
    iterations: int
    """The chunks of work that it did."""
    migrations: int
    """How often a chunk ended on another CPU than the chunk before."""
    gaps: tuple[int, ...]
    """A histogram: `gaps[i]` is the number of gaps of 2**i to 2**(i+1) ns."""
    cpus: tuple[int, ...]
    """The CPUs on which its chunks ended."""
    ext: bool | None
    """Whether it was in sched_ext's scheduling class at the end; None if the kernel does not report it."""
    died: int | None
    """Its wait status, as waitpid(2) returns it, if it ended by itself; else None."""
    gap_at_ns: int | None = None
    """When the longest gap ended, or was looked at, in guest ns since boot; None if there was none."""
    stopped_ns: int = 0
    """The time for which the scenario kept it from running."""
    ended: bool = False
    """Whether the scenario ended it in this time."""
    counted: int = 0
    """How often it did what its work type counts beside iterations; 0 if the type counts nothing."""

    @property
    def off_cpu_pct(self) -> float:
        """The share of its time, in percent, in which it wanted a CPU and had none.

        The time that it asked to sleep does not count; the time that it overslept does. Neither does the time for
        which the scenario kept it from running.
        """
        if self.wall_ns <= 0:
            return 0.0
        return max(0.0, 100.0 * (self.wanted_ns - self.run_ns) / self.wall_ns)

    @property
    def wanted_ns(self) -> int:
        """For how long it wanted to run: it neither slept nor was kept from running by the scenario."""
        return self.wall_ns - self.slept_ns - self.stopped_ns


def read_worker(event: Event) -> WorkerStats:
    """The statistics in a `worker` event."""
    ext = event.get("ext", -1)
    return WorkerStats(
        index=event["index"],
        cgroup=event["cgroup"],
        kind=event["kind"],
        wall_ns=event["wall_ns"],
        run_ns=event.get("run_ns", 0),
        wait_ns=event.get("wait_ns", 0),
        slept_ns=event["slept_ns"],
        gap_ns=event["gap_ns"],
        iterations=event["iterations"],
        migrations=event["migrations"],
        gaps=tuple(event.get("gaps", ())),
        cpus=tuple(int(cpu) for cpu in event["cpus"].split(",") if cpu),
        ext=None if ext < 0 else bool(ext),
        died=event.get("wait_status"),
        gap_at_ns=event.get("gap_at_ns"),
        stopped_ns=event.get("stopped_ns", 0),
        ended=bool(event.get("ended", 0)),
        counted=event.get("counted", 0),
    )


def summed(several: Sequence[WorkerStats]) -> WorkerStats:
    """One worker's statistics of several phases, which follow each other, as those of one time."""
    last, longest = several[-1], max(several, key=lambda one: one.gap_ns)
    return replace(
        last,
        wall_ns=sum(one.wall_ns for one in several),
        run_ns=sum(one.run_ns for one in several),
        wait_ns=sum(one.wait_ns for one in several),
        slept_ns=sum(one.slept_ns for one in several),
        stopped_ns=sum(one.stopped_ns for one in several),
        gap_ns=longest.gap_ns,
        gap_at_ns=longest.gap_at_ns,
        iterations=sum(one.iterations for one in several),
        counted=sum(one.counted for one in several),
        migrations=sum(one.migrations for one in several),
        gaps=tuple(map(sum, zip_longest(*(one.gaps for one in several), fillvalue=0))),
        cpus=tuple(sorted({cpu for one in several for cpu in one.cpus})),
    )
