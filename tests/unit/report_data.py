"""A guest's report made by hand: a healthy one, for tests that change one thing of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ktstr.events.report import GuestReport, WorkerStats
from ktstr.events.state import SchedulerState

MS = 1_000_000

WORKER = WorkerStats(
    index=0,
    cgroup="cg",
    kind="spin_wait",
    wall_ns=2000 * MS,
    run_ns=1900 * MS,
    wait_ns=100 * MS,
    slept_ns=0,
    gap_ns=8 * MS,
    iterations=1000,
    migrations=3,
    gaps=(),
    cpus=(0, 1),
    ext=True,
    died=None,
)


def workers(*changes: dict[str, Any]) -> tuple[WorkerStats, ...]:
    """A worker for each of `changes`, which say how it differs from a healthy one."""
    return tuple(replace(WORKER, index=index, **change) for index, change in enumerate(changes))


def report(**changes: Any) -> GuestReport:
    """A report of two healthy workers under a scheduler that is attached, less `changes`."""
    healthy = GuestReport(
        release="7.0.13-cloud-amd64",
        clocksource="tsc",
        cpus=(),
        held_ns=2000 * MS,
        asked_ns=2000 * MS,
        workers=workers({}, {}),
        states=(
            SchedulerState("attached", "enabled", "mine", 1, True),
            SchedulerState("held", "enabled", "mine", 1, True),
            SchedulerState("stopped", "disabled", "", 1, False),
        ),
        exit={"status": 0},
        log=("attached mine",),
        kernel_log=(),
        guest_ns=6000 * MS,
        perturbed=(),
        switches=None,
    )
    return replace(healthy, **changes)
