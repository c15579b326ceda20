"""Tests of what happens to tasks: where they are dispatched, and which callbacks they get."""

from __future__ import annotations

from case import Case, then_read
from demands import NORMAL_EXIT, counts, holds, stays

from ktstr import (
    Affinity,
    AffinityChurn,
    At,
    Bursty,
    CgroupDef,
    Detach,
    ForkExit,
    ReadGlobals,
    RunProgram,
    Scenario,
    SetAffinity,
    SetPolicy,
    Step,
    StopWorkers,
    Workers,
    YieldHeavy,
)

__all__ = ["TASKS"]

PARTIAL = 1 << 3  # SCX_OPS_SWITCH_PARTIAL


def dequeue(scenario: int, *conditions: str) -> Case:
    hammer = (At(0.005 * turn, SetAffinity("load", Affinity.exact({turn % 4}))) for turn in range(1, 100))
    counters = ("enqueue_cnt", "dequeue_cnt", "dispatch_dequeue_cnt", "change_dequeue_cnt", "uei.kind")
    return Case(
        "dequeue",
        "calls ops.dequeue() once for each task that it had taken, and never for one that it dispatched at once",
        then_read(Step("hammer", *hammer, hold=0.5), Step("work", hold=0.2), read=counters),
        (stays, counts(NORMAL_EXIT, *conditions)),
        f"scenario_{scenario}",
        declared={"values": {"test_scenario": scenario}},
    )


def dequeue_remote(part: str, by_dsq: int) -> Case:
    load = CgroupDef(
        "load", groups=(Workers(4, YieldHeavy()), Workers(4, Bursty(burst_ms=0.5, sleep_ms=0.1)))
    )
    counters = ("enqueue_cnt", "dequeue_cnt", "remote_running_cnt", "missed_dequeue_cnt", "uei.kind")
    return Case(
        "dequeue_remote",
        "calls ops.dequeue() before a task runs on another CPU than the one it was queued on",
        then_read(Step("work", hold=0.5), read=counters, before=load),
        (
            stays,
            counts(
                NORMAL_EXIT, "remote_running_cnt > 0", "enqueue_cnt == dequeue_cnt", "missed_dequeue_cnt == 0"
            ),
        ),
        part,
        declared={"values": {"test_use_move_to_local": by_dsq}},
    )


def sleepers(of: str, does: str, *conditions: str, read: str = "saw_local") -> Case:
    """1028 tasks that wake up a second later, as the tree's tests of ops.select_cpu() have them."""
    many = CgroupDef("load", 1028, work=Bursty(burst_ms=0.01, sleep_ms=1000), comm="select_cpu")
    # Forking a thousand tasks keeps a CPU busy for longer than the watchdog of one of the schedulers.
    steps = (Step("fork", hold=0.05, attached=False), Step("run", hold=1.3))
    scenario = then_read(*steps, read=(read,), before=many) if conditions else Scenario((many,), steps=steps)
    demands = (stays, counts(*conditions)) if conditions else (stays,)
    # The agent, which is a real-time task, keeps its CPU for more than a second while it reads a thousand tasks.
    watchdog = {"watchdog_timeout_s": 10} if of == "select_cpu_dispatch" else {}
    return Case(of, does, scenario, demands, test={"memory_mb": 1024, **watchdog})


def init_enable_count(part: str, flags: int, *conditions: str) -> Case:
    """Tasks that were there before, tasks that are forked, and tasks that join and leave the class."""
    counters = tuple(
        f"{name}_cnt"
        for name in ("init_task", "exit_task", "enable", "disable", "init_fork", "init_transition")
    )
    children = tuple(
        CgroupDef(name, 1, policy=policy)  # type: ignore[arg-type]
        for name, policy in (
            *((f"ext{at}", "ext") for at in range(5)),
            *((f"other{at}", "normal") for at in range(5)),
        )
    )
    leave = tuple(SetPolicy(f"ext{at}", "normal") for at in (0, 2, 4))
    stop = tuple(StopWorkers(child.name) for child in children)
    return Case(
        "init_enable_count",
        "calls init_task, exit_task, enable and disable as often as tasks appear, join, leave and end",
        Scenario(
            (CgroupDef("before", 1024, work=Bursty(burst_ms=0.01, sleep_ms=3_000)),),
            steps=(
                Step("there", hold=0.1, attached=False),
                Step("children", *children, hold=0.2),
                Step("leave", *leave, hold=0.1),
                Step("end", *stop, hold=0.1),
                Step("detached", Detach(), ReadGlobals(*counters), hold=0.05),
            ),
        ),
        (
            stays,
            counts(
                "init_task_cnt >= 1024",
                "exit_task_cnt >= 1024",
                "init_transition_cnt > init_fork_cnt >= 10",
                *conditions,
            ),
        ),
        part,
        declared={"values": {"init_enable_count_ops.flags": flags}} if flags else {},
        test={"memory_mb": 1024},
    )


