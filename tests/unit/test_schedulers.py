"""The schedulers of a run: each has its own states, phases and end, whatever comes before and after it."""

from __future__ import annotations

from typing import Any

import pytest

from ktstr import (
    At,
    Attach,
    AttachOver,
    BpfMapWrite,
    CgroupDef,
    CpuOffline,
    CpuOnline,
    Cpuset,
    Detach,
    KtstrError,
    ReplaceScheduler,
    Restart,
    Scenario,
    Snapshot,
    Step,
    Topology,
)
from ktstr.checks.scheduler_out import scheduler_out
from ktstr.events.event import Event
from ktstr.events.report import read_report
from ktstr.scenario.layout import lay_out
from ktstr.scenario.online import online_at_start
from ktstr.scenario.operation import Operation

FOUR = Topology.parse("1n1l4c1t")


def start(t: int, **change: Any) -> Event:
    return {"ev": "sched_start", "t": t, "program": "/ktstr/bin/loader", "pid": t, **change}


def state(when: str, t: int, seq: int, state: str = "enabled", *, running: bool = True) -> Event:
    return {
        "ev": "sched_state",
        "when": when,
        "t": t,
        "state": state,
        "ops": "mine",
        "enable_seq": str(seq),
        "running": int(running),
    }


def phase(name: str) -> Event:
    return {"ev": "phase", "name": name}


def hold(t: int) -> Event:
    return {"ev": "hold", "t": t, "began_ns": t - 5, "asked_ns": 5, "held_ns": 5}


def op(name: str, **change: Any) -> Event:
    return {"ev": "op", "name": name, "words": "", "began_ns": 1, "t": 2, **change}


GONE: Event = {"ev": "sched_exit", "t": 31, "status": 0}
LEAVES = (state("leaving", 30, 1), GONE, state("default", 32, 1, "disabled", running=False))
ONE = (start(1), state("attached", 2, 1), phase("one"), hold(20), state("held", 20, 1))


def test_one_that_is_asked_to_leave_has_not_left() -> None:
    report = read_report(
        [
            *ONE,
            phase("two"),
            *LEAVES,
            start(33),
            state("attached", 34, 2),
            op("restart"),
            hold(40),
            state("held", 40, 2),
        ]
    )
    first, second = report.schedulers
    assert (first.asked, first.left_ns, first.phases, first.exit) == (True, 30, ("one",), None)
    assert (second.asked, second.left_ns, second.phases, second.exit) == (False, None, ("two",), None)
    assert scheduler_out(report) is None
    assert report.scheduler_exit is None


def test_one_that_leaves_in_a_hold_was_there_in_that_phase() -> None:
    report = read_report([*ONE, phase("two"), *LEAVES, op("detach", at_ns=5), hold(40)])
    assert report.schedulers[0].phases == ("one", "two")
    assert scheduler_out(report) is None


def test_one_that_left_before_it_was_asked_is_named() -> None:
    dead = state("leaving", 30, 1, "disabled", running=False)
    report = read_report(
        [
            *(*ONE, phase("two"), dead),
            {
                "ev": "kmsg",
                "t": 50,
                "at_ns": 25,
                "level": 3,
                "text": 'sched_ext: BPF scheduler "mine" enabled',
            },
            {
                "ev": "kmsg",
                "t": 50,
                "at_ns": 26,
                "level": 3,
                "text": 'sched_ext: BPF scheduler "mine" disabled (runtime error)',
            },
        ]
    )
    assert not report.schedulers[0].asked
    assert (out := scheduler_out(report)) is not None
    assert "attached and then left" in out
    assert "runtime error" in out


def test_the_second_of_several_is_named_if_it_does_not_attach() -> None:
    report = read_report(
        [
            *ONE,
            phase("two"),
            *LEAVES,
            start(33, name="other"),
            state("attached", 34, 1, "disabled", running=False),
        ]
    )
    assert (out := scheduler_out(report)) is not None
    assert out.startswith("scheduler 2 of 2 (other): the scheduler exited before it attached")


def test_one_that_is_started_over_another_is_reported_apart() -> None:
    report = read_report(
        [
            *ONE,
            start(21, name="other", over=1),
            {"ev": "sched_log", "t": 22, "text": "refused", "over": 1},
            {"ev": "sched_exit", "t": 22, "status": 3, "over": 1},
        ]
    )
    (refused,) = report.refused_attaches
    assert (refused.name, refused.program_end, refused.log) == ("other", {"status": 3}, ("refused",))
    assert report.log == ()
    assert report.exit is None
    assert scheduler_out(report) is None


