"""What the agent reported, as data: the events of a finished guest, read once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from ktstr.base.topology import parse_cpu_list
from ktstr.events.event import Event
from ktstr.events.exit import SchedulerExit, read_exit
from ktstr.events.flight import FlightEvent, parse_flight
from ktstr.events.kernel_log import KernelBug, console_messages, read_bugs
from ktstr.events.latency_groups import GroupLatency, drop_histograms, groups_of
from ktstr.events.monitor import Samples, read_samples
from ktstr.events.payload import PayloadRun, all_payloads
from ktstr.events.phase import OperationDone, Phase, all_workers, read_operations, read_phases
from ktstr.events.readings import (
    FileRead,
    GlobalRead,
    ProgramRun,
    RefusedReading,
    read_files,
    read_globals,
    read_program_runs,
    read_refused,
)
from ktstr.events.schedulers import (
    RefusedAttach,
    SchedulerRun,
    program_end_of,
    read_refused_attaches,
    read_schedulers,
)
from ktstr.events.state import SchedulerState, read_state
from ktstr.events.worker import WorkerStats

__all__ = [
    "GuestCpu",
    "GuestNode",
    "GuestReport",
    "MapWrite",
    "Needed",
    "Perturbed",
    "RefusedWrite",
    "Switches",
    "WorkerStats",
    "read_report",
]


@dataclass(frozen=True)
class GuestCpu:
    """A CPU as the guest's own sysfs shows it."""

    cpu: int
    """Its number."""
    threads: frozenset[int]
    """The CPUs of its core, itself included."""
    llc: frozenset[int]
    """The CPUs that share its LLC, itself included."""
    node: int
    """The number of its NUMA node."""
    die: frozenset[int] = frozenset()
    """The CPUs of its die, itself included."""
    package: frozenset[int] = frozenset()
    """The CPUs of its package, itself included."""
    online: bool = True
    """Whether it was online when the guest had booted. Of one that was not, the rest is not known."""


@dataclass(frozen=True)
class GuestNode:
    """A NUMA node as the guest's own sysfs shows it."""

    node: int
    """Its number."""
    cpus: frozenset[int]
    """Its CPUs; empty if it has memory only."""
    distances: tuple[int, ...]
    """The distance to each node, itself included."""
    memory_mb: float
    """MiB that the kernel manages: the node's memory without what the kernel took while it booted."""


@dataclass(frozen=True)
class Perturbed:
    """A perturbation as it happened: a real-time task that took a CPU for a while. Times are guest ns."""

    cpu: int
    """The CPU on which it ran."""
    at_ns: int
    """When it was to begin, from the start of the first hold."""
    ns: int
    """For how long it was to run."""
    began_ns: int | None
    """When it began, from the start of the first hold; None if it never did."""
    comm: str
    """The name of the task that it preempted; empty if that was not recorded."""
    pid: int
    """The pid of the task that it preempted; 0 if that was not recorded."""
    ran_ns: int
    """How long that task had had the CPU; 0 if that was not recorded."""


@dataclass(frozen=True)
class Needed:
    """The perturbations that a failure needs, after the others have been removed."""

    perturbed: tuple[Perturbed, ...]
    """The ones with which the run still fails."""
    tried: int
    """How many the run had to begin with."""
    moved: bool = False
    """Whether the only one left was moved, so that it hits the same point of a task's turn without the others."""
    unfinished: str = ""
    """Why fewer may be enough, in words: the time for shrinking was up. Empty if it was not."""


@dataclass(frozen=True)
class Switches:
    """The context switches of a hold."""

    count: int
    """How many were recorded."""
    lost: int
    """How often some were lost, because the kernel overwrote a page of its ring."""
    order: str
    """A hash of their order: the CPU of each, and the tasks before and after it."""


@dataclass(frozen=True)
class MapWrite:
    """A write to a global of the scheduler, as it was made."""

    map: str
    """The map, such as `.bss`."""
    variable: str
    """The path of the variable in it, as written in C."""
    value: int
    """The value that was written."""
    was: int
    """The value before."""
    bytes: int
    """The variable's size in bytes."""
    at_ns: int
    """When, in guest ns since boot."""


@dataclass(frozen=True)
class RefusedWrite:
    """A write to a global of the scheduler that could not be made."""

    map: str
    """The map, as requested."""
    variable: str
    """The variable, as requested."""
    value: int
    """The value, as requested."""
    why: str
    """The reason."""
    wanted: str
    """The name that does not exist, if that is the reason; else empty."""
    known: tuple[str, ...]
    """The names that exist in its place."""


