"""The check `payloads`."""

from __future__ import annotations

from collections.abc import Iterator

from ktstr.base.values import shown
from ktstr.checks.evidence import Evidence
from ktstr.checks.registry import declare_check
from ktstr.checks.violation import Finding
from ktstr.events.payload import PayloadRun

__all__ = ["payloads"]

# In a phase shorter than this a program may wait its turn.
_LEAST_NS = 100_000_000
_SIGKILL = 9


@declare_check(always=True, rank=2)
def payloads(run: Evidence, _always: bool) -> Iterator[Finding]:
    """Every payload ended as its declaration says, in its time, and got a CPU if it wanted one."""
    for phase in run.report.phases:
        for one in phase.payloads:
            if one.how == "exited":
                yield from _ended(run, one)
            elif one.how == "timeout":
                took_s = (one.took_ns or 0) / 1e9
                yield Finding(
                    f"payload {one.name} did not end in {took_s:.2f} guest seconds, and was killed",
                    one.ended_ns,
                )
            elif not one.ended and one.runnable and not one.cpu_ns and phase.held_ns >= _LEAST_NS:
                yield Finding(
                    f"payload {one.name} did not run in {phase.held_ns / 1e9:.2f} guest seconds: starved"
                    f" ({one.runnable} of its {one.tasks} tasks wanted to)"
                )


def _ended(run: Evidence, one: PayloadRun) -> Iterator[Finding]:
    """What is wrong with the end of a payload that ended by itself."""
    declared = run.payloads.get(one.name)
    expected = declared.expect_status if declared else None
    if one.signal is None and (expected is None or one.status == expected):
        return
    after = f" after {(one.took_ns or 0) / 1e9:.2f} guest seconds"
    wanted = "" if expected is None or one.signal is not None else f", expected {expected}"
    memory = ""
    if one.signal == _SIGKILL and any(
        "Out of memory: Killed process" in line for line in run.report.kernel_log
    ):
        memory = "; the kernel was out of memory, memory_mb= gives the guest more"
    said = _last_line(one.stderr) or _last_line(one.stdout)
    yield Finding(
        f"payload {one.name} {one.end}{wanted}{after}{memory}{f': {said}' if said else ''}", one.ended_ns
    )


def _last_line(text: str) -> str:
    """The last line that says something, as a message can show it."""
    line = next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")
    return line if line.isprintable() and len(line) <= 200 else shown(line) if line else ""
