"""A run as a timeline: who ran where, who was woken, the scheduler's callbacks, and what the test did and found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ktstr.checks.verdict import RunReport
from ktstr.events.phase import OperationDone
from ktstr.instrument.moments import Call, Moment, Switch, Wake
from ktstr.report.perfetto import (
    Counter,
    Event,
    Instant,
    Slice,
    SwitchPacket,
    Track,
    WakePacket,
    trace_bytes,
)

__all__ = ["Mark", "depths_of", "marks_of", "timeline_bytes"]

_CALLBACKS, _WAKEUPS, _MARKS, _DEPTHS = 1000, 10_000, 1, 20_000
_DEPTH = (".depth", ".local_dsq")


@dataclass(frozen=True)
class Mark:
    """Something that lasted from `ns` to `end_ns` (None: no time) and is shown on the track called `track`."""

    track: str
    ns: int
    end_ns: int | None
    name: str
    notes: Mapping[str, int | str] = field(default_factory=dict)


def timeline_bytes(
    moments: Sequence[Moment],
    callbacks: Mapping[int, str],
    marks: Iterable[Mark] = (),
    depths: Mapping[str, Sequence[tuple[int, int]]] | None = None,
) -> bytes:
    """The timeline as Perfetto reads it, the same bytes for the same run.

    `callbacks` are the names of the scheduler's callbacks by their programs' numbers, `depths` lengths of queues by
    name, each a time and a number. Times are guest ns since boot.
    """
    tracks: dict[int, Track] = {}
    events: list[Event] = []

    def on(number: int, name: str, *, counter: bool = False) -> int:
        tracks.setdefault(number, Track(number, name, counter))
        return number

    lines: dict[str, int] = {}
    for mark in sorted(marks, key=lambda one: one.ns):
        track = on(lines.setdefault(mark.track, _MARKS + len(lines)), mark.track)
        if mark.end_ns is None:
            events.append(Instant(track, mark.ns, mark.name, mark.notes))
        else:
            events.append(Slice(track, mark.ns, mark.end_ns, mark.name, mark.notes))
    for moment in moments:
        if isinstance(moment, Call) and (name := callbacks.get(moment.owner)):
            track = on(_CALLBACKS + moment.cpu, f"callbacks on CPU {moment.cpu}")
            events.append(Slice(track, moment.ns, moment.end_ns, name, {"instructions": moment.insns}))
    for event in _scheduled(moments):
        events.append(event)
        if isinstance(event, Instant):
            on(event.track, f"wakeups on CPU {event.track - _WAKEUPS}")
    for number, (name, values) in enumerate((depths or {}).items()):
        track = on(_DEPTHS + number, name, counter=True)
        events += (Counter(track, ns, value) for ns, value in values)
    return trace_bytes([tracks[number] for number in sorted(tracks)], events)


def marks_of(report: RunReport) -> Iterator[Mark]:
    """What the test did in a run and found: phases, operations, perturbations, schedulers, violations, the exit."""
    guest = report.guest
    for phase in guest.phases:
        yield Mark("phases", phase.began_ns, phase.began_ns + phase.held_ns, phase.name or "hold")
        yield from map(_operation, phase.operations)
    yield from map(_operation, guest.backdrop)
    first_ns = guest.phases[0].began_ns if guest.phases else 0
    for one in guest.perturbed:
        if one.began_ns is not None:
            began_ns = first_ns + one.began_ns
            yield Mark("perturbations", began_ns, began_ns + one.ns, f"CPU {one.cpu}")
    for scheduler in guest.schedulers:
        if scheduler.attached_ns is not None:
            end_ns = max(scheduler.attached_ns, scheduler.left_ns or guest.guest_ns)
            yield Mark("schedulers", scheduler.attached_ns, end_ns, scheduler.name)
    for violation in report.violations:
        at_ns = guest.guest_ns if violation.at_ns is None else violation.at_ns
        yield Mark("verdict", at_ns, None, f"{violation.check}: {violation.message}")
    for bug in guest.kernel_bugs:
        yield Mark("verdict", bug.at_ns, None, bug.text)
    if guest.scheduler_exit:
        left = [one.left_ns for one in guest.schedulers if one.left_ns is not None]
        yield Mark("verdict", left[-1] if left else guest.guest_ns, None, guest.scheduler_exit.line)


def depths_of(report: RunReport) -> Mapping[str, Sequence[tuple[int, int]]]:
    """The lengths of the queues that a run's monitor sampled; none without a monitor."""
    samples = report.guest.monitor
    if samples is None:
        return {}
    return {
        name: [(ns, int(value)) for ns, value in zip(samples.at_ns, values, strict=True) if value is not None]
        for name, values in samples.series.items()
        if name == "queued" or name.endswith(_DEPTH)
    }


def _operation(one: OperationDone) -> Mark:
    return Mark("operations", one.began_ns, one.ended_ns, one.line)


def _scheduled(moments: Iterable[Moment]) -> Iterator[Event]:
    """Switches and wakeups, and for each wakeup an arrow from the CPU that woke to the one where the task ran then."""
    running: dict[int, int] = {}
    woken: dict[int, tuple[int, int]] = {}
    flows = 0
    for moment in moments:
        if isinstance(moment, Wake):
            pid, who = moment.task.pid, (moment.task.pid, moment.task.comm)
            yield WakePacket(moment.cpu, moment.ns, running.get(moment.cpu, 0), who)
            if pid not in woken:
                flows += 1
                woken[pid] = flows, moment.ns
                name = f"wakes {moment.task.comm}[{pid}]"
                yield Instant(_WAKEUPS + moment.cpu, moment.ns, name, {}, flow=flows)
        elif isinstance(moment, Switch):
            pid = moment.task.pid
            before = moment.before.pid, moment.before.comm
            yield SwitchPacket(moment.cpu, moment.ns, before, moment.state, (pid, moment.task.comm))
            running[moment.cpu] = pid
            if pid and (wake := woken.pop(pid, None)):
                notes = {"latency_ns": moment.ns - wake[1]}
                name = f"{moment.task.comm}[{pid}] runs"
                yield Instant(_WAKEUPS + moment.cpu, moment.ns, name, notes, flow_end=wake[0])