@dataclass(frozen=True)
class GuestReport:
    """The events of one guest, sorted by kind. What never happened is empty, zero or None."""

    release: str
    """The kernel's release, as uname(2) returns it."""
    clocksource: str
    """The guest's clocksource, such as `kvm-clock`."""
    cpus: tuple[GuestCpu, ...]
    """The CPUs as the guest sees them."""
    held_ns: int
    """How long the holds took, in guest ns: less than `asked_ns` if the scheduler left."""
    asked_ns: int
    """How long the holds that began were to take, in guest ns."""
    workers: tuple[WorkerStats, ...]
    """The workers over all phases."""
    states: tuple[SchedulerState, ...]
    """The states of sched_ext, in the order in which they were read."""
    exit: dict[str, int] | None
    """How the scheduler's program ended: `{"status": n}` or `{"signal": n}`; the last one's, if there were several."""
    log: tuple[str, ...]
    """The lines that the scheduler's program printed."""
    kernel_log: tuple[str, ...]
    """The kernel's messages since the plan began."""
    guest_ns: int
    """The time from the start of the plan to the last event, in guest ns."""
    perturbed: tuple[Perturbed, ...]
    """The perturbations that were to run."""
    switches: Switches | None
    """The context switches, if the hold was traced."""
    scheduler_exit: SchedulerExit | None = None
    """How the scheduler ended, if it ended before it was asked to."""
    kernel_bugs: tuple[KernelBug, ...] = ()
    """The warnings, oopses, stalls and panics of the kernel."""
    writes: tuple[MapWrite, ...] = ()
    """The writes to globals of the scheduler that were made."""
    refused_write: RefusedWrite | None = None
    """The first write that could not be made."""
    flight: tuple[FlightEvent, ...] = ()
    """What the flight recorder held when the scheduler left: CPU by CPU, the oldest event first."""
    watchdog_ms: int | None = None
    """The kernel's watchdog timeout for the scheduler, in ms, if the test set it."""
    phases: tuple[Phase, ...] = ()
    """The phases that the guest came to, in order; a scenario without steps has one."""
    told_to_end: bool = False
    """Whether that program ended only after ktstr had sent it a signal."""
    schedulers: tuple[SchedulerRun, ...] = ()
    """The schedulers, in the order in which they were started: several if the scenario detaches or replaces one."""
    refused_attaches: tuple[RefusedAttach, ...] = ()
    """The schedulers that were started while another one was attached."""
    backdrop: tuple[OperationDone, ...] = ()
    """The operations before the first step; empty for a scenario without steps whose hold began: its phase has them."""
    nodes: tuple[GuestNode, ...] = ()
    """The NUMA nodes as the guest sees them."""
    globals_read: tuple[GlobalRead, ...] = ()
    """The globals of the scheduler that `ReadGlobals` read, in order."""
    refused_reading: RefusedReading | None = None
    """The first global that could not be read, or program that could not be run."""
    files: tuple[FileRead, ...] = ()
    """The files that `ReadFile` read, in order."""
    program_runs: tuple[ProgramRun, ...] = ()
    """The programs that `RunProgram` ran, in order."""
    left_cpus: str = ""
    """Which CPUs were online at the end, in the kernel's notation, if they are others than at the beginning."""
    monitor: Samples | None = None
    """What was sampled during the holds; None if the run had no monitor."""
    latency_groups: tuple[GroupLatency, ...] = ()
    """The histograms of latency by cgroup and class, all phases together; empty if latency was not counted."""

    def state(self, when: str) -> SchedulerState | None:
        """The state at `when`, or None if the guest did not get there. Of the ends of several holds it is the last."""
        some = [state for state in self.states if state.when == when]
        return (some[-1] if when == "held" else some[0]) if some else None

    @property
    def payloads(self) -> tuple[PayloadRun, ...]:
        """Each payload over all phases, in the order of their starts."""
        return all_payloads([phase.payloads for phase in self.phases])

    @property
    def operations(self) -> tuple[OperationDone, ...]:
        """All operations, in the order in which they were done."""
        return (*self.backdrop, *(one for phase in self.phases for one in phase.operations))

    def as_json(self) -> dict[str, Any]:
        """The report as JSON-able data, for a sidecar, without CPUs and nodes, which the declared topology has, and
        without the histograms of each task."""
        data: dict[str, Any] = msgspec.to_builtins(self)  # dataclasses.asdict takes ten times as long
        del data["cpus"], data["nodes"]
        drop_histograms(phase["latency"] for phase in data["phases"] if phase["latency"])
        return data


