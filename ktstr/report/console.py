"""The terminal's text: a line per test and the footer. Colour is up to the caller."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ktstr.base.front_end import typed
from ktstr.report.case import Case, Outcome

__all__ = [
    "COLOURS",
    "WORDS",
    "Columns",
    "again_command",
    "counts_text",
    "kernel_row",
    "remembered",
    "test_name",
    "vm_row",
]

WORDS: Mapping[Outcome, str] = {
    "passed": "PASS",
    "failed": "FAIL",
    "skipped": "SKIP",
    "error": "ERROR",
    "inconclusive": "INCONCLUSIVE",
}
"""What the terminal calls each outcome."""
COLOURS: Mapping[Outcome, str] = {
    "passed": "green",
    "failed": "red",
    "skipped": "yellow",
    "error": "red",
    "inconclusive": "yellow",
}
"""The colour of each outcome on the terminal."""
_WIDEST_NAME = 48
_LONGEST_REASON = 60


def test_name(nodeid: str, kernel_ids: Iterable[str]) -> str:
    """The test's name without its file and without the kernel, which has a column of its own.

    The kernel is the first parameter: `test_a.py::basic[7.0-3]` with kernel id `7.0` is `basic[3]`.
    """
    name = nodeid.split("::", 1)[-1]
    head, bracket, parameters = name.partition("[")
    if bracket:
        for kernel_id in kernel_ids:
            if parameters == f"{kernel_id}]":
                return head
            if parameters.startswith(f"{kernel_id}-"):
                return f"{head}[{parameters.removeprefix(f'{kernel_id}-')}"
    return name


test_name.__test__ = False  # type: ignore[attr-defined]  # pytest would collect it where it is imported


@dataclass
class Columns:
    """The widths of the columns so far. A column only grows, so that lines already printed stay aligned."""

    total: int = 0
    name: int = 0
    kernel: int = 0
    topology: int = field(default=len("1n1l2c1t"))

    def widen(self, name: str) -> None:
        """Make room for a name, up to a limit that keeps lines readable."""
        self.name = max(self.name, min(len(name), _WIDEST_NAME))

    def case(self, case: Case, position: int, name: str) -> str:
        """The line of a case. `name` is what to call it."""
        self.widen(name)
        self.kernel = max(self.kernel, len(case.kernel.version))
        self.topology = max(self.topology, len(case.topology))
        columns = (
            f"{name:{self.name}} {case.kernel.version:{self.kernel}} {case.topology:{self.topology}} "
            f"{case.title}"
        )
        if remembered(case):
            columns += " (remembered)"
        return self._line(case.outcome, case.wall_s, position, columns, case.message)

    def plain(self, outcome: Outcome, nodeid: str, wall_s: float, position: int, message: str) -> str:
        """The line of a test that is not one of ktstr's."""
        return self._line(outcome, wall_s, position, nodeid, message)

    def _line(self, outcome: Outcome, wall_s: float, position: int, columns: str, message: str) -> str:
        word = WORDS[outcome]
        number = f"({position:{len(str(self.total))}}/{self.total})"
        line = f"{word} [{wall_s:{max(1, 10 - len(word))}.1f}s] {number} {columns}"
        return f"{line}: {message}" if message and outcome != "passed" else line


def counts_text(outcomes: Iterable[Outcome]) -> str:
    """`3 passed, 1 failed`; passed always, the others if there are any."""
    counts = Counter(outcomes)
    parts = [f"{counts['passed']} passed"]
    names: Mapping[Outcome, str] = {
        "failed": "failed",
        "error": "could not be run",
        "inconclusive": "inconclusive",
        "skipped": "skipped",
    }
    return ", ".join(
        parts + [f"{counts[outcome]} {text}" for outcome, text in names.items() if counts[outcome]]
    )


def kernel_row(cases: Sequence[Case]) -> str:
    """The footer's row of one kernel's cases: the count of each outcome, and the host seconds from first to last."""
    wall_s = max(case.started + case.wall_s for case in cases) - min(case.started for case in cases)
    return f"{counts_text(case.outcome for case in cases)} in {wall_s:.1f}s"


def vm_row(cases: Iterable[Case]) -> str:
    """How many VMs there were, where they came from and what ran them; empty if none was asked for."""
    asked = [case for case in cases if case.clock]
    if not asked:
        return ""
    vms = [run["vms"] for case in asked for run in case.runs]
    counts = ", ".join(
        f"{sum(some[how] for some in vms)} {how}" for how in ("booted", "cloned", "remembered")
    )
    machines = ", ".join(sorted({f"{case.accelerator}, {case.clock} clock" for case in asked}))
    seeds = sorted({case.seed for case in asked})
    how = f"{machines}, seed {seeds[0]}" + (f" to {seeds[-1]}" if len(seeds) > 1 else "")
    reason = next((case.clock_reason for case in asked if case.clock_reason), "")
    if len(reason) > _LONGEST_REASON:
        # It is the same in every run, and may have a message of the emulator in it.
        reason = f"{reason.partition(':')[0]}; `{typed('doctor')}` says more"
    return f"{counts}; {how}" + (f" ({reason})" if reason else "")


def remembered(case: Case) -> bool:
    """Whether the results of all of a test's VM runs were remembered from an earlier session."""
    return bool(case.runs) and not any(run["vms"]["booted"] or run["vms"]["cloned"] for run in case.runs)


def again_command(command: str | None, arguments: Sequence[str]) -> str:
    """The command that runs the failed tests once more.

    `command` is what the user typed, where something between the user and pytest says so; else it is pytest
    with its `arguments`.
    """
    words = shlex.split(command) if command else ["pytest", *arguments]
    return shlex.join([*(word for word in words if word not in ("--lf", "--last-failed")), "--lf"])
