"""The table of all tests of the tree: what each demands, and which are not done, or not on every kernel, and why."""

from __future__ import annotations

from case import Case, Listed
from ending_cases import ENDINGS
from machine_cases import MACHINE
from task_cases import TASKS

from ktstr.kernel.spec import parse_version

__all__ = ["CASES", "LISTED", "page_table", "why_not"]

CASES: tuple[Case, ...] = tuple(sorted((*ENDINGS, *TASKS, *MACHINE), key=lambda case: case.of))
"""Every test that is done, or part of one, by name."""
NO_DEQUEUE = "7.0 does not call ops.dequeue() when a task leaves the BPF's queue to run"
LISTED: tuple[Listed, ...] = (
    *(
        Listed("dequeue", f"{NO_DEQUEUE}, so the BPF finds it enqueued twice", "7.3", f"scenario_{at}")
        for at in (2, 5, 6)
    ),
    Listed("dequeue_iter", f"{NO_DEQUEUE}; without other changes of tasks none is counted", "7.3"),
    Listed("dequeue_remote", f"{NO_DEQUEUE}, so the BPF finds one running that it still has", "7.3"),
    Listed(
        "enable_cmask",
        "7.0 has no cmask in `scx_enable_args`; the C program skips it, too. On every kernel it needs clang 19: before"
        " that, BPF's casts to an arena's address space do not exist",
        "7.3",
    ),
    Listed(
        "nohz_tick",
        "7.0 does not restart the tick in time: the task gets two ticks where 7.3 gives it all",
        "7.3",
    ),
    Listed("non_scx_kfunc_deny", "7.0 lets other struct_ops call the kfuncs of sched_ext", "7.3"),
    Listed(
        "total_bw",
        "7.0 leaves a fair server whose bandwidth was changed in place while a scheduler is attached",
        "7.3",
    ),
    Listed("test_example", "tests the tree's own runner; it has no BPF and attaches nothing"),
)
"""The tests that are not done, or not on every kernel."""


def why_not(case: Case, kernel: str) -> str:
    """Why a case is not done on a kernel of that version; empty if it is."""
    for one in LISTED:
        if one.before and one.names(case) and parse_version(kernel) < parse_version(one.before):
            return one.why
    return ""


def page_table() -> str:
    """The table in docs/selftests.md."""
    rows = ["| test | what it demands | kernels |", "| --- | --- | --- |"]
    for case in CASES:
        kernels = ", ".join(f"{one.before} on" for one in LISTED if one.names(case)) or "all"
        if case.clang:
            kernels += f"; with clang {case.clang} or later"
        part = f" ({case.part})" if case.part else ""
        rows.append(f"| `{case.of}`{part} | {case.does} | {kernels} |")
    rows += ["", "| listed | on | why |", "| --- | --- | --- |"]
    for one in LISTED:
        on = f"before {one.before}" if one.before else "every kernel"
        rows.append(f"| `{one.of}`{f' ({one.part})' if one.part else ''} | {on} | {one.why} |")
    return "\n".join(rows) + "\n"
