"""However a scheduler or its kernel ends, the failure's first line says how, and the record has the parts."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from breakable import PROVOKE, breakable_kernel
from embedded import SCHEDULERS, misbehaving

from ktstr import CgroupDef, Ctx, Scheduler, ktstr_test
from ktstr.checks.verdict import VerdictFailed
from ktstr.kernel.model import Kernel

SYSRQ = "/proc/sysrq-trigger"


def of(name: str, **rodata: int) -> Scheduler:
    """The scheduler of tests/schedulers/<name>.bpf.c."""
    return Scheduler(name=name, bpf=SCHEDULERS / f"{name}.bpf.c", rodata=rodata)


def failure(
    ctx: Ctx,
    scheduler: Scheduler,
    kernel: Kernel | None = None,
    watchdog_ms: int | None = None,
    workers: int = 2,
) -> tuple[str, list[str], dict[str, Any]]:
    """The first line of the failure, its sections' titles, and what the record has of the guest."""
    test = replace(ctx.test, scheduler=scheduler, sched_args=scheduler.sched_args, watchdog_ms=watchdog_ms)
    guest = Ctx(test, kernel or ctx.kernel, "auto", ctx.seed, ctx.artifacts)
    with pytest.raises(VerdictFailed) as failed:
        guest.run(CgroupDef("cg", workers), hold_s=3)
    text = str(failed.value)
    print(text)
    summary = text.partition("\n")[0].removeprefix("BUG SUMMARY: ")
    run: Any = guest.runs[0]
    assert run["verdict"]["summary"] == summary
    return summary, re.findall(r"^--- (.*) ---$", text, re.MULTILINE), run["guest"]


@ktstr_test()
def an_error_is_reported_with_its_message_backtrace_and_dump(ctx: Ctx) -> None:
    summary, sections, guest = failure(ctx, of("exits", after_ms=200))
    assert re.fullmatch(
        r"exits was ejected by the kernel(?: on CPU \d)?: scx_bpf_error: exits: failed after 200 ms", summary
    )
    assert sections == [
        "scheduler exit",
        "stats",
        "flight recorder",
        "scheduler log",
        "kernel log",
        "run queues",
        "maps",
        "sched_ext dump",
    ]
    left = guest["scheduler_exit"]
    assert (left["kind"], left["message"], left["status"]) == (
        "scx_bpf_error",
        "exits: failed after 200 ms",
        3,
    )
    assert any(re.match(r"bpf_prog_[0-9a-f]+_passed\+0x", frame) for frame in left["backtrace"])
    assert "CPU states" in left["dump"]
    assert left["trigger"] is not None


@ktstr_test()
def leaving_by_scx_bpf_exit_is_not_an_error(ctx: Ctx) -> None:
    summary, _, guest = failure(ctx, of("exits", after_ms=200, exit_code=7))
    assert summary == "exits left: unregistered from BPF (code 0x7): exits: done after 200 ms"
    left = guest["scheduler_exit"]
    assert (left["kind"], left["code"], left["dump"]) == ("unregistered_by_bpf", 7, ())


@ktstr_test()
def a_stall_is_reported_with_the_task_that_stalled(ctx: Ctx) -> None:
    summary, _, guest = failure(ctx, of("starve"), watchdog_ms=400)
    assert re.fullmatch(
        r"starve was ejected by the kernel(?: on CPU \d)?: runnable task stall: ktstr-w1\[\d+\] failed to run for"
        r" 0\.[4-7]\d\ds",
        summary,
    )
    left = guest["scheduler_exit"]
    assert left["kind"] == "stall"
    assert left["task"]["comm"] == "ktstr-w1"
    assert 0.4 < left["task"]["stalled_s"] < 0.8
    assert guest["watchdog_ms"] == 400
    assert any("ktstr-w1[" in line and line.endswith("ms") for line in left["dump"])


@ktstr_test()
def a_loop_in_bpf_lasts_until_the_watchdog_finds_it(ctx: Ctx) -> None:
    summary, _, guest = failure(ctx, of("stuck"), watchdog_ms=400)
    assert re.match(
        r"stuck was ejected by the kernel(?: on CPU \d)?: runnable task stall: watchdog failed to check in for \d+\.",
        summary,
    )
    assert (guest["scheduler_exit"]["kind"], guest["scheduler_exit"]["task"]) == ("stall", None)


@ktstr_test()
def a_watchdog_is_set_for_a_program_that_does_not_set_one(ctx: Ctx) -> None:
    """The kernel tree's own scheduler, whose tasks wait for one another longer than this; it prints the dump, too."""
    if not ctx.kernel.version.startswith("7"):
        pytest.skip("the newest source's programs need BPF that kernels before 7.0 do not have")
    simple = Scheduler(name="scx_simple", binary="scx_simple")
    summary, _, guest = failure(ctx, simple, watchdog_ms=8, workers=12)
    assert re.match(
        r"scx_simple was ejected by the kernel(?: on CPU \d)?: runnable task stall: "
        # The kernel's own watchdog is a waiting task, too; which task it sees first differs from kernel to kernel.
        r"(?:.*\[\d+\] failed to run|watchdog failed to check in) for 0\.",
        summary,
    )
    assert guest["watchdog_ms"] == 8
    assert "EXIT: runnable task stall" in "".join(guest["log"])


