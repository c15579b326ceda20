"""Judging a run: each check on both sides of its limit; it names who, the measured value and the limit."""

from typing import Any

import pytest
from report_data import MS, report, workers

from ktstr import CgroupDef, Checks, Cpuset, Topology
from ktstr.checks.evidence import Evidence
from ktstr.checks.judge import judge
from ktstr.checks.thresholds import DEFAULT_CHECKS
from ktstr.events.exit import SchedulerExit
from ktstr.events.kernel_log import KernelBug
from ktstr.events.report import GuestReport
from ktstr.events.state import SchedulerState
from ktstr.scenario.cgroup import Policy

TOPOLOGY = Topology(1, 1, 4, 1)


def judged(
    guest: GuestReport, *cgroups: CgroupDef, sched_ext: bool = True, **checks: Any
) -> list[tuple[str, str]]:
    """The violations of a run of `cgroups` (none: one cgroup `cg`) with `checks` over the defaults."""
    limits = Checks(**checks).over(DEFAULT_CHECKS)
    run = Evidence(guest, TOPOLOGY, cgroups or (CgroupDef("cg"),), sched_ext)
    return [(violation.check, violation.message) for violation in judge(run, limits)]


def test_a_healthy_run_violates_nothing() -> None:
    assert judged(report()) == []


# not_stuck


def test_a_worker_that_did_nothing_is_starved() -> None:
    assert judged(report(workers=workers({}, {"iterations": 0, "run_ns": 0})), max_spread_pct=False) == [
        (
            "not_stuck",
            "worker cg/1 (spin_wait) did no work in 2.00 guest seconds: starved (0 iterations, limit: 1;"
            " 0.0 ms on a CPU)",
        )
    ]


def test_several_starved_workers_are_one_violation() -> None:
    idle = {"iterations": 0, "run_ns": 400_000}
    assert judged(report(workers=workers({}, idle, idle)), max_spread_pct=False) == [
        (
            "not_stuck",
            "2 workers did no work in 2.00 guest seconds: starved (0 iterations, limit: 1; at most 0.4 ms on a CPU):"
            " worker cg/1, cg/2",
        )
    ]


def test_one_iteration_counts_as_work() -> None:
    assert judged(report(workers=workers({"iterations": 1}))) == []


def test_not_stuck_can_be_turned_off() -> None:
    assert judged(report(workers=workers({"iterations": 0})), not_stuck=False) == []


# isolation

CONFINED = CgroupDef("cg", cpuset=Cpuset.exact([0, 1]))


def test_a_worker_outside_its_cpuset_is_reported_with_the_cpus() -> None:
    assert judged(report(workers=workers({"cpus": (0, 2, 3)})), CONFINED) == [
        ("isolation", "worker cg/0 (spin_wait) ran on CPU 2-3, outside its cpuset 0-1")
    ]


def test_of_several_of_a_kind_the_worst_is_reported_and_the_others_are_counted() -> None:
    outside = workers({"cpus": (0, 2)}, {"cpus": (2, 3)}, {"cpus": (3,)})
    assert judged(report(workers=outside), CONFINED, max_spread_pct=False) == [
        (
            "isolation",
            "worker cg/1 (spin_wait) ran on CPU 2-3, outside its cpuset 0-1 (2 more workers ran outside theirs)",
        )
    ]
    shares = (("a", 90), ("a", 70), ("b", 90), ("b", 50))
    unlike = workers(*({"cgroup": name, "run_ns": pct * 20 * MS} for name, pct in shares))
    ((_, message),) = judged(report(workers=unlike), CgroupDef("a"), CgroupDef("b"))
    assert message.startswith("cgroup b was scheduled unfairly: worker b/3 ")
    assert message.endswith(": spread 40.0 points, limit 15 (1 more groups were, too)")


def test_a_worker_inside_its_cpuset_is_isolated() -> None:
    assert judged(report(workers=workers({"cpus": (0, 1)})), CONFINED) == []


def test_without_a_cpuset_all_cpus_are_inside() -> None:
    assert judged(report(workers=workers({"cpus": (0, 1, 2, 3)}))) == []


def test_isolation_can_be_turned_off() -> None:
    assert judged(report(workers=workers({"cpus": (3,)})), CONFINED, isolation=False) == []


# max_spread_pct


def ran(*shares_pct: float, **change: Any) -> GuestReport:
    return report(workers=workers(*({"run_ns": round(pct * 20 * MS), **change} for pct in shares_pct)))


def test_workers_of_a_cgroup_that_wait_unequally_are_reported() -> None:
    assert judged(ran(90, 60, 74.9)) == [
        (
            "max_spread_pct",
            "cgroup cg was scheduled unfairly: worker cg/1 (spin_wait) waited 40.0% of its time and"
            " worker cg/0 (spin_wait) 10.0%: spread 30.0 points, limit 15",
        )
    ]


