"""What the agent reported, as data: the events of a finished guest, read once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ktstr.base.topology import parse_cpu_list
from ktstr.events.exit import SchedulerExit, read_exit
from ktstr.events.flight import FlightEvent, parse_flight
from ktstr.events.kernel_log import KernelBug, console_messages, read_bugs

__all__ = [
    "GuestCpu",
    "GuestReport",
    "MapWrite",
    "Needed",
    "Perturbed",
    "RefusedWrite",
    "SchedulerState",
    "Switches",
    "WorkerStats",
    "read_report",
]

Event = dict[str, Any]


@dataclass(frozen=True)
class WorkerStats:
    """A worker over one hold, in guest nanoseconds.

    `run_ns` is time on a CPU as the kernel counts it, `slept_ns` what it asked to sleep, `gap_ns` the longest
    time it wanted to run and did not; `gaps[i]` counts the gaps of 2**i to 2**(i+1) ns. `ext` says whether
    sched_ext had it at the end (None: the kernel did not tell). `died` is the wait status of one that ended by
    itself.
    """

    index: int
    cgroup: str
    kind: str
    wall_ns: int
    run_ns: int
    wait_ns: int
    slept_ns: int
    gap_ns: int
    iterations: int
    migrations: int
    gaps: tuple[int, ...]
    cpus: tuple[int, ...]
    ext: bool | None
    died: int | None

    @property
    def off_cpu_pct(self) -> float:
        """The share of its time, in percent, that it wanted a CPU and had none.

        What it asked to sleep is not counted against the scheduler; the time it overslept is.
        """
        if self.wall_ns <= 0:
            return 0.0
        return max(0.0, 100.0 * (self.wall_ns - self.run_ns - self.slept_ns) / self.wall_ns)


@dataclass(frozen=True)
class GuestCpu:
    """A CPU as the guest's own sysfs shows it: the CPUs that share its core and its LLC, and its NUMA node."""

    cpu: int
    threads: frozenset[int]
    llc: frozenset[int]
    node: int


@dataclass(frozen=True)
class Perturbed:
    """A perturbation as it was: where, when it was to begin and did (ns from the start of the hold; None: never), for
    how long, what it took the CPU from, and how long that had had it (empty and 0 where that was not recorded)."""

    cpu: int
    at_ns: int
    ns: int
    began_ns: int | None
    comm: str
    pid: int
    ran_ns: int


@dataclass(frozen=True)
class Needed:
    """The few perturbations, out of `tried`, with which a run still fails; `moved`: it is one, moved to hit the same
    point of a task's turn without the others."""

    perturbed: tuple[Perturbed, ...]
    tried: int
    moved: bool = False


@dataclass(frozen=True)
class Switches:
    """The context switches of a hold: how many were recorded, how often some were lost, a hash of their order."""

    count: int
    lost: int
    order: str


@dataclass(frozen=True)
class MapWrite:
    """A write to a scheduler's global as it was made: when, in guest ns since boot, and what was there before."""

    map: str
    variable: str
    value: int
    was: int
    bytes: int
    at_ns: int


@dataclass(frozen=True)
class RefusedWrite:
    """A write that could not be made: why, and if a name was wrong, that one and those that there are in its place."""

    map: str
    variable: str
    value: int
    why: str
    wanted: str
    known: tuple[str, ...]


@dataclass(frozen=True)
class SchedulerState:
    """What /sys/kernel/sched_ext said at one moment (`attached`, `held`, `stopped`, `default`).

    `switch_all` is None where the kernel does not tell.
    """

    when: str
    state: str
    ops: str
    enable_seq: int
    running: bool
    switch_all: bool | None = None
    nr_rejected: int = 0


@dataclass(frozen=True)
class GuestReport:
    """A guest's events in order of kind. `exit` is how the scheduler's program ended, `{"status": n}` or
    `{"signal": n}`, `scheduler_exit` how the scheduler did before it was asked to; `watchdog_ms` is the kernel's for
    it, where it was set from outside; `guest_ns` is the time from the plan's begin to the last event; `flight` is what
    the flight recorder had, CPU by CPU."""

    release: str
    clocksource: str
    cpus: tuple[GuestCpu, ...]
    held_ns: int
    asked_ns: int
    workers: tuple[WorkerStats, ...]
    states: tuple[SchedulerState, ...]
    exit: dict[str, int] | None
    log: tuple[str, ...]
    kernel_log: tuple[str, ...]
    guest_ns: int
    perturbed: tuple[Perturbed, ...]
    switches: Switches | None
    scheduler_exit: SchedulerExit | None = None
    kernel_bugs: tuple[KernelBug, ...] = ()
    writes: tuple[MapWrite, ...] = ()
    refused_write: RefusedWrite | None = None
    flight: tuple[FlightEvent, ...] = ()
    watchdog_ms: int | None = None

    def state(self, when: str) -> SchedulerState | None:
        """The state at `when`, or None where the guest did not get there."""
        return next((state for state in self.states if state.when == when), None)

    def as_json(self) -> dict[str, Any]:
        """The report as JSON-able data, for a sidecar; the CPUs are the declared topology's, so they are left out."""
        data = asdict(self)
        del data["cpus"]
        return data


