"""What a payload did: how it ended, and what it printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from signal import Signals

from ktstr.events.event import Event

__all__ = ["PayloadRun", "all_payloads", "read_payloads"]


@dataclass(frozen=True)
class PayloadRun:
    """A payload from its start to its end, or to the end of the phase. Times are guest ns."""

    name: str
    """Its name."""
    cgroup: str
    """The cgroup that it was started in; empty: at the top."""
    began_ns: int
    """When it began, since boot."""
    cpu_ns: int
    """The CPU time of its whole process tree."""
    tasks: int = 0
    """How many tasks it had at the end of the hold."""
    runnable: int = 0
    """How many of them ran then, or wanted to."""
    ended_ns: int | None = None
    """When it was found to have ended, since boot: up to 50 ms late within a hold; None if it still ran."""
    status: int | None = None
    """The status with which it ended; None if it still ran, or was killed by a signal."""
    signal: int | None = None
    """The signal that killed it, if one did."""
    how: str = ""
    """Why it ended: `exited` (by itself), `told` (the scenario ended it), `timeout`; empty if it still ran."""
    left: int = 0
    """How many processes of it were there when its program had ended by itself; they were killed."""
    stdout: str = ""
    """What it printed: the first 192 KiB and the last 64, both of all that it printed."""
    stderr: str = ""
    """What it printed as errors, the same amount."""
    stdout_bytes: int = 0
    """How much that was."""
    stderr_bytes: int = 0
    """How much that was."""

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        return bool(self.how)

    @property
    def took_ns(self) -> int | None:
        """From its begin to its end; None if it still ran."""
        return None if self.ended_ns is None else max(0, self.ended_ns - self.began_ns)

    @property
    def end(self) -> str:
        """How it ended, in words: `ended with status 1`, `was killed by signal 11 (SIGSEGV)`."""
        if not self.how:
            return "still ran"
        if self.signal is None:
            return f"ended with status {self.status}"
        name = Signals(self.signal).name if self.signal in Signals._value2member_map_ else "unknown"
        return f"was killed by signal {self.signal} ({name})"


def read_payloads(events: Sequence[Event]) -> tuple[PayloadRun, ...]:
    """The payloads among the events of a phase, in the order of their starts, each once."""
    found: list[tuple[PayloadRun, dict[str, list[str]]]] = []
    for event in events:
        if event.get("ev") == "payload":
            found.append((_run(event), {"stdout": [], "stderr": []}))
        elif event.get("ev") == "payload_output" and found:
            texts = found[-1][1][event["stream"]]
            if lost := event.get("lost"):
                texts.append(f"\n(ktstr: {lost} bytes are left out)\n")
            texts.append(event["text"])
    return _joined(
        [
            replace(run, stdout="".join(texts["stdout"]), stderr="".join(texts["stderr"]))
            for run, texts in found
        ]
    )


def all_payloads(several: Sequence[Sequence[PayloadRun]]) -> tuple[PayloadRun, ...]:
    """Each payload over all phases."""
    return _joined([one for phase in several for one in phase])


def _joined(runs: Sequence[PayloadRun]) -> tuple[PayloadRun, ...]:
    """Those of one start as one: the last, with all of the CPU time."""
    found: dict[tuple[str, int], PayloadRun] = {}
    for run in runs:
        before = found.get((run.name, run.began_ns))
        found[run.name, run.began_ns] = (
            replace(run, cpu_ns=before.cpu_ns + run.cpu_ns) if before is not None else run
        )
    return tuple(found.values())


def _run(event: Event) -> PayloadRun:
    return PayloadRun(
        name=event["name"],
        cgroup=event["cgroup"],
        began_ns=event["began_ns"],
        cpu_ns=event["cpu_ns"],
        tasks=event["tasks"],
        runnable=event["runnable"],
        ended_ns=event.get("ended_ns"),
        status=event.get("status"),
        signal=event.get("signal"),
        how=event.get("how", ""),
        left=event.get("left", 0),
        stdout_bytes=event.get("stdout_bytes", 0),
        stderr_bytes=event.get("stderr_bytes", 0),
    )
