"""The first line of a failure names the cause and whose it is: a fault in each stage from link to exit.

FAIL is the scheduler's, ERROR the test's or the host's. test_first_line_build.py has the stages before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from ktstr import Ctx, KtstrError, declare_scheduler, ktstr_test, scenarios
from ktstr.checks.verdict import VerdictFailed

FAULTS = Path(__file__).parent / "bpf" / "faults.bpf.c"
FAIL, ERROR = VerdictFailed, KtstrError


INIT = "was ejected by the kernel while it was being enabled: "
RUN = "was ejected by the kernel.*: "
REFUSED = "was refused by the verifier: "


@dataclass(frozen=True)
class Row:
    """A fault, by the macros that make it, and what is said of the scheduler, as a pattern; {kernel} is its version."""

    stage: str
    macros: str
    verdict: type[Exception]
    says: str

    @property
    def test_name(self) -> str:
        """The name of its test, and of its scheduler."""
        return f"{self.stage}_{self.macros.lower().replace(' ', '_')}"


ROWS = (
    Row("link", "UNDEFINED", ERROR, "uses symbol pick_queue, which no source of it defines"),
    Row("open", "TWO_OPS", ERROR, "has 2 schedulers: faults_ops, spare_ops; ops= says which one is meant"),
    Row(
        "open",
        "HUGE_TABLE",
        ERROR,
        r"the guest's \d+ MiB are too little for its map '.*bss'; memory_mb= gives it more",
    ),
    Row("relocate", "NO_KFUNC", FAIL, "calls kfunc scx_bpf_frobnicate, which kernel {kernel} lacks"),
    Row(
        "relocate", "NO_VARIABLE", FAIL, "needs variable nr_frobs of the kernel, which kernel {kernel} lacks"
    ),
    Row("relocate", "NO_CONFIG", FAIL, "needs .*CONFIG_FROBS.*"),
    Row("relocate", "NO_MEMBER", FAIL, REFUSED + r"faults_enqueue: .*struct task_struct\S*\.frobs.*"),
    Row(
        "verify",
        "UNCHECKED",
        FAIL,
        REFUSED + r"faults_dispatch: R1 invalid .*_or_null_' \(at faults\.bpf\.c:\d+\)",
    ),
    Row("verify", "ENDLESS", FAIL, REFUSED + "faults_dispatch: .*(?:too large|too complex|infinite loop).*"),
    Row(
        "load",
        "HUGE_MAP",
        FAIL,
        "could not be loaded: map shelf was refused by the kernel: .*; memory_mb= gives .*",
    ),
    Row("attach", "NAMELESS", FAIL, "could not be attached: faults_ops was refused by the kernel: .*"),
    Row("attach", "BAD_FLAGS", FAIL, "could not be attached: faults_ops was refused by the kernel: .*"),
    Row("attach", "BAD_TIMEOUT", FAIL, "could not be attached: faults_ops was refused by the kernel: .*"),
    Row(
        "attach",
        "NO_SUCH_SYMBOL",
        FAIL,
        r"could not be attached: program on_frob was refused by the kernel: .*",
    ),
    Row("init", "INIT_ERROR", FAIL, INIT + "scx_bpf_error: no queue for node 0"),
    Row("init", "INIT_ERROR EXIT_RECORDED", FAIL, INIT + "scx_bpf_error: no queue for node 0"),
    Row("init", "INIT_REFUSES", FAIL, INIT + r"runtime error: ops.init\(\) failed \(-12\)"),
    Row("init", "INIT_TWICE EXIT_RECORDED", FAIL, INIT + r"runtime error: ops.init\(\) failed \(-17\)"),
    Row("init", "INIT_TASK", FAIL, INIT + "runtime error: .*init_task.*-2.*"),
    Row("run", "NO_DSQ", FAIL, RUN + "runtime error: .*0x0*1234.*"),
    Row("run", "AFTER_A_WHILE EXIT_RECORDED", FAIL, RUN + r"scx_bpf_error: task \d+ is one too many"),
    # The kernel's log has the message of errors only.
    Row("exit", "LEAVES", FAIL, "left.*: unregistered from BPF"),
    Row(
        "exit", "LEAVES EXIT_RECORDED", FAIL, r"left.*: unregistered from BPF \(code 0x7\): enough for today"
    ),
    Row("exit", "LEAVES EXIT_IN_UEI", FAIL, r"left.*: unregistered from BPF \(code 0x7\): enough for today"),
)


def wanted(row: Row, kernel: str) -> str:
    """The pattern of the first line."""
    says = row.says.replace("{kernel}", re.escape(kernel))
    return (
        f"BUG SUMMARY: {row.test_name} {says}"
        if row.verdict is FAIL
        else rf"(?:\w+: )?scheduler {row.test_name}: {says}"
    )


for row in ROWS:
    SCHEDULER = declare_scheduler(
        name=row.test_name,
        bpf=FAULTS,
        bpf_cflags=[f"-D{macro}" for macro in row.macros.split()],
        topology="1n1l2c1t",
    )

    def fails(ctx: Ctx, row: Row = row) -> None:
        with pytest.raises(row.verdict) as failed:
            scenarios.steady(ctx)
        first = str(failed.value).splitlines()[0]
        assert re.fullmatch(wanted(row, ctx.kernel.version), first), first

    fails.__name__ = row.test_name
    globals()[row.test_name] = ktstr_test(scheduler=SCHEDULER, auto_repro=False, duration_s=0.2)(fails)

del fails  # or it would be collected by this name, too
