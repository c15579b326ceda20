"""Tests of the machine: NUMA nodes, ticks, deadline servers, kicks, and the scheduler's own coming and going."""

from __future__ import annotations

from case import Case, then_read
from demands import NORMAL_EXIT, attaches_each_time, counts, gets_share, grows, same_bandwidth, stays

from ktstr import (
    Affinity,
    At,
    Attach,
    BpfMapWrite,
    CgroupDef,
    Detach,
    Pause,
    ReadFile,
    ReadGlobals,
    Reload,
    Scenario,
    SpinWait,
    Step,
    StopWorkers,
    Workers,
    WriteFile,
    YieldHeavy,
)

__all__ = ["MACHINE"]

# Of the kernel's `enum scx_ops_flags`, and SCX_PICK_IDLE_IN_NODE.
ENQ_LAST, PARTIAL, IDLE_PER_NODE, PICK_IDLE_IN_NODE = 1 << 1, 1 << 3, 1 << 6, 1 << 1
RELOADS, AT_ONCE = 32, 2  # more takes an emulated machine many minutes


def total_bandwidth() -> Case:
    read = At(0.25, ReadFile("/sys/kernel/debug/sched/debug", "total_bw"))
    twice = (
        WriteFile(f"/sys/kernel/debug/sched/fair_server/cpu{cpu}/runtime", "100000000") for cpu in range(4)
    )
    return Case(
        "total_bw",
        "leaves the bandwidth of the deadline servers as it was, also if that of fair was changed",
        Scenario(
            (CgroupDef("load", 4, work=SpinWait()),),
            steps=(
                Step("bare", read, attached=False, hold=0.3),
                Step("loaded", read, hold=0.3),
                Step("unloaded", Detach(), read, hold=0.3),
                Step("doubled", *twice, read, hold=0.3),
                Step("loaded again", Attach(), read, hold=0.3),
                Step("doubled again", Detach(), read, hold=0.3),
            ),
        ),
        (
            stays,
            same_bandwidth(
                (
                    ("bare", "loaded"),
                    ("bare", "unloaded"),
                    ("bare", "loaded again"),
                    ("doubled", "doubled again"),
                ),
                (("doubled", "bare"),),
            ),
        ),
        bpf="minimal",
    )


def rt_stall() -> Case:
    pair = CgroupDef(
        "load",
        groups=(
            Workers(1, SpinWait(), affinity=Affinity.exact({0})),
            Workers(1, SpinWait(), "fifo", affinity=Affinity.exact({0}), priority=30),
        ),
    )
    return Case(
        "rt_stall",
        "gives a task 4 % of a CPU that a real-time task keeps busy, with the scheduler and without",
        Scenario(
            (pair,),
            steps=(
                Step("fair", hold=5, attached=False),
                Step("ext", hold=5),
                Step("fair again", Detach(), hold=5),
                Step("ext again", Attach(), hold=5),
            ),
        ),
        (stays, gets_share(0, 4)),
    )


def nohz_tick() -> Case:
    """A CPU without a tick, on which a task with an infinite slice has run, then gets tasks with finite ones."""
    on_it = Affinity.exact({1})

    def task(name: str) -> CgroupDef:
        return CgroupDef(name, 1, policy="ext", affinity=on_it)

    return Case(
        "nohz_tick",
        "restarts the tick of a NOHZ_FULL CPU for tasks with a finite slice",
        Scenario(
            (),
            steps=(
                Step("infinite", task("infinite"), hold=0.2),
                Step("idle", Pause("infinite"), ReadGlobals("nr_inf_running"), hold=0.1),
                Step("finite", BpfMapWrite(".bss", "finite_phase", 1), task("finite"), hold=0.5),
                Step("idle again", ReadGlobals("nr_finite_ticks"), StopWorkers("finite"), hold=0.1),
                Step("once more", ReadGlobals("nr_finite_running"), task("more"), hold=0.5),
                Step("detached", Detach(), ReadGlobals("nr_finite_running", "nr_finite_ticks"), hold=0.05),
            ),
        ),
        (stays, counts("nr_inf_running >= 1"), grows("nr_finite_running", 1), grows("nr_finite_ticks", 3)),
        declared={
            "rodata": {"test_cpu": 1},
            "values": {"nohz_tick_ops.flags": PARTIAL | ENQ_LAST},
            "kargs": ["nohz_full=1"],
        },
    )


MACHINE: tuple[Case, ...] = (
    Case(
        "numa",
        "picks idle CPUs of the task's own node",
        then_read(Step("work", hold=1), read=("uei.kind",)),
        (stays, counts(NORMAL_EXIT)),
        declared={
            "values": {"numa_ops.flags": IDLE_PER_NODE},
            "rodata": {"__COMPAT_SCX_PICK_IDLE_IN_NODE": PICK_IDLE_IN_NODE},
            "topology": (2, 2, 2, 1),
        },
    ),
    Case(
        "cyclic_kick_wait",
        "makes progress although three CPUs kick each other in a circle and wait",
        then_read(
            Step("kick", hold=2),
            read=("nr_wait_kicks", "uei.kind"),
            before=CgroupDef(
                "load",
                groups=tuple(Workers(4, YieldHeavy(), affinity=Affinity.exact({cpu})) for cpu in range(3)),
            ),
        ),
        (stays, counts(NORMAL_EXIT, "nr_wait_kicks > 0")),
        declared={"rodata": {"test_cpu_a": 0, "test_cpu_b": 1, "test_cpu_c": 2}},
    ),
    nohz_tick(),
    rt_stall(),
    total_bandwidth(),
    Case(
        "reload_loop",
        f"is attached and detached in a tight loop by two at once, {RELOADS} times each (the tree: 1024)",
        Scenario((), steps=(Step("loop", Reload(RELOADS, AT_ONCE), hold=0.1),)),
        (stays, attaches_each_time(RELOADS * AT_ONCE)),
        bpf="maximal",
    ),
)
"""All of them."""