def test_a_spread_at_the_limit_is_fair() -> None:
    assert judged(ran(90, 75), max_spread_pct=15) == []
    assert [check for check, _ in judged(ran(90, 74.9), max_spread_pct=15)] == ["max_spread_pct"]


def test_a_limit_of_zero_is_a_limit() -> None:
    assert [check for check, _ in judged(ran(90, 89), max_spread_pct=0)] == ["max_spread_pct"]


def test_cgroups_are_not_compared_with_each_other() -> None:
    guest = report(workers=workers({"cgroup": "a", "run_ns": 2000 * MS}, {"cgroup": "b", "run_ns": 100 * MS}))
    assert judged(guest, CgroupDef("a"), CgroupDef("b")) == []


def test_requested_sleep_does_not_count_as_waiting() -> None:
    guest = report(workers=workers({"run_ns": 2000 * MS}, {"run_ns": 500 * MS, "slept_ns": 1500 * MS}))
    assert judged(guest) == []


# max_gap_ms


def test_a_gap_over_the_limit_is_reported() -> None:
    assert judged(report(workers=workers({"gap_ns": 50 * MS + 100_000})), max_gap_ms=50) == [
        ("max_gap_ms", "worker cg/0 (spin_wait) wanted to run and did not for 50.1 ms, limit 50 ms")
    ]


def test_a_gap_at_the_limit_is_accepted() -> None:
    assert judged(report(workers=workers({"gap_ns": 50 * MS})), max_gap_ms=50) == []


def test_gaps_can_be_turned_off() -> None:
    assert judged(report(workers=workers({"gap_ns": 9000 * MS})), max_gap_ms=False) == []


# attached: the workers


def test_workers_that_were_not_taken_over_are_reported_by_name() -> None:
    assert judged(report(workers=workers({"ext": False}, {}, {"ext": False}))) == [
        (
            "attached",
            "2 of 3 workers were not in the ext class: the scheduler is attached but did not take over"
            " worker cg/0, cg/2 (does it set SCX_OPS_SWITCH_PARTIAL?)",
        )
    ]


def test_many_workers_are_not_all_named() -> None:
    ((_, message),) = judged(report(workers=workers(*[{"ext": False}] * 6)))
    assert "take over worker cg/0, cg/1, cg/2, cg/3 and 2 more (" in message


def test_a_kernel_that_does_not_report_a_tasks_class_is_no_violation() -> None:
    assert judged(report(workers=workers({"ext": None}))) == []


@pytest.mark.parametrize("policy", ["fifo", "rr"])
def test_real_time_workers_are_never_the_schedulers(policy: Policy) -> None:
    assert judged(report(workers=workers({"ext": False})), CgroupDef("cg", policy=policy)) == []


@pytest.mark.parametrize("policy", ["normal", "batch", "idle"])
def test_workers_of_the_fair_policies_are_the_schedulers(policy: Policy) -> None:
    assert judged(report(workers=workers({"ext": False})), CgroupDef("cg", policy=policy)) != []


def test_without_a_scheduler_nothing_has_to_be_attached() -> None:
    assert judged(report(workers=workers({"ext": False}), states=()), sched_ext=False) == []


# attached: the scheduler. It is one violation, which says what happened.

ATTACHED = SchedulerState("attached", "enabled", "mine", 1, True)


def out(**changes: Any) -> str:
    """Why the scheduler is out; the starved workers under it are not reported as well."""
    ((check, message),) = judged(report(workers=workers({"iterations": 0}), **changes))
    assert check == "attached"
    return message


def never_attached(running: bool = False, state: str = "disabled") -> tuple[SchedulerState, ...]:
    return (SchedulerState("attached", state, "", 0, running),)


def test_a_scheduler_that_was_never_started() -> None:
    assert out(states=()) == "the scheduler was never started"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (
            "loader: mine refused by the verifier: invalid mem access",
            "mine refused by the verifier: invalid mem access",
        ),
        ("libbpf: prog 'x': BPF program load failed: -EACCES", "x: refused without a log: -EACCES"),
    ],
)
def test_a_scheduler_that_the_verifier_refuses(line: str, reason: str) -> None:
    assert out(states=never_attached(), exit={"status": 1}, log=("loading", line, "1: (85) call 3")) == (
        f"the scheduler was refused by the verifier: {reason}"
    )


def test_a_scheduler_whose_library_is_missing() -> None:
    said = "/ktstr/bin/mine: error while loading shared libraries: libx.so.1: cannot open shared object file"
    assert out(states=never_attached(), exit={"status": 127}, log=(said,)) == (
        "the scheduler could not start: libx.so.1: cannot open shared object file"
    )