def peek_dsq() -> Case:
    globals_ = ("insert_test_cpu", "dsq_peek_result1", "dsq_peek_result2", "dsq_peek_result2_expected")
    counters = ("enqueue_count", "debug_ksym_exists", "successful_peeks", "uei.kind")
    seen = tuple(f"peek_results[{at}]" for at in range(100))
    return Case(
        "peek_dsq",
        "peeks at a DSQ: nothing in an empty one, then the task that was put there, and tasks under load",
        then_read(
            Step("work", hold=0.5),
            read=(*globals_, *counters, *seen),
            before=CgroupDef("load", 4, work=Bursty(burst_ms=0.05, sleep_ms=1)),
        ),
        (
            stays,
            counts(
                NORMAL_EXIT,
                "enqueue_count > 0",
                "insert_test_cpu != -1",
                "dsq_peek_result1 == 0",
                "dsq_peek_result2 == dsq_peek_result2_expected",
                "debug_ksym_exists == 1",
                "successful_peeks > 0",
            ),
            holds("peek_results", 1),
        ),
    )


def from_userspace(of: str, does: str) -> Case:
    """A scheduler with a syscall program that picks an idle CPU for a task."""
    query = RunProgram("select_cpu_from_user", {"pid": "load/0"}, expect=range(4))
    load = CgroupDef("load", 1, work=Bursty(burst_ms=0.2, sleep_ms=20))
    scenario = then_read(Step("run", At(0.5, query), hold=1), read=("uei.kind",), before=load)
    return Case(of, does, scenario, (stays, counts(NORMAL_EXIT)))


TASKS: tuple[Case, ...] = (
    Case("minimal", "attaches with no callback at all"),
    Case("maximal", "attaches with every callback"),
    Case("create_dsq", "creates and destroys a DSQ for each task, and a thousand in a loop"),
    from_userspace(
        "allowed_cpus", "picks idle CPUs within its mask, also when its syscall program is run for a task"
    ),
    from_userspace(
        "enq_select_cpu", "picks idle CPUs in ops.enqueue(), also when its syscall program is run for a task"
    ),
    *(dequeue(number, "enqueue_cnt == dequeue_cnt == change_dequeue_cnt == 0") for number in (0, 1, 3, 4)),
    *(dequeue(number, "enqueue_cnt == dequeue_cnt > 0") for number in (2, 5, 6)),
    Case(
        "dequeue_iter",
        "can iterate over its DSQ in ops.dequeue()",
        then_read(Step("work", hold=1), read=("dq_count", "uei.kind")),
        (stays, counts(NORMAL_EXIT, "dq_count >= 10")),
    ),
    dequeue_remote("local_on", 0),
    dequeue_remote("move_to_local", 1),
    Case(
        "dsp_local_on",
        "dispatches to the local DSQ of any CPU",
        then_read(Step("work", hold=1), read=("uei.kind",)),
        (stays, counts(NORMAL_EXIT)),
        declared={"rodata": {"nr_cpus": 4}},
    ),
    Case(
        "enable_cmask",
        "gets in ops.enable() the cmask that ops.set_cmask() then has, while affinities change",
        then_read(
            Step(
                "churn",
                *(At(0.02 * turn, SetAffinity("load", Affinity.exact({turn % 4}))) for turn in range(1, 10)),
                hold=0.4,
            ),
            read=("nr_enable", "nr_initial_set_cmask", "nr_set_cmask", "nr_set_weight", "uei.kind"),
            before=CgroupDef(
                "load", groups=(Workers(8, AffinityChurn(), "ext"), Workers(8, ForkExit(), "ext"))
            ),
        ),
        (
            stays,
            counts(
                NORMAL_EXIT,
                "nr_enable >= 16",
                "nr_initial_set_cmask == nr_enable",
                "nr_set_cmask > nr_initial_set_cmask",
                "nr_set_weight >= nr_enable",
            ),
        ),
        clang=19,  # the first that casts to the address space of an arena
    ),
    init_enable_count("full", 0, "enable_cnt >= 10", "disable_cnt >= 10"),
    init_enable_count("partial", PARTIAL, "enable_cnt == 5", "disable_cnt == 5"),
    peek_dsq(),
    sleepers(
        "select_cpu_dfl",
        "never gets a task in ops.enqueue() whose CPU is idle: the default ops.select_cpu() dispatches it",
        "not saw_local",
    ),
    sleepers(
        "select_cpu_dfl_nodispatch",
        "is told by scx_bpf_select_cpu_dfl() that the CPU is idle, and dispatches to it in ops.enqueue()",
        "saw_local",
    ),
    sleepers("select_cpu_dispatch", "dispatches to built-in DSQs in ops.select_cpu(), for a thousand tasks"),
    Case(
        "select_cpu_vtime",
        "dispatches by vtime to its own DSQ in ops.select_cpu()",
        then_read(Step("work", hold=1), read=("consumed",)),
        (stays, counts("consumed")),
    ),
)
"""All of them."""
