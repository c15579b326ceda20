"""The timeline of a run: the guest does not feel it, it has the same bytes twice, and tasks ran as the kernel says."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from embedded import SCHEDULERS

from ktstr import CgroupDef, Ctx, Monitor, PipeIo, RunReport, declare_scheduler, ktstr_test
from ktstr.instrument.moments import Call, Switch, Wake, read_moments
from ktstr.instrument.plugin import TIMELINE, counts_file
from ktstr.instrument.stints import stints_of
from ktstr.vm.job import RunOptions

FIXTURE = declare_scheduler(name="timeline_fixture", bpf=SCHEDULERS / "fixture.bpf.c", topology=(1, 1, 2, 1))
# The kernel brings the time of a task that runs up to date at a tick (HZ=250), and the agent reads it some time after
# the end of the hold.
TICK_NS = 5_000_000


def ran(ctx: Ctx, name: str, instruments: tuple[str, ...]) -> tuple[Ctx, RunReport]:
    """A run of its own, and its context."""
    artifacts = ctx.artifacts / name
    own = Ctx(
        *(ctx.test, ctx.kernel, "virtual", ctx.seed, artifacts),
        options=RunOptions(fresh=True),
        instruments=instruments,
    )
    report = own.run(
        *(CgroupDef("spin", 3), CgroupDef("pipe", 2, work=PipeIo(64))),
        hold_s=0.2,
        check=False,
        monitor=Monitor(period_ms=50),
    )
    return own, report


def trace_of(ctx: Ctx) -> bytes:
    """What was kept beside the sidecar."""
    return (ctx.artifacts.parent / str(ctx.runs[0]["trace"])).read_bytes()


@ktstr_test(scheduler=FIXTURE)
def a_timeline_is_the_run_as_it_was(ctx: Ctx) -> None:
    _, plain = ran(ctx, "plain", ())
    one, report = ran(ctx, "one", (TIMELINE,))
    two, again = ran(ctx, "two", (TIMELINE,))
    hashes = {each.result.events_sha256 for each in (plain, report, again)}
    assert len(hashes) == 1
    assert trace_of(one) == trace_of(two)

    moments = read_moments(one.artifacts / "run-1" / counts_file(TIMELINE))
    kinds = {type(moment) for moment in moments}
    assert kinds == {Switch, Wake, Call}
    (phase,) = report.phases
    began_ns, end_ns = phase.began_ns, phase.began_ns + phase.held_ns
    for worker in report.workers:
        pid = next(event["pid"] for event in report.result.events if is_worker(event, worker.index))
        ran_ns = sum(
            max(0, min(stint.end_ns, end_ns) - max(stint.ns, began_ns))
            for stint in stints_of(moments)
            if stint.task.pid == pid
        )
        assert worker.run_ns > 0
        assert abs(ran_ns - worker.run_ns) < TICK_NS


def is_worker(event: dict[str, Any], index: int) -> bool:
    return event.get("ev") == "worker" and event["index"] == index


@ktstr_test(scheduler=FIXTURE)
def the_trace_is_one_for_perfetto(ctx: Ctx) -> None:
    package = pytest.importorskip("perfetto.protos.perfetto.trace.perfetto_trace_pb2")
    own, report = ran(ctx, "one", (TIMELINE,))
    trace = package.Trace()
    trace.ParseFromString(trace_of(own))
    tracks = {
        one.track_descriptor.uuid: one.track_descriptor.name
        for one in trace.packet
        if one.HasField("track_descriptor")
    }
    assert {"phases", "operations", "schedulers", "queued", "callbacks on CPU 0"} <= set(tracks.values())
    events = [one for one in trace.packet if one.HasField("track_event")]
    named = {one.track_event.name for one in events}
    assert {"fixture_enqueue", "fixture_running", "fixture_init"} <= named
    assert [one.timestamp for one in events] == sorted(one.timestamp for one in events)
    # As Perfetto sums it: from the switch to a task up to the next one of that CPU.
    times: dict[int, int] = {}
    for one in trace.packet:
        if one.HasField("ftrace_events"):
            switches = [each for each in one.ftrace_events.event if each.HasField("sched_switch")]
            for here, after in pairwise(switches):
                pid = here.sched_switch.next_pid
                times[pid] = times.get(pid, 0) + after.timestamp - here.timestamp
    moments = read_moments(own.artifacts / "run-1" / counts_file(TIMELINE))
    workers = [event["pid"] for event in report.result.events if event.get("ev") == "worker"]
    for pid in workers:
        stints = [stint for stint in stints_of(moments) if stint.task.pid == pid]
        assert 0 <= sum(one.end_ns - one.ns for one in stints) - times[pid] < TICK_NS
