"""What a test may not ask of a run: found before a guest is started."""

from __future__ import annotations

from collections.abc import Sequence

from ktstr.base.errors import KtstrError
from ktstr.checks.accepted import Limit
from ktstr.checks.registry import declared_checks
from ktstr.checks.thresholds import Checks
from ktstr.declare.test import KtstrTest
from ktstr.events.event import Event
from ktstr.events.monitor import read_lacks
from ktstr.scenario.operations.monitor import Monitor
from ktstr.vm.executor import Executor

__all__ = [
    "refuse_contradiction",
    "refuse_finer_than_turn",
    "refuse_unknown_variables",
    "refuse_without_monitor",
]


def refuse_contradiction(test: KtstrTest, checks: Checks | None) -> None:
    """KtstrError if `checks` of a run need a scheduler that works, and the test expects one that is ejected."""
    if test.expected and (working := (checks or Checks()).about_scheduling):
        raise KtstrError(f"ctx.run: checks: {', '.join(working)}: contradicts the test's expect_err")


def refuse_finer_than_turn(test: KtstrTest, limits: Checks, executor: Executor, *, bounded: bool) -> None:
    """KtstrError for a limit below the virtual clock's CPU turn: CPUs take turns, so it would not judge the
    scheduler."""
    cpus = test.topology.cpus
    waits = [
        (check.key, limit)
        for check in declared_checks()
        if isinstance(check.accepts, Limit) and check.accepts.of_wait
        if isinstance(limit := limits.limit(check), int | float) and limit is not False
    ]
    if cpus == 1 or not waits:
        return
    turn_ms = executor.cpu_turn_ns(cpus, bounded=bounded) / 1e6
    for name, limit_ms in waits:
        if limit_ms < turn_ms:
            raise KtstrError(
                f"{test.name}: {name}={limit_ms:g}: finer than the virtual clock's CPU turn here, {turn_ms:.3g} ms, in"
                " which a CPU waits for the emulator and not for the scheduler; must be that or more, or --clock real"
            )


def refuse_without_monitor(limits: Checks, monitor: Monitor | None) -> None:
    """KtstrError for a check of what a monitor samples, in a run that has none."""
    if monitor is None:
        for check in declared_checks():
            if check.monitored and (limit := limits.limit(check)) is not False:
                raise KtstrError(f"checks: {check.threshold}={limit}: needs monitor=Monitor(...)")


def refuse_unknown_variables(name: str, events: Sequence[Event]) -> None:
    """KtstrError for a variable that test `name` has sampled, and that the scheduler does not have."""
    for variable, why in read_lacks(events).items():
        raise KtstrError(f"{name}: Monitor: variables: {variable!r}: {why}")
