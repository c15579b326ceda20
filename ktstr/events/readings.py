"""What a scenario read in the guest: globals of the scheduler, files, and what programs run on demand returned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ktstr.events.event import Event

__all__ = [
    "FileRead",
    "GlobalRead",
    "ProgramRun",
    "RefusedReading",
    "read_files",
    "read_globals",
    "read_program_runs",
    "read_refused",
]


@dataclass(frozen=True)
class GlobalRead:
    """A global of the scheduler, as it was read by `ReadGlobals`."""

    path: str
    """Its path in C."""
    value: int
    """Its value."""
    at_ns: int
    """When, in guest ns since boot."""
    phase: str = ""
    """The step in which it was read; empty for a scenario without steps."""


@dataclass(frozen=True)
class RefusedReading:
    """A global that could not be read, or a program that could not be run, because there is none such."""

    operation: Literal["ReadGlobals", "RunProgram"]
    """What was asked for."""
    name: str
    """The global's path, or the program's name, as requested."""
    why: str
    """The reason."""
    known: tuple[str, ...] = ()
    """The globals that there are, if there is none of that name."""


@dataclass(frozen=True)
class FileRead:
    """A file of the guest, as it was read by `ReadFile`."""

    path: str
    """The file."""
    text: str
    """Its lines, or those of them that were asked for."""
    whole: bool
    """Whether there were no more of them than are kept."""
    at_ns: int
    """When, in guest ns since boot."""
    phase: str = ""
    """The step in which it was read; empty for a scenario without steps."""


@dataclass(frozen=True)
class ProgramRun:
    """A `SEC("syscall")` program of the scheduler that was run by `RunProgram`."""

    program: str
    """Its name."""
    returned: int
    """What it returned."""
    context: Mapping[str, int]
    """The members of its context that were given, by path, as it left them; u64s by their number: `0`, `1`."""
    at_ns: int
    """When it had run, in guest ns since boot."""
    phase: str = ""
    """The step in which it was run; empty for a scenario without steps."""
    least: int | None = None
    """The least that it was to return; None: any."""
    most: int | None = None
    """The most that it was to return; None: any."""

    @property
    def as_expected(self) -> bool:
        """Whether it returned what it was to."""
        return self.least is None or self.most is None or self.least <= self.returned <= self.most


def read_globals(events: Sequence[Event]) -> tuple[GlobalRead, ...]:
    """The globals that were read, in order."""
    return tuple(
        GlobalRead(event["path"], event["value"], event["t"], phase) for phase, event in _of(events, "global")
    )


def read_refused(events: Sequence[Event]) -> RefusedReading | None:
    """The first global that could not be read, or program that could not be run; None if there is none."""
    for event in events:
        if event.get("ev") == "global_refused":
            known = (one["name"] for one in events if one.get("ev") == "global_known")
            return RefusedReading("ReadGlobals", event["path"], event["why"], tuple(dict.fromkeys(known)))
        if event.get("ev") == "program_refused":
            return RefusedReading("RunProgram", event["name"], event["why"])
    return None


def read_files(events: Sequence[Event]) -> tuple[FileRead, ...]:
    """The files that were read, in order."""
    return tuple(
        FileRead(event["path"], event["text"], bool(event["whole"]), event["t"], phase)
        for phase, event in _of(events, "file")
    )


def read_program_runs(events: Sequence[Event]) -> tuple[ProgramRun, ...]:
    """The programs that were run on demand, in order."""
    return tuple(
        ProgramRun(
            event["name"],
            event["returned"],
            _context(event["context"]),
            event["t"],
            phase,
            event.get("least"),
            event.get("most"),
        )
        for phase, event in _of(events, "program_ran")
    )


def _of(events: Sequence[Event], kind: str) -> Iterator[tuple[str, Event]]:
    """The events of a kind, each with the step that it is in."""
    phase = ""
    for event in events:
        if event.get("ev") == "phase":
            phase = event["name"]
        elif event.get("ev") == kind:
            yield phase, event


def _context(text: str) -> dict[str, int]:
    """`pid=7 cpu=-1`, or `7 8`, as the agent writes it; what is neither is left out."""
    values = {}
    for at, word in enumerate(text.split(" ") if text else ()):
        path, _, number = word.rpartition("=")
        if number.removeprefix("-").isdecimal() and len(number) <= 20:
            values[path or str(at)] = int(number)
    return values
