"""The result of a VM run: how it ended, its events, its console."""

from __future__ import annotations

import hashlib
import json
import re
import signal
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Literal

from ktstr.events.event import Event
from ktstr.events.stream import MOST_BYTES, Nonsense, parse_events

__all__ = [
    "EMULATOR_DIED",
    "GUEST_STATUSES",
    "SAID",
    "Ending",
    "Event",
    "Start",
    "VmResult",
    "classify",
    "ended_how",
    "parse_events",
    "read_said",
]

# The agent's values for isa-debug-exit, as the exit statuses that QEMU makes of them (2 * value + 1).
EXIT_DONE = 2 * 0x10 + 1
EXIT_AGENT_FAILED = 2 * 0x11 + 1
GUEST_STATUSES = (EXIT_DONE, EXIT_AGENT_FAILED, 0)
"""QEMU's exit statuses if its guest ended it; with any other one the end was the host's or QEMU's own doing."""

_PANIC = re.compile(r"Kernel panic - not syncing: (?P<why>.*)")
# What a program had the kernel do, by /proc/sysrq-trigger, that ends the guest as a hang does.
_SYSRQ = re.compile(r"sysrq: (?P<what>Power Off|Resetting)")
# What the kernel prints when it lacks memory (mm/oom_kill.c, init/initramfs.c, mm/page_alloc.c).
_OUT_OF_MEMORY = re.compile(
    r"Out of memory|System is deadlocked on memory|out of memory|not enough memory"
    r"|Initramfs unpacking failed: write error"
)


SAID = ("console.log", "events.jsonl")
"""The files with what a run's guest said: its console, its events."""

# Of the console of a guest that prints without end, both ends are kept: they have what matters.
_CONSOLE_LIMIT = 4 * 2**20


class Ending(Enum):
    """How a guest ended."""

    DONE = "done"
    """The agent carried out its plan."""
    AGENT_FAILED = "agent failed"
    """The agent reported an error of its own."""
    PANIC = "kernel panic"
    """The guest's kernel panicked."""
    OUT_OF_MEMORY = "out of memory"
    """The guest had too little memory to go on."""
    HANG = "hang"
    """The agent did not run for 30 guest seconds, or the guest was reset."""
    TIMEOUT = "timeout"
    """The guest did not end within the host seconds that it was given."""
    QEMU_DIED = "QEMU died"
    """The emulator ended by itself."""


EMULATOR_DIED = Ending.QEMU_DIED
"""The ending of a run whose emulator died, for code that does not know which emulator it is."""


Start = Literal["boot", "clone", "remembered"]
"""Where a result comes from: a booted guest, a clone of a template, or an earlier run of the same job."""


@dataclass(frozen=True)
class VmResult:
    """A run's result.

    `why` is one line that explains an ending other than DONE; `turn_ns` is the bounded CPU turn in guest nanoseconds,
    None if it was not bounded; `wall_s` is host seconds from the start of QEMU to its end. `template` is the key of the
    template that was cloned, empty if the guest was booted; `template_boot_s` is the host seconds of the template's
    boot, 0 if it existed before this run.
    """

    ending: Ending
    """How the guest ended."""
    why: str
    events: tuple[Event, ...]
    """What the agent reported, in order."""
    console: str
    """The text of the guest's console; of a very long one both ends."""
    qemu_output: str
    """What QEMU itself printed."""
    command: tuple[str, ...]
    """QEMU's command line; empty for a remembered result."""
    accelerator: str
    """`kvm` or `tcg`."""
    clock: str
    """`real` or `virtual`."""
    qemu_version: str
    """QEMU's version."""
    turn_ns: int | None
    wall_s: float
    start: Start
    """Where the result comes from: `boot`, `clone` or `remembered`."""
    template: str = ""
    template_boot_s: float = 0.0
    host_delay_ns: int = 0
    """With the real clock, for how many ns the host kept the emulator's threads waiting for a CPU, all together."""

    @property
    def emulator_version(self) -> str:
        """`qemu_version`, for code that does not know which emulator it is."""
        return self.qemu_version

    @property
    def events_sha256(self) -> str:
        """The SHA-256 of the whole event stream: with the virtual clock, equal for equal jobs."""
        return hashlib.sha256(json.dumps(self.events).encode()).hexdigest()

    def of(self, kind: str) -> list[Event]:
        """The events of one kind, in order."""
        return [event for event in self.events if event.get("ev") == kind]


def read_said(folder: Path) -> tuple[str, tuple[Event, ...]]:
    """The console and the events of the run in `folder`, from the files `SAID`; Nonsense if the events are none."""
    data = (folder / SAID[0]).read_bytes()
    if len(data) > _CONSOLE_LIMIT:
        half = _CONSOLE_LIMIT // 2
        data = data[:half] + b"\n[... the middle is left out ...]\n" + data[-half:]
    console = data.decode(errors="replace").replace("\r\n", "\n")
    path = folder / SAID[1]
    try:
        return console, parse_events(path.read_text(errors="replace"))
    except Nonsense as error:
        raise Nonsense(f"{error} (in {path})") from None


def classify(
    status: int, timed_out: bool, events: tuple[Event, ...], console: str, limit_s: float, output: str
) -> tuple[Ending, str]:
    """How a run ended and why, from QEMU's exit status (negative: a signal) and what the guest said."""
    panic = _PANIC.search(console)
    # A guest that reached its end reported everything; the verdict judges what it logged before.
    if status == EXIT_DONE and not timed_out:
        return Ending.DONE, ""
    if panic or status in (EXIT_AGENT_FAILED, 0) or timed_out:
        out_of_memory = _OUT_OF_MEMORY.search(console)
        if out_of_memory and status != EXIT_AGENT_FAILED:
            line = console[: out_of_memory.end()].count("\n")
            return Ending.OUT_OF_MEMORY, f"the guest ran out of memory: {_line(console, line)}"
    if panic:
        return Ending.PANIC, f"the guest's kernel panicked: {panic['why'].strip()}"
    if timed_out:
        last = events[-1].get("ev") if events else "none"
        return Ending.TIMEOUT, f"no end after {limit_s:g} s (last event: {last})"
    if status == EXIT_AGENT_FAILED:
        error = next((event for event in reversed(events) if event.get("ev") == "error"), {})
        return Ending.AGENT_FAILED, f"{error.get('where', 'agent')}: {error.get('what', 'no reason given')}"
    if status == 0 and (ended_by := _SYSRQ.search(console)):
        return Ending.HANG, f"a program in the guest ended it, by sysrq: {ended_by['what']}"
    if status == 0:
        return (
            Ending.HANG,
            "the guest hung (its agent did not run for 30 guest seconds) or was reset by a triple fault",
        )
    return Ending.QEMU_DIED, ended_how(status, output)


def ended_how(status: int, output: str) -> str:
    """How a QEMU ended that its guest did not end, in one line: its status (negative: a signal), its last words."""
    if abs(status) in (signal.SIGXFSZ, 128 + signal.SIGXFSZ):
        return f"the guest wrote more than {MOST_BYTES >> 20} MiB to its console or its events, and was ended for it"
    said = output.strip().splitlines()
    how = f"signal {-status}" if status < 0 else f"status {status}"
    return f"QEMU ended with {how}" + (f": {said[-1]}" if said else "")


def _line(text: str, number: int) -> str:
    lines = text.splitlines()
    return lines[number].strip() if number < len(lines) else ""
