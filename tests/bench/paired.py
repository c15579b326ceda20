"""Commands measured in turns: CPU seconds of all their processes, and ratios of runs that were made side by side.

The host's speed drifts, and other work takes its cores: only what ran at about the same time can be compared, and
only CPU time, which waiting does not add to.
"""

from __future__ import annotations

import os
import re
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

__all__ = ["Checkout", "Command", "Took", "compared", "cpu_s", "first_line_s", "in_turns", "span", "took"]

_T = TypeVar("_T")
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Command:
    """A command, the folder that it runs in, and its environment."""

    words: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Checkout:
    """A checkout of ktstr: its folder, and one for the bytecode of all that its commands import."""

    root: Path
    bytecode: Path

    def command(self, *words: str, folder: Path, **variables: str) -> Command:
        """`python -m words` with the Python of its own .venv, or that which runs this, if it has none."""
        python = self.root / ".venv" / "bin" / "python"
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment |= {"PYTHONPATH": str(self.root)}
        environment["PYTHONPYCACHEPREFIX"] = str(self.bytecode)
        program = str(python) if python.is_file() else sys.executable
        return Command((program, "-m", *words), folder, environment | variables)


def cpu_s(command: Command, status: int = 0) -> float:
    """CPU seconds (user and system) of a command and all processes that it started and waited for.

    RuntimeError, with its output, if it does not end with `status`.
    """
    with _started(command) as process:
        assert process.stdout is not None  # it is a pipe
        said = process.stdout.read()
        _, ended, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(ended)
    if process.returncode != status:
        text = said.decode(errors="replace")[-2000:]
        raise RuntimeError(f"{' '.join(command.words)}: status {process.returncode}:\n{text}")
    return used.ru_utime + used.ru_stime


@dataclass(frozen=True)
class Took:
    """What a command took: host seconds until its end, and CPU seconds of all its processes."""

    wall_s: float
    cpu_s: float


def took(command: Command) -> Took:
    """What a command takes. RuntimeError, with its output, if it does not end with status 0."""
    begin = time.monotonic()
    used = cpu_s(command)
    return Took(time.monotonic() - begin, used)


def first_line_s(command: Command, *, pipe: bool = False) -> float:
    """CPU seconds of a command and its processes when it shows a word in a terminal or a pipe; they are then killed.

    RuntimeError if it says nothing.
    """
    output, end = os.pipe() if pipe else os.openpty()
    with _started(command, end, session=True) as process:
        os.close(end)
        shown = b""
        try:
            while not re.search(rb"\w\w", shown):  # colours and the movements of a cursor are no words
                if not (more := os.read(output, 4096)):
                    raise OSError("its pipe is closed")
                shown += more
            used = _session_cpu_s(process.pid)
            os.killpg(process.pid, signal.SIGKILL)
        except OSError as error:  # all that could write have ended
            raise RuntimeError(f"{' '.join(command.words)}: said nothing") from error
        finally:
            os.close(output)
    return used


def _started(
    command: Command, output: int = subprocess.PIPE, *, session: bool = False
) -> subprocess.Popen[bytes]:
    """The command, with `output` for all that it says, in a session of its own if so wanted."""
    return subprocess.Popen(
        command.words,
        cwd=command.folder,
        env=command.environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=session,
    )


def _session_cpu_s(session: int) -> float:
    """CPU seconds of all processes of a session, and of those that they have waited for: proc(5), /proc/pid/stat."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_bytes().rpartition(b")")[2].split()
        except OSError:  # it has ended
            continue
        if int(fields[3]) == session:
            ticks += sum(map(int, fields[11:15]))
    return ticks / _TICKS


def in_turns(measures: Sequence[Callable[[], _T]], times: range) -> list[list[_T]]:
    """What each measures, run in turns `times` times after a turn that does not count: then all of them are warm."""
    found: list[list[_T]] = [[] for _ in measures]
    for turn in (-1, *times):
        order = list(zip(measures, found, strict=True))
        for measure, values in (
            order if turn % 2 else reversed(order)
        ):  # who comes first has a warmer or colder host
            one = measure()
            if turn >= 0:
                values.append(one)
    return found


def span(values: Sequence[float]) -> str:
    """`1.25 s (1.20 to 1.31)`: the median, the least and the most."""
    return f"{statistics.median(values):.2f} s ({min(values):.2f} to {max(values):.2f})"


def compared(some: Sequence[float], others: Sequence[float]) -> str:
    """`ratio 1.05 (1.01 to 1.09)`: the median, least and most of the ratios of runs of the same turn."""
    ratios = [one / other for one, other in zip(some, others, strict=True)]
    return f"ratio {statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})"