def test_a_program_that_attaches_again_after_a_cpu_went_has_not_left() -> None:
    again = state("attached", 15, 2)
    report = read_report([start(1), state("attached", 2, 1), again, hold(20), state("held", 20, 2)])
    assert report.schedulers[0].attachments == 2
    assert scheduler_out(report) is None


def test_a_signal_that_ktstr_sent_is_not_how_the_scheduler_ended() -> None:
    """Its BPF had left, its program stayed until ktstr ended it."""
    report = read_report(
        [
            *(start(1), state("attached", 2, 1), hold(20), state("held", 20, 1, "disabled")),
            {"ev": "sched_exit", "t": 30, "signal": 9, "told": 1},
        ]
    )
    assert (out := scheduler_out(report)) is not None
    assert "its program still ran" in out
    assert "signal" not in out


# What makes no sense is refused before a guest is started.


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ((CpuOffline(0),), "step s: cpu_offline: cpu=0: the kernel keeps CPU 0 online; must be another one"),
        ((CpuOffline(3),), "step s: cpu_offline: cpu=3: ktstr's own agent stays on it; must be another one"),
        ((CpuOffline(4),), "step s: cpu_offline: cpu=4: topology 1n1l4c1t has no such CPU"),
        ((CpuOffline(1), CpuOffline(1)), "step s: cpu_offline: cpu=1: is offline at that moment"),
        ((CpuOnline(1),), "step s: cpu_online: cpu=1: is online at that moment"),
        ((Attach(),), "step s: attach: scheduler='-': one is attached at that moment"),
        ((Detach(), Detach()), "step s: detach: no scheduler is attached at that moment"),
        ((Detach(), Restart()), "step s: restart: no scheduler is attached at that moment"),
        ((Detach(), ReplaceScheduler("b")), "step s: replace_scheduler: no scheduler is attached"),
        ((Detach(), AttachOver("b")), "step s: attach_over: no scheduler is attached at that moment"),
        ((Detach(), Snapshot()), "step s: snapshot: no scheduler is attached at that moment"),
        ((BpfMapWrite(".bss", "x", 1, at_s=1),), "step s: BpfMapWrite: at_s=1: must not be given to an"),
        ((BpfMapWrite(".rodata", "x", 1),), "step s: BpfMapWrite: .rodata: is read-only once it is loaded"),
        (
            (CpuOffline(1), CgroupDef("a", 1, cpuset=Cpuset.exact({1}))),
            "step s: cgroup a: cpuset exact(1): CPU 1 is offline at that moment; must have a CPU of 0,2-3",
        ),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_by_operation_and_argument(
    parts: tuple[CgroupDef | Operation, ...], message: str
) -> None:
    with pytest.raises(KtstrError) as refused:
        lay_out(Scenario(steps=(Step("s", *parts),)), FOUR, 1, scheduler="-")
    assert str(refused.value).startswith(message)


def test_a_wrong_name_of_a_scheduler_is_refused() -> None:
    with pytest.raises(
        KtstrError, match=r"^replace_scheduler: scheduler=7: must be a declared scheduler, or its name"
    ):
        ReplaceScheduler(7)  # type: ignore[arg-type]


def test_a_cpu_that_is_offline_is_not_allowed_to_workers() -> None:
    steps = (Step("on", hold=0.5), Step("off", At(0.1, CpuOffline(1)), hold=0.5), Step("still", hold=0.5))
    phases = lay_out(Scenario((CgroupDef("a", 1),), steps=steps), FOUR, 1).phases
    every, without = frozenset(range(4)), frozenset({0, 2, 3})
    assert [phase.allowed[0] for phase in phases] == [every, every, without]


@pytest.mark.parametrize(
    ("topology", "kargs", "online"),
    [
        ("1n1l4c1t", (), {0, 1, 2, 3}),
        ("1n1l4c1t", ("quiet maxcpus=2",), {0, 1}),
        ("1n1l4c1t", ("maxcpus=0",), {0}),
        ("1n1l4c1t", ("nr_cpus=3", "nohz=off"), {0, 1, 2}),
        ("1n1l2c2t", ("nosmt",), {0, 2}),
        ("1n1l2c2t", ("nosmt=force", "maxcpus=2"), {0}),
    ],
)
def test_which_cpus_are_online_follows_from_the_command_line(
    topology: str, kargs: tuple[str, ...], online: set[int]
) -> None:
    assert online_at_start(Topology.parse(topology), kargs) == online
