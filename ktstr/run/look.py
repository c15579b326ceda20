"""Another run of a failed one, in which the kernel dumps its run queues while a worker waits.

A check knows that a worker waited, and for how long, but not where. With the virtual clock the same job comes to the
same wait again; the dump is asked for shortly before its end. It is believed only if the worker waits in it as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.checks.verdict import RunReport
from ktstr.checks.violation import Violation
from ktstr.events.event import Event
from ktstr.events.phase import Phase
from ktstr.events.report import WorkerStats
from ktstr.events.run_queues import read_run_queues
from ktstr.events.waiting import Waiting, waiting_of
from ktstr.run.execute import Runner
from ktstr.run.scenario_run import Look, ScenarioRun
from ktstr.vm.result import Ending

__all__ = ["look_again", "looks_of"]

_BEGIN = "CPU states"  # of each dump
_MS = 1_000_000
_LATE = 0.9  # how far into a wait it is looked at
_SEVERAL = (0.3, 0.5, 0.7, 0.9)  # of a phase, if it is not known when a worker waited


def look_again(runner: Runner, run: ScenarioRun, folder: Path, failed: RunReport) -> Waiting | None:
    """Where the worker of the gravest violation waited, from a run in `folder`.

    None if no worker did, if that cannot be seen again, or is not wanted.
    """
    if not failed.violations or not run.test.auto_repro or not run.test.scheduler.is_sched_ext:
        return None
    if run.clock != "virtual" or failed.result.ending is not Ending.DONE or failed.guest.scheduler_exit:
        return None
    first = failed.violations[0]
    looks = looks_of(failed.phases, first)
    if first.victim is None or not looks:
        return None
    try:
        _, again = runner(replace(run, looks=looks), folder)
    except KtstrError:
        return None
    pid = _pid(again.result.events, first.victim)
    seen = (
        waiting_of(queues, pid, run.topology.cpus)
        for lines in _dumps(again.result.events)
        if (queues := read_run_queues(lines))
    )
    found = [one for one in seen if one is not None]
    # A wait while a CPU idled says more than one behind another task.
    return max(found, key=lambda one: (bool(one.idle), one.task.waits_ms), default=None)


def looks_of(phases: Sequence[Phase], violation: Violation) -> tuple[Look, ...]:
    """When to look for the worker of a violation, in a run of these phases; nothing if there is none."""
    for number, phase in enumerate(phases):
        if phase.name == violation.phase and (worker := _worker(phase, violation.victim)):
            end_ns = worker.gap_at_ns
            if violation.check == "max_gap_ms" and end_ns is not None:
                at_ns = end_ns - round(worker.gap_ns * (1 - _LATE)) - phase.began_ns
                return (Look(number, at_ns),) if 0 <= at_ns < phase.held_ns else ()
            return tuple(Look(number, round(phase.held_ns * share / _MS) * _MS) for share in _SEVERAL)
    return ()


def _worker(phase: Phase, index: int | None) -> WorkerStats | None:
    return next((worker for worker in phase.workers if worker.index == index), None)


def _pid(events: Sequence[Event], index: int) -> int:
    pids = (
        event.get("pid", 0) for event in events if event.get("ev") == "worker" and event["index"] == index
    )
    return next((pid for pid in pids if pid), 0)


def _dumps(events: Sequence[Event]) -> Iterator[list[str]]:
    """The lines of each debug dump."""
    lines: list[str] = []
    for event in events:
        if event.get("ev") == "sched_dump":
            if event["text"] == _BEGIN and lines:
                yield lines
                lines = []
            lines.append(event["text"])
    yield lines