def test_a_scheduler_that_exits_at_once() -> None:
    assert out(states=never_attached(), exit={"status": 3}, log=("hello", "no config", "")) == (
        "the scheduler exited before it attached (its program ended with status 3): no config"
    )


def test_a_scheduler_that_crashes_at_once() -> None:
    assert out(states=never_attached(), exit={"signal": 11}, log=()) == (
        "the scheduler exited before it attached (its program was killed by signal 11 (SIGSEGV)):"
        " it printed nothing"
    )


def test_a_scheduler_that_never_attaches() -> None:
    assert out(states=never_attached(running=True, state="enabling"), exit=None) == (
        "the scheduler did not attach within 30 guest seconds (sched_ext state: enabling); its program still runs"
        " and last said: attached mine; attach_timeout_s= of its declaration gives it more"
    )


def test_a_guest_that_ended_before_its_scenario() -> None:
    assert out(states=(ATTACHED,)) == "the guest ended before the scenario did"


STALL = SchedulerExit("stall", "runnable task stall", "w[7] failed to run for 5.120s")


def test_a_scheduler_that_leaves_is_reported_with_the_kernels_reason() -> None:
    states = (ATTACHED, SchedulerState("held", "disabled", "", 1, False))
    assert out(states=states, held_ns=500 * MS, exit={"status": 0}, scheduler_exit=STALL) == (
        "the scheduler attached and then left after 0.50 of 2.00 guest seconds"
        " (its program ended with status 0): runnable task stall: w[7] failed to run for 5.120s"
    )


def test_a_scheduler_that_is_ejected_as_the_scenario_ends() -> None:
    assert out(scheduler_exit=STALL) == (
        "the scheduler was ejected as the scenario ended: runnable task stall: w[7] failed to run for 5.120s"
    )


def test_a_scheduler_that_was_replaced() -> None:
    assert out(states=(ATTACHED, SchedulerState("held", "enabled", "other", 2, True))) == (
        "the scheduler was replaced while it ran: enable_seq 1 at the start, 2 at the end"
    )


def test_a_program_that_leaves_its_bpf_behind() -> None:
    states = (ATTACHED, SchedulerState("held", "enabled", "mine", 1, False))
    assert out(states=states, exit={"signal": 9}) == (
        "the scheduler's program ended while its BPF stayed attached (its program was killed by signal 9"
        " (SIGKILL))"
    )


def test_attached_can_be_turned_off() -> None:
    assert judged(report(states=never_attached(), workers=workers({"ext": False})), attached=False) == []


# kernel_clean

WARNED = KernelBug("warning", "WARNING: kernel/sched/ext/ext.c:42 at balance_one+0x1/0x2, CPU#1: w/7", 5)


def test_a_kernel_warning_comes_after_what_the_scheduler_did() -> None:
    guest = report(kernel_bugs=(WARNED, WARNED, WARNED), workers=workers({"iterations": 0}))
    assert judged(guest, max_spread_pct=False)[1:] == [
        ("kernel_clean", f"the kernel reported a bug (warning): {WARNED.text} (and 2 more)")
    ]
    assert [check for check, _ in judged(report(states=never_attached(), kernel_bugs=(WARNED,)))] == [
        "attached",
        "kernel_clean",
    ]


def test_kernel_clean_can_be_turned_off() -> None:
    assert judged(report(kernel_bugs=(WARNED,)), kernel_clean=False) == []


# Workers that ended


def test_a_worker_that_ended_is_reported_once() -> None:
    dead = {"died": 9, "run_ns": 0, "iterations": 0, "gap_ns": 9000 * MS, "ext": None}
    assert judged(report(workers=workers(dead, {}))) == [
        (
            "workers",
            "worker cg/0 (spin_wait) was killed by signal 9 (SIGKILL), by the program under test or its BPF,"
            " which interfered",
        )
    ]


def test_workers_that_ended_alike_are_one_violation() -> None:
    killed, faulty = {"died": 9}, {"died": 11}
    found = judged(report(workers=workers(killed, faulty, killed, {})))
    assert [message.partition(" (spin_wait) ")[2] for _, message in found] == [
        "was killed by signal 9 (SIGKILL), by the program under test or its BPF, which interfered"
        " (1 more workers ended so)",
        "ended by itself, by signal 11 (SIGSEGV)",
    ]


def test_a_worker_outside_its_cpuset_is_reported_even_if_it_ended() -> None:
    guest = report(workers=workers({"died": 9, "cpus": (3,)}))
    assert [check for check, _ in judged(guest, CONFINED)] == ["workers", "isolation"]
