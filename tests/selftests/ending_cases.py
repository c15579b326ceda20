"""Tests whose scheduler leaves, or is refused. The codes are those of the kernel's `enum scx_exit_code`."""

from __future__ import annotations

from typing import Any

from case import WAKEUPS, Case
from demands import exits, reads

from ktstr import At, CpuOffline, CpuOnline, ReadFile, RunProgram, Scenario, Step

__all__ = ["ENDINGS"]

RESTART, HOTPLUG = 1 << 48, 1 << 32  # SCX_ECODE_ACT_RESTART, SCX_ECODE_RSN_HOTPLUG
SEQUENCE = "/sys/kernel/sched_ext/hotplug_seq"


def exit_point(number: int, point: str) -> Case:
    return Case(
        "exit",
        "leaves by scx_bpf_exit() from each callback, with that code and message",
        part=point,
        declared={"rodata": {"exit_point": number}},
        demands=(exits("unregistered_by_bpf", number, str(number)),),
    )


def hotplug(part: str, ops: str, kind: str, code: int, *steps: Step) -> Case:
    return Case(
        "hotplug",
        "leaves when a CPU goes offline or online, or did before it attached: by itself with its callbacks' code, by"
        " the kernel if it has none",
        Scenario((WAKEUPS,), steps=steps),
        (exits(kind, code),),
        part,
        declared={"ops": ops},
    )


def off_first(*parts: Any) -> tuple[Step, Step]:
    return Step("off", CpuOffline(1), attached=False, hold=0.1), Step("on", *parts, hold=1)


def hotplug_attach() -> Case:
    """A CPU goes offline between the moment for which the program noted the sequence and the attach."""
    noted = 3  # the first CPU is online from the start, the three others came online while the guest booted
    return Case(
        "hotplug",
        "leaves at once: a CPU went offline after its program had noted the sequence of hotplug events",
        Scenario(
            (WAKEUPS,),
            steps=(
                Step("off", ReadFile(SEQUENCE), CpuOffline(1), attached=False, hold=0.1),
                Step("on", hold=0.5),
            ),
        ),
        (exits("unregistered_by_kernel", RESTART | HOTPLUG), reads(SEQUENCE, str(noted))),
        "attach",
        declared={"ops": "hotplug_nocb_ops", "values": {"hotplug_nocb_ops.hotplug_seq": noted}},
    )


def wrong_dispatch(of: str, does: str) -> Case:
    return Case(
        of, f"{does}: is ejected with a runtime error, and nothing else breaks", demands=(exits("error"),)
    )


ENDINGS: tuple[Case, ...] = (
    wrong_dispatch("ddsp_bogus_dsq_fail", "dispatches from ops.select_cpu() to a DSQ that does not exist"),
    wrong_dispatch("ddsp_vtimelocal_fail", "dispatches by vtime to a built-in DSQ"),
    wrong_dispatch("select_cpu_dispatch_bad_dsq", "dispatches to a DSQ that does not exist"),
    wrong_dispatch("select_cpu_dispatch_dbl_dsp", "dispatches a task twice in ops.select_cpu()"),
    Case(
        "enq_last_no_enq_fails",
        "is ejected: SCX_OPS_ENQ_LAST without ops.enqueue()",
        refused=r"SCX_OPS_ENQ_LAST requires ops\.enqueue\(\) to be implemented",
    ),
    *map(exit_point, range(6), ("select_cpu", "enqueue", "dispatch", "enable", "init_task", "init")),
    Case(
        "prog_run",
        "leaves when its syscall program is run, with that program's code",
        Scenario((WAKEUPS,), steps=(Step("run", At(0.2, RunProgram("prog_run_syscall")), hold=1),)),
        (exits("unregistered_by_bpf", 0xDEADBEEF, "Exited from PROG_RUN"),),
    ),
    hotplug(
        *("online", "hotplug_cb_ops", "unregistered_by_bpf", RESTART | 3), *off_first(At(0.2, CpuOnline(1)))
    ),
    hotplug(
        *("offline", "hotplug_cb_ops", "unregistered_by_bpf", RESTART | 1),
        Step("off", At(0.2, CpuOffline(1)), hold=1),
    ),
    hotplug(
        *("online_nocb", "hotplug_nocb_ops", "unregistered_by_kernel", RESTART | HOTPLUG),
        *off_first(At(0.2, CpuOnline(1))),
    ),
    hotplug(
        *("offline_nocb", "hotplug_nocb_ops", "unregistered_by_kernel", RESTART | HOTPLUG),
        Step("off", At(0.2, CpuOffline(1)), hold=1),
    ),
    hotplug_attach(),
    Case("maybe_null", "is accepted by the verifier: it checks the task that may be NULL"),
    Case(
        "maybe_null",
        "is refused by the verifier: ops.dispatch() uses a task that may be NULL",
        part="fail_dsp",
        bpf="maybe_null_fail_dsp",
        refused=r"maybe_null_fail_dispatch: R\d .*trusted_ptr_or_null_",
    ),
    Case(
        "maybe_null",
        "is refused by the verifier: ops.yield() uses a task that may be NULL",
        part="fail_yld",
        bpf="maybe_null_fail_yld",
        refused=r"maybe_null_fail_yield: R\d .*trusted_ptr_or_null_",
    ),
    Case(
        "non_scx_kfunc_deny",
        "is refused by the verifier: a TCP congestion control calls a kfunc of sched_ext",
        refused=r"calling kernel function scx_bpf_kick_cpu is not allowed",
        is_object=True,
    ),
)
"""All of them."""
