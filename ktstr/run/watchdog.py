"""For how long a task may wait before the kernel ejects a scheduler, if nobody says it."""

from __future__ import annotations

from ktstr.run.program import Program
from ktstr.run.scenario_run import ScenarioRun

__all__ = ["needs_patience", "watchdog_ms", "watched_command"]

_LEAST_S = 10.0
_BESIDE_HOLDS_S = 5.0
# The kernel's own, which is also the most that it takes (SCX_WATCHDOG_MAX_TIMEOUT in kernel/sched/ext.c).
_OF_KERNEL_S = 30.0
# What is surely over before the guest's own limit, 30 s after the agent ran for the last time.
_SHORT_S = 25.0


def watchdog_ms(total_s: float) -> int | None:
    """The watchdog's timeout in guest ms for holds of `total_s` seconds together; None: the kernel's own.

    It is more than the holds: a worker that waits throughout is judged by the checks, which say more. It is less than
    what RCU and the guest's own limit wait for: a scheduler that runs nobody stops those, too, and only sched_ext's
    watchdog says which task waited.
    """
    timeout_s = max(_LEAST_S, total_s + _BESIDE_HOLDS_S)
    return round(timeout_s * 1000) if timeout_s < _OF_KERNEL_S else None


def watched_command(run: ScenarioRun, program: Program) -> tuple[str, ...]:
    """The command of a scheduler's `program` in `run`, which sets the watchdog of one that has none of its own.

    Only ktstr's loader can, and only with the virtual clock: on a slow host the time of the real one passes while the
    guest does not run. What the test sets (`watchdog_timeout_s`) comes first.
    """
    ms = _of_loader(run, program)
    return program.command if ms is None else (*program.command, "--watchdog", str(ms))


def needs_patience(run: ScenarioRun) -> bool:
    """Whether a scheduler's watchdog may take as long as the guest's own: a program that loads its own BPF sets it."""
    programs = [program for program in (run.program, *run.others.values()) if program.command]
    if run.test.watchdog_ms is not None:
        return bool(programs) and run.test.watchdog_ms > _SHORT_S * 1000
    return any((_of_loader(run, program) or _OF_KERNEL_S * 1000) > _SHORT_S * 1000 for program in programs)


def _of_loader(run: ScenarioRun, program: Program) -> int | None:
    """What the loader is told; None if nothing, or if it is another program."""
    wanted = program.is_loader and run.clock == "virtual" and run.test.watchdog_ms is None
    return watchdog_ms(run.total_s) if wanted else None