def read_report(events: Sequence[Event], console: str = "") -> GuestReport:
    """The report of a guest's events.

    If the guest ended before it could send the kernel's log, that log is read from `console`.
    """

    def of(kind: str) -> list[Event]:
        return [event for event in events if event.get("ev") == kind]

    def first(kind: str) -> Event:
        return next(iter(of(kind)), {})

    begin, phases, schedulers = first("begin"), read_phases(events), read_schedulers(events)
    messages = (
        [(event["at_ns"], event["text"]) for event in of("kmsg")]
        if of("kmsg") or of("end")
        else console_messages(console, begin.get("t", 0))
    )
    return GuestReport(
        release=first("boot").get("release", ""),
        clocksource=first("boot").get("clocksource", ""),
        cpus=_cpus(of("cpu"), of("node")),
        held_ns=sum(phase.held_ns for phase in phases),
        asked_ns=sum(phase.asked_ns for phase in phases),
        workers=all_workers(events, phases),
        states=tuple(read_state(event) for event in of("sched_state")),
        exit=schedulers[-1].program_end if schedulers else program_end_of(events),
        log=tuple(event["text"] for event in of("sched_log") if not event.get("over")),
        kernel_log=tuple(f"[{at_ns / 1e9:12.6f}] {text}" for at_ns, text in messages),
        guest_ns=max((event.get("t", 0) for event in events), default=0) - begin.get("t", 0),
        perturbed=_all_perturbed(events),
        switches=_switches(of("switches")),
        scheduler_exit=_first_exit(schedulers) if schedulers else read_exit(events),
        kernel_bugs=read_bugs(messages),
        writes=tuple(_write(event) for event in of("write")),
        refused_write=_refused(of("write_refused"), of("write_known")),
        flight=tuple(one for event in of("flight") if (one := parse_flight(event["text"]))),
        watchdog_ms=next((event["ms"] for event in of("watchdog")), None),
        phases=phases,
        told_to_end=schedulers[-1].told_to_end if schedulers else False,
        schedulers=schedulers,
        refused_attaches=read_refused_attaches(events),
        backdrop=_backdrop(events),
        nodes=tuple(_node(event) for event in of("node")),
        left_cpus=next((event["what"] for event in of("leftover") if event["kind"] == "cpus"), ""),
        globals_read=read_globals(events),
        refused_reading=read_refused(events),
        files=read_files(events),
        program_runs=read_program_runs(events),
        monitor=read_samples(events),
        latency_groups=groups_of(phase.latency for phase in phases if phase.latency is not None),
    )


def _cpus(cpus: list[Event], nodes: list[Event]) -> tuple[GuestCpu, ...]:
    node_of = {cpu: event["node"] for event in nodes for cpu in parse_cpu_list(event["cpus"])}
    return tuple(
        GuestCpu(
            event["cpu"],
            parse_cpu_list(event["threads"]),
            parse_cpu_list(event["llc"]),
            node_of.get(event["cpu"], 0),
            parse_cpu_list(event.get("die_cpus", "")),
            parse_cpu_list(event.get("package_cpus", "")),
            bool(event.get("online", 1)),
        )
        for event in cpus
    )


def _node(event: Event) -> GuestNode:
    return GuestNode(
        event["node"],
        parse_cpu_list(event["cpus"]),
        tuple(int(distance) for distance in event.get("distances", "").split()),
        event.get("memory_kb", 0) / 1024,
    )


def _first_exit(schedulers: Sequence[SchedulerRun]) -> SchedulerExit | None:
    return next((one.exit for one in schedulers if one.exit is not None), None)


def _switches(traces: list[Event]) -> Switches | None:
    for event in traces:
        return Switches(event["count"], event["lost"], event["order"])
    return None


def _write(event: Event) -> MapWrite:
    return MapWrite(
        map=event["map"],
        variable=event["variable"],
        value=int(event["value"]),
        was=event["was"],
        bytes=event["bytes"],
        at_ns=event["t"],
    )


def _backdrop(events: Sequence[Event]) -> tuple[OperationDone, ...]:
    first = next((at for at, event in enumerate(events) if event.get("ev") == "phase"), None)
    if first is None:  # a scenario without steps; if its hold never began, there is no phase
        return () if any(event.get("ev") == "hold" for event in events) else read_operations(events)
    return read_operations(events[:first])


def _all_perturbed(events: Sequence[Event]) -> tuple[Perturbed, ...]:
    """Those of all holds; their times count as if the holds followed each other."""
    found, before_ns, asked_ns = [], 0, 0
    for event in events:
        if event.get("ev") == "hold":
            before_ns, asked_ns = before_ns + asked_ns, event["asked_ns"]
        elif event.get("ev") == "perturbed":
            found.append(_perturbed(event, before_ns))
    return tuple(found)


def _perturbed(event: Event, before_ns: int) -> Perturbed:
    began_ns = event.get("began_ns")
    return Perturbed(
        cpu=event["cpu"],
        at_ns=before_ns + event["at_ns"],
        ns=event["ns"],
        began_ns=None if began_ns is None else before_ns + began_ns,
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
