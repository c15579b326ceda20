"""Where a worker waited: what a debug dump says of it, and when a run is looked at again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from report_data import MS, workers

from ktstr.checks.violation import Violation
from ktstr.events.phase import Phase
from ktstr.events.run_queues import CpuQueue, QueuedTask, RunQueues, read_run_queues
from ktstr.events.waiting import waiting_of
from ktstr.run.look import looks_of
from ktstr.scenario.look import Look

DUMPS = Path(__file__).with_name("data") / "run-queues"
VICTIM = QueuedTask("ktstr-w3", 138, runs=False, waits_ms=812, queue="0x0", fields={"cpus": "5"})
HOLDER = CpuQueue(0, 2, "ktstr-w1[136]", "ext", (VICTIM,))
BUSY = CpuQueue(2, 1, "ktstr-w2[137]", "ext")
AGENT = CpuQueue(2, 1, "init[1]", "rt")
BEGAN = 1000 * MS


def line(*cpus: CpuQueue, pid: int = 138) -> str | None:
    found = waiting_of(RunQueues(cpus), pid, cpus=4)
    return found.line if found else None


@pytest.mark.parametrize("kernel", ["6.18.15", "7.0.13", "7.3.4"])
def test_a_recorded_dump_says_behind_whom_a_task_waited(kernel: str) -> None:
    queues = read_run_queues((DUMPS / f"sysrq-{kernel}.txt").read_text().splitlines())
    assert queues is not None
    task = next(task for cpu in queues.cpus for task in cpu.tasks if not task.runs and task.queue == "0x0")
    found = waiting_of(queues, task.pid, cpus=4)
    assert found is not None
    assert f"{task.comm} was runnable for {task.waits_ms} ms on DSQ 0 while CPU" in found.line


def test_an_idle_cpu_that_it_may_use_says_most() -> None:
    assert line(HOLDER) == "ktstr-w3 was runnable for 812 ms on DSQ 0 while CPU 2, which it may use, idled"
    assert line(HOLDER, AGENT) == line(HOLDER)
    assert line(HOLDER, BUSY) == "ktstr-w3 was runnable for 812 ms on DSQ 0 while CPU 0 ran ktstr-w1[136]"
    several = replace(HOLDER, tasks=(replace(VICTIM, fields={"cpus": "0000,0000000f"}),))
    assert str(line(several)).endswith("while CPUs 1-3, which it may use, idled")


@pytest.mark.parametrize(
    ("queue", "where"),
    [
        ("0x7", "on DSQ 7"),
        ("local", "on the local DSQ of CPU 0"),
        ("local 3", "on the local DSQ of CPU 3"),
        ("global", "on the global DSQ"),
        ("bypass", "on the DSQ bypass"),
        ("", "in no DSQ, enqueued on CPU 0,"),
    ],
)
def test_each_queue_has_a_name(queue: str, where: str) -> None:
    cpu = replace(HOLDER, tasks=(replace(VICTIM, queue=queue),))
    assert f"was runnable for 812 ms {where} while" in str(line(cpu))


def test_a_task_that_runs_or_is_not_there_did_not_wait() -> None:
    assert line(replace(HOLDER, tasks=(replace(VICTIM, runs=True),))) is None
    assert line(HOLDER, pid=1) is None


def looked(check: str, victim: int | None, phase: str = "", **worker: int) -> tuple[Look, ...]:
    """When worker 0 of a phase of 500 ms is looked for, which is so."""
    some = workers({"gap_ns": 200 * MS, "gap_at_ns": BEGAN + 400 * MS, **worker})
    one = Phase("", BEGAN, 500 * MS, 500 * MS, some, ())
    return looks_of([one], Violation(check, "m", phase, victim=victim))


def test_a_gap_is_looked_at_shortly_before_its_end() -> None:
    assert looked("max_gap_ms", 0, gap_ns=90 * MS) == (Look(0, 391 * MS),)


def test_the_agent_does_not_wake_at_another_time_for_it_if_that_can_be() -> None:
    assert looked("max_gap_ms", 0) == (Look(0, 350 * MS),)


def test_a_wait_of_unknown_time_is_looked_at_several_times() -> None:
    assert looked("max_idle_wait_pct", 0) == tuple(Look(0, at * MS) for at in (450, 300, 150))


def test_there_is_nothing_to_look_at_without_a_victim_or_in_another_phase() -> None:
    assert looked("max_gap_ms", None) == ()
    assert looked("max_gap_ms", 5) == ()
    assert looked("max_gap_ms", 0, phase="other") == ()
    assert looked("max_gap_ms", 0, gap_at_ns=BEGAN + 900 * MS) == ()
