"""What a user waits for at the desk: the first line of every task, and sessions whose results are remembered."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from paired import Checkout, Command, Took, compared, cpu_s, first_line_s, in_turns, span, took

__all__ = ["edits", "first_lines", "remembered", "write_project"]

BPF = Path(__file__).parents[1] / "schedulers" / "fixture.bpf.c"
_DISTINCT = 10  # jobs: each guest that a session of remembered tests has needed
_FILE = """
from ktstr import CgroupDef, Ctx, declare_scheduler, ktstr_test

FIXTURE = declare_scheduler(name="fixture", bpf="fixture.bpf.c", topology=(1, 1, 2, 1))


def made(number):
    @ktstr_test(scheduler=FIXTURE)
    def remembered(ctx: Ctx) -> None:
        ctx.run(CgroupDef("w", 2 + number % {distinct}), hold_s=0.1)

    return remembered


for number in range({tests}):
    globals()[f"test_{{number}}"] = made(number)
"""
_EDITED = """
from ktstr import CgroupDef, Ctx, declare_scheduler, ktstr_test

FIXTURE = declare_scheduler(name="fixture", bpf="fixture.bpf.c", topology=(1, 2, 4, 1))


@ktstr_test(scheduler=FIXTURE)
def smoke(ctx: Ctx) -> None:
    ctx.run(CgroupDef("w", 12), hold_s=2.0)
"""
# What each task needs in order to begin in earnest; what would last is killed at its first line. Those that would
# remove, fetch or install something are asked for what is refused, which they find at their start.
_TASKS: dict[str, Sequence[str]] = {
    "--help": (),
    "init": ("--bpf", "nosuch.bpf.c"),
    "verifier": ("--kernel", "{kernel}", "--preset", "tiny-1llc"),
    "replay": ("nosuch.json",),
    "bisect": ("nosuch",),
    "shell": ("--kernel", "nosuch"),
    "verify": ("nosuch.bpf.o",),
    "vmlinux-h": ("--kernel", "nosuch"),
    "initramfs": ("--kernel", "{kernel}"),
    "kernel-list": (),
    "kernel-fetch": ("{kernel}",),
    "kernel-build": ("nosuch",),
    "kernel-configure": ("nosuch",),
    "kernel-clean": ("--keep", "nosuch"),
    "sched-build": ("--nosuch",),
    "doctor": (),
    "setup": ("--nosuch",),
    "cache": (),
}


def write_project(folder: Path, tests: int) -> None:
    """A project of BPF tests, `_DISTINCT` of which are different jobs, in `folder`."""
    folder.mkdir()
    shutil.copy(BPF, folder)
    (folder / "test_bench.py").write_text(_FILE.format(tests=tests, distinct=_DISTINCT))


def first_lines(kernel: str, folder: Path, times: range, checkouts: Sequence[Checkout]) -> None:
    """Print the CPU seconds that every task takes to its first line, for each checkout, and their ratio."""
    print("first-line: CPU seconds from a task's start to its first words; limits: 0.3 s, test 1.5 s")
    project = folder / "tasks"
    write_project(project, 1)
    for where in ("terminal", "pipe"):
        for task, given in (_TASKS | {"test": ("--kernel", kernel)}).items():
            words = ("ktstr", task, *(word.format(kernel=kernel) for word in given))
            commands = [one.command(*words, folder=project) for one in checkouts]
            measures = [partial(first_line_s, command, pipe=where == "pipe") for command in commands]
            _tell(f"{where:8} {task}", 26, in_turns(measures, times))


def remembered(kernel: str, folder: Path, times: range, checkouts: Sequence[Checkout]) -> None:
    """Print the CPU seconds of sessions of 50 and of 500 BPF tests whose results are remembered."""
    print(
        "remembered: CPU seconds of a session, all results remembered; limits: 50 tests 2.5 s, 500 tests 8 s"
    )
    for tests in (50, 500):
        project = folder / f"remembered-{tests}"
        write_project(project, tests)
        for name, words in (("pytest", ("pytest", "-q", "-n0")), ("ktstr test", ("ktstr", "test"))):
            commands = [one.command(*words, "--kernel", kernel, folder=project) for one in checkouts]
            measures = [partial(cpu_s, command) for command in commands]
            _tell(f"{tests} tests, {name}", 21, in_turns(measures, times))


def edits(kernel: str, folder: Path, times: range, checkouts: Sequence[Checkout]) -> None:
    """Print what it takes from an edit of a BPF scheduler to its verdict, by `ktstr test` and by `nox -s test`."""
    print(
        "edits: from an edit to the verdict, 8 CPUs, 2 s hold; limits on an idle host: ktstr 3.5 s, nox 4.5 s"
    )
    project = folder / "edits"
    project.mkdir()
    shutil.copy(BPF, project)
    (project / "test_bench.py").write_text(_EDITED)
    (project / "noxfile.py").write_text("from ktstr.nox import add_sessions\n\nadd_sessions()\n")

    def edited(command: Command) -> Took:
        text = BPF.read_text()
        (project / BPF.name).write_text(
            f"{text}\nconst volatile unsigned long long edited = {time.time_ns()}ULL;\n"
        )
        return took(command)

    rest = ("--kernel", kernel, "-k", "smoke")
    for name, words in (("ktstr test", ("ktstr", "test")), ("nox -s test", ("nox", "-s", "test", "--"))):
        commands = [one.command(*words, *rest, folder=project) for one in checkouts]
        found = in_turns([partial(edited, command) for command in commands], times)
        _tell(name, 17, [[one.wall_s for one in some] for some in found])
        _tell(f"{name}, CPU", 17, [[one.cpu_s for one in some] for some in found])


def _tell(what: str, width: int, found: Sequence[Sequence[float]]) -> None:
    ratio = f"; of the base {span(found[1])}, {compared(found[0], found[1])}" if len(found) > 1 else ""
    print(f"  {what:{width}} {span(found[0])}{ratio}", flush=True)