def read_report(events: Sequence[Event], console: str = "") -> GuestReport:
    """The report of a guest's events; fields of what never happened are empty or zero.

    The kernel's log is that of the `console` where the guest did not come to tell it.
    """

    def of(kind: str) -> list[Event]:
        return [event for event in events if event.get("ev") == kind]

    boot = next(iter(of("boot")), {})
    begin = next(iter(of("begin")), {})
    hold = next(iter(of("hold")), {})
    left = next(iter(of("sched_exit")), None)
    switches = next(iter(of("switches")), None)
    messages = (
        [(event["at_ns"], event["text"]) for event in of("kmsg")]
        if of("kmsg") or of("end")
        else console_messages(console, begin.get("t", 0))
    )
    return GuestReport(
        release=boot.get("release", ""),
        clocksource=boot.get("clocksource", ""),
        cpus=_cpus(of("cpu"), of("node")),
        held_ns=hold.get("held_ns", 0),
        asked_ns=hold.get("asked_ns", 0),
        workers=tuple(_worker(event) for event in of("worker")),
        states=tuple(_state(event) for event in of("sched_state")),
        exit=None if left is None else {key: left[key] for key in ("status", "signal") if key in left},
        log=tuple(event["text"] for event in of("sched_log")),
        kernel_log=tuple(f"[{at_ns / 1e9:12.6f}] {text}" for at_ns, text in messages),
        guest_ns=max((event.get("t", 0) for event in events), default=0) - begin.get("t", 0),
        perturbed=tuple(_perturbed(event) for event in of("perturbed")),
        switches=None
        if switches is None
        else Switches(switches["count"], switches["lost"], switches["order"]),
        scheduler_exit=read_exit(events),
        kernel_bugs=read_bugs(messages),
        writes=tuple(
            MapWrite(
                event["map"],
                event["variable"],
                int(event["value"]),
                event["was"],
                event["bytes"],
                event["t"],
            )
            for event in of("write")
        ),
        refused_write=_refused(of("write_refused"), of("write_known")),
        flight=tuple(one for event in of("flight") if (one := parse_flight(event["text"]))),
        watchdog_ms=next((event["ms"] for event in of("watchdog")), None),
    )


def _cpus(cpus: list[Event], nodes: list[Event]) -> tuple[GuestCpu, ...]:
    members = {cpu: event["node"] for event in nodes for cpu in parse_cpu_list(event["cpus"])}
    return tuple(
        GuestCpu(
            event["cpu"],
            parse_cpu_list(event["threads"]),
            parse_cpu_list(event["llc"]),
            members.get(event["cpu"], 0),
        )
        for event in cpus
    )


def _worker(event: Event) -> WorkerStats:
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
    )


def _perturbed(event: Event) -> Perturbed:
    return Perturbed(
        cpu=event["cpu"],
        at_ns=event["at_ns"],
        ns=event["ns"],
        began_ns=event.get("began_ns"),
        comm=event.get("comm", ""),
        pid=event.get("pid", 0),
        ran_ns=event.get("ran_ns", 0),
    )


def _refused(refused: list[Event], known: list[Event]) -> RefusedWrite | None:
    for event in refused:
        names = tuple(one["name"] for one in known)
        return RefusedWrite(
            event["map"], event["variable"], int(event["value"]), event["why"], event["wanted"], names
        )
    return None


def _state(event: Event) -> SchedulerState:
    return SchedulerState(
        when=event["when"],
        state=event.get("state", ""),
        ops=event.get("ops", ""),
        enable_seq=int(event.get("enable_seq") or 0),
        running=bool(event["running"]),
        switch_all=event["switch_all"] == "1" if event.get("switch_all") else None,
        nr_rejected=int(event.get("nr_rejected") or 0),
    )
