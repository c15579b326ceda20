"""Another run of a failed one, in which the kernel dumps its run queues while a worker waits.

A check knows that a worker waited, and for how long, but not where. With the virtual clock the same job comes to the
same wait again; the run is ended shortly before the wait is over, with a dump. It is believed only if the worker waits
in it as well. What the flight recorder had by then is shown only if the run was the first one over again up to there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.checks.verdict import RunReport
from ktstr.checks.violation import Violation
from ktstr.events.event import Event
from ktstr.events.last_events import LastEvents, last_events_of
from ktstr.events.looked import Looked, read_look
from ktstr.events.phase import Phase
from ktstr.events.report import WorkerStats
from ktstr.events.waiting import Waiting, waiting_of
from ktstr.run.execute import Runner
from ktstr.run.scenario_run import ScenarioRun
from ktstr.scenario.look import Look
from ktstr.vm.result import Ending

__all__ = ["look_again", "looks_of"]

_GRID_NS = 50_000_000  # how often the agent wakes in a hold (op_hold.c)
_PID = re.compile(r"\[(\d+)\]$")  # of a task that is written comm[pid]
_LATE = 0.9  # how far into a wait it is looked at
_SEVERAL = (0.9, 0.6, 0.3)  # of a phase, if it is not known when a worker waited


def look_again(runner: Runner, run: ScenarioRun, folder: Path, failed: RunReport) -> Waiting | None:
    """Where the worker of the gravest violation waited, from a run in `folder`.

    None if no worker did, if that cannot be seen again, or is not wanted.
    """
    if not failed.violations or not run.test.auto_repro or not run.test.scheduler.is_sched_ext:
        return None
    if run.clock != "virtual" or failed.result.ending is not Ending.DONE or failed.guest.scheduler_exit:
        return None
    seen = None
    for number, look in enumerate(looks_of(failed.phases, failed.violations[0]), 1):
        waiting = _look(runner, replace(run, look=look), folder.with_name(f"{folder.name}-{number}"), failed)
        # A wait while a CPU idled says more than one behind another task.
        if waiting is not None and (seen is None or waiting.idle):
            seen = waiting
        if seen and seen.idle:
            break
    return seen


def _look(runner: Runner, run: ScenarioRun, folder: Path, failed: RunReport) -> Waiting | None:
    """Where the worker of the gravest violation waits when `run` ends."""
    victim = failed.violations[0].victim
    if victim is None or run.look is None:
        return None
    try:
        _, again = runner(run, folder)
    except KtstrError:
        return None
    looked, pid = read_look(again.result.events), _pid(again.result.events, victim)
    if looked is None or looked.queues is None:
        return None
    waiting = waiting_of(looked.queues, pid, run.topology.cpus)
    if waiting is None or not _is_continued(failed.result.events, again.result.events, run.look):
        return waiting
    until_ns = failed.phases[run.look.phase].began_ns + run.look.at_ns
    return replace(waiting, last=tuple(_last_events(waiting, looked, until_ns)))


def _last_events(waiting: Waiting, looked: Looked, until_ns: int) -> Iterator[LastEvents]:
    """Those of the task, and of the one that ran where it waited. From `until_ns` on the agent is at work."""
    for task in (f"{waiting.task.comm}[{waiting.task.pid}]", waiting.holder):
        if pid := _PID.search(task):
            yield last_events_of(looked.flight, task, int(pid[1]), until_ns)


def _is_continued(first: Sequence[Event], again: Sequence[Event], look: Look) -> bool:
    """Whether `again` equals `first` up to the look: in its events before the hold is over, and in the hold's begin."""
    holds = [
        [at for at, event in enumerate(events) if event.get("ev") == "hold"] for events in (first, again)
    ]
    if any(len(some) <= look.phase for some in holds):
        return False
    one, other = (some[look.phase] for some in holds)
    return first[:other] == again[:other] and first[one]["began_ns"] == again[other]["began_ns"]


def looks_of(phases: Sequence[Phase], violation: Violation) -> tuple[Look, ...]:
    """When to look for the worker of a violation, in a run of these phases, the best first; empty if there is none."""
    for number, phase in enumerate(phases):
        if phase.name == violation.phase and (worker := _worker(phase, violation.victim)):
            end_ns = worker.gap_at_ns
            if violation.check == "max_gap_ms" and end_ns is not None:
                began_ns = end_ns - worker.gap_ns - phase.began_ns
                at_ns = _on_grid(began_ns + round(worker.gap_ns * _LATE), began_ns + worker.gap_ns // 2)
                return (Look(number, at_ns),) if 0 <= at_ns < phase.held_ns else ()
            return tuple(Look(number, _on_grid(round(phase.held_ns * share))) for share in _SEVERAL)
    return ()


def _on_grid(at_ns: int, least_ns: int = 0) -> int:
    """The last moment up to `at_ns` at which the agent wakes anyway, if that is after `least_ns`."""
    grid_ns = at_ns // _GRID_NS * _GRID_NS
    return grid_ns if grid_ns > least_ns else at_ns


def _worker(phase: Phase, index: int | None) -> WorkerStats | None:
    return next((worker for worker in phase.workers if worker.index == index), None)


def _pid(events: Sequence[Event], index: int) -> int:
    pids = (
        event.get("pid", 0) for event in events if event.get("ev") == "worker" and event["index"] == index
    )
    return next((pid for pid in pids if pid), 0)
