"""The commonest bugs of all leave tasks in a queue for ever: the kernel's watchdog or a check says which, no hang does.

Each bug in two forms: the kernel's threads, and tasks that find an idle CPU, get one directly; or every task is queued,
so that nobody runs, and RCU and the kernel's workers stand still as well.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from embedded import program_with

from ktstr import CgroupDef, Ctx, Scheduler, ktstr_test
from ktstr.bpf.build import build_bpf
from ktstr.checks.verdict import VerdictFailed

SOURCE = Path(__file__).parent / "bpf" / "stalls.bpf.c"
# Where a task of each bug waits.
WHERE = {
    "EMPTY_DISPATCH": r"on DSQ 0",
    "EMPTY_ENQUEUE": r"in no DSQ, enqueued on CPU [0-3]",
    "WRONG_DSQ": r"on DSQ 1",
}


def stalls(*bugs: str) -> Scheduler:
    return Scheduler(name="stalls", bpf=SOURCE, bpf_cflags=tuple(f"-D{bug}" for bug in bugs))


def first_line(ctx: Ctx, scheduler: Scheduler, hold_s: float = 2) -> str:
    """The first line of the failure under `scheduler`."""
    test = replace(ctx.test, scheduler=scheduler, sched_args=scheduler.sched_args)
    guest = Ctx(test, ctx.kernel, "auto", ctx.seed, ctx.artifacts)
    with pytest.raises(VerdictFailed) as failed:
        guest.run(CgroupDef("cg", 2 * test.topology.cpus), hold_s=hold_s)
    line = str(failed.value).partition("\n")[0].removeprefix("BUG SUMMARY: ")
    print(line)
    return line


@pytest.mark.parametrize("bug", WHERE)
@ktstr_test(cores=2)
def a_worker_that_is_never_taken_is_named_with_its_queue(ctx: Ctx, bug: str) -> None:
    assert re.fullmatch(
        r"stalls: [2-4] workers did no work in 2\.00 guest seconds: starved .*; "
        rf"ktstr-w\d was runnable for \d+ ms {WHERE[bug]},? while CPU \d"
        r"(?: ran ktstr-w\d\[\d+\]|, which it may use, idled)",
        first_line(ctx, stalls(bug)),
    )


@pytest.mark.parametrize("bug", WHERE)
@ktstr_test(cores=2)
def a_scheduler_that_runs_nobody_is_ejected_and_a_task_named(ctx: Ctx, bug: str) -> None:
    assert re.fullmatch(
        r"stalls was ejected by the kernel(?: on CPU \d)?: runnable task stall: (?:"
        r".*\[\d+\] failed to run for 1\d\.\d+s"
        # The watchdog is a task, too, and mostly the first that is missed.
        rf"|watchdog failed to check in for 1\d\.\d+s; .*\[\d+\] had waited longest, \d+ ms {WHERE[bug]})",
        first_line(ctx, stalls(bug, "NO_IDLE")),
    )


@ktstr_test(cores=2)
def what_the_scheduler_or_its_declaration_says_of_the_watchdog_stays(ctx: Ctx) -> None:
    own = replace(stalls("EMPTY_DISPATCH", "NO_IDLE"), values={"stalls_ops.timeout_ms": 4000})
    assert re.search(
        r"watchdog failed to check in for 4\.\d+s|failed to run for [4-6]\.", first_line(ctx, own)
    )


@pytest.mark.parametrize("bug", WHERE)
@ktstr_test(cores=2)
def a_program_that_loads_its_own_bpf_is_left_to_the_watchdog_of_the_kernel(
    ctx: Ctx, bug: str, tmp_path: Path
) -> None:
    program = program_with(build_bpf(SOURCE, ctx.kernel, (f"-D{bug}", "-DNO_IDLE")), "misbehaves", tmp_path)
    assert re.fullmatch(
        r"stalls was ejected by the kernel(?: on CPU \d)?: runnable task stall: (?:"
        r".*\[\d+\] failed to run for 3\d\.\d+s"
        rf"|watchdog failed to check in for 3\d\.\d+s; .*\[\d+\] had waited longest, \d+ ms {WHERE[bug]})",
        first_line(ctx, Scheduler(name="stalls", binary_path=program, sched_args=("stay",))),
    )