@ktstr_test()
def a_cpu_that_is_never_yielded_is_reported_with_the_kernels_diagnosis(ctx: Ctx) -> None:
    spins = replace(of("exits", after_ms=200, rounds=5), sysctls={"kernel.watchdog_thresh": "1"})
    summary, sections, guest = failure(ctx, spins)
    assert re.match(
        r"exits was ejected by the kernel(?: on CPU \d)?: runtime error: soft lockup - CPU[ #]\d stuck",
        summary,
    )
    assert sections[:2] == ["scheduler exit", "kernel bug"]
    # 7.3 may warn as well, when its watchdog moves the task that spins (put_prev_task_scx).
    assert "lockup" in [bug["kind"] for bug in guest["kernel_bugs"]]


@ktstr_test()
def sysrq_takes_a_scheduler_out(ctx: Ctx, tmp_path: Path) -> None:
    summary, _, guest = failure(ctx, misbehaving(ctx.kernel, tmp_path, "write", SYSRQ, "S"))
    assert summary == "misbehaves left: disabled by sysrq-S"
    assert guest["scheduler_exit"]["kind"] == "sysrq"


@ktstr_test()
def a_program_that_exits_takes_its_scheduler_along(ctx: Ctx, tmp_path: Path) -> None:
    summary, _, guest = failure(ctx, misbehaving(ctx.kernel, tmp_path, "exit", "7"))
    assert summary == "misbehaves left: its program ended with status 7"
    left = guest["scheduler_exit"]
    assert (left["kind"], left["status"], left["reason"]) == (
        "program_exited",
        7,
        "unregistered from user space",
    )


@ktstr_test()
def a_program_that_is_killed_is_reported_with_the_signal(ctx: Ctx, tmp_path: Path) -> None:
    summary, _, guest = failure(ctx, misbehaving(ctx.kernel, tmp_path, "signal", "11"))
    assert summary == "misbehaves left: its program was killed by signal 11 (SIGSEGV)"
    assert (guest["scheduler_exit"]["kind"], guest["scheduler_exit"]["signal"]) == ("program_killed", 11)


@ktstr_test(memory_mb=128)
def a_program_that_hoards_memory_is_killed_for_it(ctx: Ctx, tmp_path: Path) -> None:
    summary, _, guest = failure(ctx, misbehaving(ctx.kernel, tmp_path, "hoard"))
    assert summary == "misbehaves left: its program was killed because the guest ran out of memory"
    assert (guest["scheduler_exit"]["kind"], guest["scheduler_exit"]["signal"]) == ("oom_killed", 9)
    assert any("Out of memory: Killed process" in line for line in guest["kernel_log"])


@ktstr_test()
def a_panic_is_reported_with_the_kernels_log(ctx: Ctx, tmp_path: Path) -> None:
    """A real one that every kernel has; the log is what the console repeats, with what is too minor for it."""
    summary, sections, guest = failure(ctx, misbehaving(ctx.kernel, tmp_path, "write", SYSRQ, "c"))
    assert summary == "kernel panic under misbehaves: the guest's kernel panicked: sysrq triggered crash"
    assert sections[0] == "kernel bug"
    assert guest["kernel_bugs"][0]["kind"] == "panic"
    assert any(line.endswith('sched_ext: BPF scheduler "fixture" enabled') for line in guest["kernel_log"])


@pytest.mark.parametrize(
    ("what", "summary"),
    [
        (
            "WARNING",
            r"the kernel reported a bug under misbehaves \(warning\): WARNING: .*lkdtm_WARNING\+0x.*",
        ),
        ("BUG", r"the kernel oopsed under misbehaves: kernel BUG at .*"),
        ("PANIC", r"kernel panic under misbehaves: the guest's kernel panicked: dumptest"),
    ],
    ids=("warning", "bug", "panic"),
)
@ktstr_test()
def a_kernel_that_breaks_is_reported(ctx: Ctx, tmp_path: Path, what: str, summary: str) -> None:
    kernel = breakable_kernel()
    # The kernel is locked down for a program that is not.
    provokes = replace(misbehaving(kernel, tmp_path, "write", PROVOKE, what), privileged=True)
    told, sections, guest = failure(ctx, provokes, kernel)
    assert re.fullmatch(summary, told)
    assert "kernel bug" in sections
    assert any(f"lkdtm: Performing direct entry {what}" in line for line in guest["kernel_log"])
