"""Traces in Perfetto's format: a protobuf message Trace (its protos/perfetto/trace/trace.proto), encoded here.

The few messages that a trace needs are small, and protobuf's own libraries do not promise the same bytes twice, which a
trace of a deterministic run ought to have. The numbers are those of the messages' fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

__all__ = ["Counter", "Instant", "Slice", "SwitchPacket", "Track", "WakePacket", "trace_bytes"]

_SEQUENCE = 1  # trusted_packet_sequence_id: who wrote the packet
_VARINT, _FIXED, _BYTES = 0, 1, 2  # types on the wire
_BEGIN, _END, _INSTANT, _COUNTER = 1, 2, 3, 4  # TrackEvent.Type


@dataclass(frozen=True, slots=True)
class Track:
    """A line of the trace, by its number (from 1 on); `counter`: it shows numbers."""

    number: int
    name: str
    counter: bool = False


@dataclass(frozen=True, slots=True)
class Slice:
    """What lasts from `ns` to `end_ns`, on a track. `notes` are shown with it."""

    track: int
    ns: int
    end_ns: int
    name: str
    notes: Mapping[str, int | str]


@dataclass(frozen=True, slots=True)
class Instant:
    """A mark on a track. An arrow goes from the mark that has `flow` to the one that has it as `flow_end`; 0: none."""

    track: int
    ns: int
    name: str
    notes: Mapping[str, int | str]
    flow: int = 0
    flow_end: int = 0


@dataclass(frozen=True, slots=True)
class Counter:
    """A number of a track that counts."""

    track: int
    ns: int
    value: int


@dataclass(frozen=True, slots=True)
class SwitchPacket:
    """A CPU turned from one task to another, as the kernel's tracepoint sched_switch tells it."""

    cpu: int
    ns: int
    before: tuple[int, str]
    state: int
    task: tuple[int, str]


@dataclass(frozen=True, slots=True)
class WakePacket:
    """A CPU woke a task, as the kernel's tracepoint sched_waking tells it; `waker` is who ran there."""

    cpu: int
    ns: int
    waker: int
    task: tuple[int, str]


Event = Slice | Instant | Counter | SwitchPacket | WakePacket


def trace_bytes(tracks: Iterable[Track], events: Iterable[Event]) -> bytes:
    """The trace, the same bytes for the same events. Those of a CPU or track have to be in order of their begins."""
    packets = [_track(track) for track in tracks]
    kernel: dict[int, list[bytes]] = {}
    timed: list[tuple[int, int, bytes]] = []
    for number, event in enumerate(events):
        if isinstance(event, SwitchPacket | WakePacket):
            kernel.setdefault(event.cpu, []).append(_ftrace(event))
        else:
            timed += ((ns, number, packet) for ns, packet in _track_events(event))
    for cpu, of_cpu in sorted(kernel.items()):
        # FtraceEventBundle: cpu 1, event 2. TracePacket: ftrace_events 1.
        packets.append(_bytes(1, _number(1, cpu) + b"".join(_bytes(2, one) for one in of_cpu)) + _sequence())
    packets += (packet for _, _, packet in sorted(timed))
    return b"".join(_bytes(1, packet) for packet in packets)


def _track(track: Track) -> bytes:
    """TrackDescriptor: uuid 1, name 2, counter 8. TracePacket: track_descriptor 60."""
    counter = _bytes(8, b"") if track.counter else b""
    return _bytes(60, _number(1, track.number) + _text(2, track.name) + counter) + _sequence()


def _track_events(event: Slice | Instant | Counter) -> list[tuple[int, bytes]]:
    """TrackEvent: debug_annotations 4, type 9, track_uuid 11, name 23, counter_value 30, flow_ids 47,
    terminating_flow_ids 48."""
    track = _number(11, event.track)
    if isinstance(event, Counter):
        return [_packet(event.ns, _number(9, _COUNTER) + track + _number(30, event.value))]
    told = track + _text(23, event.name) + b"".join(_note(*note) for note in event.notes.items())
    if isinstance(event, Slice):
        return [
            _packet(event.ns, _number(9, _BEGIN) + told),
            _packet(event.end_ns, _number(9, _END) + track),
        ]
    flows = _fixed(47, event.flow) if event.flow else b""
    ends = _fixed(48, event.flow_end) if event.flow_end else b""
    return [_packet(event.ns, _number(9, _INSTANT) + told + flows + ends)]


def _packet(ns: int, event: bytes) -> tuple[int, bytes]:
    """TracePacket: timestamp 8, track_event 11."""
    return ns, _number(8, ns) + _bytes(11, event) + _sequence()


def _note(name: str, value: int | str) -> bytes:
    """DebugAnnotation: int_value 4, string_value 6, name 10."""
    return _bytes(4, _text(10, name) + (_text(6, value) if isinstance(value, str) else _number(4, value)))


def _ftrace(event: SwitchPacket | WakePacket) -> bytes:
    """FtraceEvent: timestamp 1, pid 2, sched_switch 4, sched_waking 20."""
    if isinstance(event, WakePacket):
        # SchedWakingFtraceEvent: comm 1, pid 2, prio 3, success 4, target_cpu 5.
        pid, comm = event.task
        told = _text(1, comm) + _number(2, pid) + _number(3, 120) + _number(4, 1) + _number(5, event.cpu)
        return _number(1, event.ns) + _number(2, event.waker) + _bytes(20, told)
    # SchedSwitchFtraceEvent: prev_comm 1, prev_pid 2, prev_prio 3, prev_state 4, next_comm 5, next_pid 6, next_prio 7.
    (old_pid, old_comm), (pid, comm) = event.before, event.task
    told = _text(1, old_comm) + _number(2, old_pid) + _number(3, 120) + _number(4, event.state)
    told += _text(5, comm) + _number(6, pid) + _number(7, 120)
    return _number(1, event.ns) + _number(2, old_pid) + _bytes(4, told)


def _sequence() -> bytes:
    """TracePacket: trusted_packet_sequence_id 10."""
    return _number(10, _SEQUENCE)


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3 | _VARINT) + _varint(value)


def _fixed(field: int, value: int) -> bytes:
    return _varint(field << 3 | _FIXED) + value.to_bytes(8, "little")


def _bytes(field: int, data: bytes) -> bytes:
    return _varint(field << 3 | _BYTES) + _varint(len(data)) + data


def _text(field: int, text: str) -> bytes:
    return _bytes(field, text.encode())
