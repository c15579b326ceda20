"""A timeline as Perfetto reads it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from timeline_data import MOMENTS

from ktstr.checks.violation import Violation
from ktstr.report.timeline import Mark, depths_of, marks_of, timeline_bytes

MARKS = (Mark("phases", 1500, 6000, "hold"), Mark("verdict", 6000, None, "max_gap_ms: too long"))
TRACE = timeline_bytes(MOMENTS, {3: "mine_enqueue"}, MARKS, {"dsq0.depth": [(3000, 2), (4000, 0)]})


def parsed() -> Any:
    """The trace as the package of Perfetto's authors reads it."""
    package = pytest.importorskip("perfetto.protos.perfetto.trace.perfetto_trace_pb2")
    trace = package.Trace()
    trace.ParseFromString(TRACE)
    return trace


def events() -> list[Any]:
    return [packet for packet in parsed().packet if packet.HasField("track_event")]


def names() -> dict[int, str]:
    descriptors = [
        packet.track_descriptor for packet in parsed().packet if packet.HasField("track_descriptor")
    ]
    return {one.uuid: one.name for one in descriptors}


def test_the_same_run_has_the_same_bytes() -> None:
    again = timeline_bytes(MOMENTS, {3: "mine_enqueue"}, MARKS, {"dsq0.depth": [(3000, 2), (4000, 0)]})
    assert again == TRACE


def test_a_small_trace_byte_by_byte() -> None:
    # packet 1 { track_descriptor 60 { uuid 1: 1, name 2: "a" }, trusted_packet_sequence_id 10: 1 }
    descriptor = "0a0a e20305 0801 120161 5001"
    # packet 1 { timestamp 8: 5, track_event 11 { type 9: instant, track_uuid 11: 1, name 23: "b" }, 10: 1 }
    event = "0a0e 4005 5a08 4803 5801 ba010162 5001"
    assert timeline_bytes((), {}, [Mark("a", 5, None, "b")]) == bytes.fromhex(descriptor + event)


def test_tracks_are_those_that_have_something() -> None:
    assert list(names().values()) == [
        "phases",
        "verdict",
        "callbacks on CPU 1",
        "wakeups on CPU 0",
        "wakeups on CPU 1",
        "dsq0.depth",
    ]


def test_cpus_have_their_switches_and_wakeups_as_the_kernel_traces_them() -> None:
    bundles = {
        packet.ftrace_events.cpu: packet.ftrace_events.event
        for packet in parsed().packet
        if packet.HasField("ftrace_events")
    }
    switches = [one for one in bundles[0] if one.HasField("sched_switch")]
    assert [(one.timestamp, one.sched_switch.prev_pid, one.sched_switch.next_comm) for one in switches] == [
        (2000, 0, "web"),
        (3000, 7, "swapper/0"),
        (4500, 0, "web"),
    ]
    assert [one.sched_switch.prev_state for one in switches] == [0, 1, 0]
    (waking,) = [one for one in bundles[1] if one.HasField("sched_waking")]
    assert (waking.timestamp, waking.pid, waking.sched_waking.pid) == (4000, 8, 7)


def test_an_arrow_goes_from_a_wakeup_to_where_the_task_runs() -> None:
    (begin,) = [one for one in events() if one.track_event.flow_ids]
    (end,) = [one for one in events() if one.track_event.terminating_flow_ids]
    assert list(begin.track_event.flow_ids) == list(end.track_event.terminating_flow_ids)
    assert (begin.track_event.name, begin.timestamp) == ("wakes web[7]", 4000)
    (note,) = end.track_event.debug_annotations
    assert (end.track_event.name, note.name, note.int_value) == ("web[7] runs", "latency_ns", 500)


def test_a_callback_has_its_instructions() -> None:
    slices = [one for one in events() if names()[one.track_event.track_uuid] == "callbacks on CPU 1"]
    assert [(one.timestamp, one.track_event.name) for one in slices] == [(4100, "mine_enqueue"), (4150, "")]
    (note,) = slices[0].track_event.debug_annotations
    assert (note.name, note.int_value) == ("instructions", 42)


def test_queues_are_counters() -> None:
    values = [
        (one.timestamp, one.track_event.counter_value)
        for one in events()
        if names()[one.track_event.track_uuid] == "dsq0.depth"
    ]
    assert values == [(3000, 2), (4000, 0)]


def test_what_a_run_did_and_found() -> None:
    operation = SimpleNamespace(began_ns=1500, ended_ns=1600, line="cpu_offline 2")
    phase = SimpleNamespace(began_ns=1000, held_ns=5000, name="", operations=[operation])
    guest = SimpleNamespace(
        phases=[phase],
        backdrop=[],
        perturbed=[SimpleNamespace(began_ns=100, ns=50, cpu=1), SimpleNamespace(began_ns=None, ns=5, cpu=0)],
        schedulers=[SimpleNamespace(name="mine", attached_ns=900, left_ns=5500)],
        kernel_bugs=[SimpleNamespace(at_ns=5400, text="WARNING: it warned")],
        scheduler_exit=SimpleNamespace(line="mine: error"),
        guest_ns=7000,
        monitor=None,
    )
    report: Any = SimpleNamespace(guest=guest, violations=[Violation("attached", "it left", at_ns=5500)])
    assert list(marks_of(report)) == [
        Mark("phases", 1000, 6000, "hold"),
        Mark("operations", 1500, 1600, "cpu_offline 2"),
        Mark("perturbations", 1100, 1150, "CPU 1"),
        Mark("schedulers", 900, 5500, "mine"),
        Mark("verdict", 5500, None, "attached: it left"),
        Mark("verdict", 5400, None, "WARNING: it warned"),
        Mark("verdict", 5500, None, "mine: error"),
    ]
    assert depths_of(report) == {}


def test_queues_are_those_of_the_monitor() -> None:
    series = {"dsq0.depth": (2, None), "cpu0.local_dsq": (0, 1), "queued": (2, 1), "runnable": (3, 3)}
    monitor = SimpleNamespace(at_ns=(10, 20), series=series)
    report: Any = SimpleNamespace(guest=SimpleNamespace(monitor=monitor))
    assert depths_of(report) == {
        "dsq0.depth": [(10, 2)],
        "cpu0.local_dsq": [(10, 0), (20, 1)],
        "queued": [(10, 2), (20, 1)],
    }
