"""Checks are registered: ktstr's own in their order, a project's own by keyword, and one judge for all."""

import copy
import pickle
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from report_data import report, workers

from ktstr import CgroupDef, Checks, KtstrError, Scheduler, Topology, ktstr_test
from ktstr.checks import builtin, registry
from ktstr.checks.accepted import Limit
from ktstr.checks.evidence import Evidence, evidence_of
from ktstr.checks.expect import ExpectedError
from ktstr.checks.judge import judge
from ktstr.checks.registry import Stage, declare_check, declared_checks, find_check
from ktstr.checks.thresholds import DEFAULT_CHECKS
from ktstr.declare.test import record_of
from ktstr.events.exit import SchedulerExit
from ktstr.events.kernel_log import KernelBug
from ktstr.events.state import SchedulerState
from ktstr.vm.result import Ending, VmResult

PINGS = tuple({"ev": "ping", "t": at} for at in range(3))
WARNED = KernelBug("warning", "WARNING: x", 5)


@pytest.fixture(autouse=True)
def _own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_registry", dict(registry._registry))


def evidence(**changes: Any) -> Evidence:
    """A healthy run of the cgroup `cg`, with three events `ping`, less `changes`."""
    given = {"report": report(), "topology": Topology(1, 1, 4, 1), "cgroups": (CgroupDef("cg"),)}
    return Evidence(**{**given, "events": PINGS, **changes})


def violations(run: Evidence, **checks: Any) -> list[tuple[str, str]]:
    return [(one.check, one.message) for one in judge(run, Checks(**checks))]


def declare_min_pings(**fields: Any) -> None:
    @declare_check(**{"default": False, "accepts": Limit("pings"), **fields})
    def min_pings(run: Evidence, limit: float) -> Iterator[str]:
        """The guest pinged this often."""
        found = len(run.of("ping"))
        if found < limit:
            yield f"{found} pings, limit {limit:g}"


# ktstr's own


def test_each_check_has_a_file_of_its_name() -> None:
    files = {path.stem for path in Path(builtin.__file__).parent.glob("[a-z]*.py")}
    assert {check.name for check in declared_checks()} == files


def test_checks_are_judged_in_this_order() -> None:
    assert [check.name for check in declared_checks()] == [
        "guest",
        "expected_error",
        "attached",
        "operations",
        "program_runs",
        "workers",
        "attached",
        "not_stuck",
        "payloads",
        "isolation",
        "max_idle_wait_ms",
        "max_idle_wait_pct",
        "max_idle_wake_ms",
        "max_task_wait_ms",
        "max_wasted_pct",
        "max_spread_pct",
        "max_inversion_pct",
        "max_gap_ms",
        "max_share_error",
        "max_slice_inversion_ms",
        "max_wake_latency_cv",
        "max_wake_latency_ms",
        "max_wake_latency_p99_ms",
        "max_enq_skip_rate",
        "max_fallback_rate",
        "max_imbalance_ratio",
        "max_keep_last_rate",
        "max_llc_moves_per_s",
        "max_local_dsq_depth",
        "max_migrations_per_s",
        "max_nice_error",
        "max_node_moves_per_s",
        "max_rate_spread_pct",
        "max_stall_ms",
        "max_weight_error",
        "min_llc_share_pct",
        "min_work_per_s",
        "max_bandwidth_excess_pct",
        "metrics",
        "cpus_kept",
        "kernel_clean",
        "max_teardown_ms",
        "max_insns_per_call",
    ]


def test_every_check_says_what_it_judges() -> None:
    assert all(check.explanation for check in declared_checks())


def test_the_defaults_are_the_checks_own() -> None:
    assert repr(DEFAULT_CHECKS) == (
        "Checks(attached=True, isolation=True, kernel_clean=True, max_bandwidth_excess_pct=25.0, max_gap_ms=1000.0,"
        " max_idle_wait_ms=40.0, max_idle_wait_pct=50.0, max_idle_wake_ms=8.0, max_inversion_pct=15.0,"
        " max_share_error=15.0, max_slice_inversion_ms=10.0, max_spread_pct=15.0, max_task_wait_ms=1000.0,"
        " max_wasted_pct=20.0, max_weight_error=15.0, not_stuck=True)"
    )


def test_a_guest_that_did_not_carry_out_its_plan_is_judged_only_by_that() -> None:
    run = evidence(report=report(kernel_bugs=(WARNED,), states=()), ended="panic: attempted to kill init")
    assert violations(run) == [("guest", "panic: attempted to kill init")]


def test_a_vm_runs_ending_and_events_are_kept() -> None:
    events = ({"ev": "ping", "t": 1}, {"ev": "end", "t": 2})
    result = VmResult(
        Ending.PANIC,
        "attempted to kill init",
        events,
        "",
        "",
        (),
        "tcg",
        "virtual",
        "7.2.0",
        None,
        1.0,
        "boot",
    )
    run = evidence_of(result, Topology(), [CgroupDef("cg")], sched_ext=False)
    assert (run.ended, len(run.of("ping"))) == (f"{Ending.PANIC.value}: attempted to kill init", 1)
    assert [one.check for one in judge(run, DEFAULT_CHECKS)] == ["guest"]


def test_if_an_error_is_expected_the_kernel_is_judged_but_workers_are_not() -> None:
    left = SchedulerExit("scx_bpf_error", "scx_bpf_error", "mine: crash", status=0)
    states = (
        SchedulerState("attached", "enabled", "mine", 1, True),
        SchedulerState("held", "disabled", "", 1, False),
    )
    guest = report(
        scheduler_exit=left, states=states, kernel_bugs=(WARNED,), workers=workers({"iterations": 0})
    )
    assert [one for one, _ in violations(evidence(report=guest, expected=ExpectedError()))] == [
        "kernel_clean"
    ]


# A project's own


def test_a_projects_check_passes_and_fails() -> None:
    declare_min_pings()
    assert violations(evidence(), min_pings=3) == []
    assert violations(evidence(), min_pings=4) == [("min_pings", "3 pings, limit 4")]


def test_a_projects_check_is_off_or_on_by_its_default() -> None:
    declare_min_pings()
    assert violations(evidence()) == []
    declare_min_pings(default=4)
    assert violations(evidence()) == [("min_pings", "3 pings, limit 4")]
    assert violations(evidence(), min_pings=False) == []


def test_a_projects_check_merges_as_ktstrs_own_checks_do() -> None:
    declare_min_pings()
    checks = Checks(min_pings=2).over(Checks(min_pings=5, max_gap_ms=50)).over(DEFAULT_CHECKS)
    assert (checks.min_pings, checks.max_gap_ms, checks.isolation) == (2, 50, True)

    @ktstr_test(scheduler=Scheduler("mine", binary="mine", checks=Checks(min_pings=7)))
    def body(ctx: Any) -> None: ...

    record = record_of(body)
    assert record is not None
    assert record.checks.min_pings == 7
    assert Checks(min_pings=1).about_scheduling == ("min_pings",)


def test_a_projects_check_comes_after_ktstrs_own_and_before_the_kernels() -> None:
    declare_min_pings(default=4)
    guest = report(workers=workers({"iterations": 0}), kernel_bugs=(WARNED,))
    assert [check for check, _ in violations(evidence(report=guest))] == [
        "not_stuck",
        "min_pings",
        "kernel_clean",
    ]
    assert [check for check, _ in violations(evidence(report=report(states=())))] == ["attached"]


def test_a_file_that_is_imported_twice_declares_the_same_again() -> None:
    declare_min_pings()
    before = len(declared_checks())
    declare_min_pings()
    assert len(declared_checks()) == before


def test_a_name_that_is_taken_is_refused() -> None:
    with pytest.raises(KtstrError, match=r": check 'isolation': already declared in .*isolation\.py$"):

        @declare_check()
        def isolation(run: Evidence, on: bool) -> Iterator[str]:
            yield ""


@pytest.mark.parametrize("name", ["over", "said", "Pings"])
def test_a_name_that_checks_cannot_have_is_refused(name: str) -> None:
    def body(run: Evidence, on: bool) -> Iterator[str]:
        yield ""

    body.__name__ = name
    with pytest.raises(KtstrError, match=f"check '{name}': the function's name must be"):
        declare_check()(body)


def test_a_default_that_the_check_itself_refuses_is_refused() -> None:
    with pytest.raises(KtstrError, match=r"default=True: must be pings, 0 or more, or False for off$"):
        declare_min_pings(default=True)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (None, "check odd: returned None: must yield a message a violation"),
        ("starved", "check odd: returned 'starved': must yield a message a violation"),
        ([5], "check odd: yielded 5: must be a message"),
    ],
)
def test_a_value_that_is_not_a_message_is_refused(found: Any, message: str) -> None:
    @declare_check(stage=Stage.KERNEL)
    def odd(run: Evidence, on: bool) -> Any:
        """Odd."""
        return found

    with pytest.raises(KtstrError, match=f"^{re.escape(message)}$"):
        violations(evidence())


def test_a_caller_may_judge_by_checks_of_its_own() -> None:
    """As the verifier sweep does: its cells have no cgroups to isolate."""
    clean = find_check("kernel_clean")
    assert clean is not None
    run = evidence(report=report(workers=workers({"iterations": 0}), kernel_bugs=(WARNED,)))
    assert [one.check for one in judge(run, Checks(), [clean])] == ["kernel_clean"]


# Thresholds


def test_a_check_that_does_not_exist_is_refused_with_the_nearest() -> None:
    with pytest.raises(KtstrError, match=r"^checks: max_gap: no such check; near is max_gap_ms$"):
        Checks(max_gap=5)
    with pytest.raises(KtstrError, match=r"^checks: zzz: no such check; there are attached, isolation, "):
        Checks(zzz=5)


def test_checks_with_the_same_values_are_equal() -> None:
    one, other = Checks(max_gap_ms=5, isolation=False), Checks(isolation=False, max_gap_ms=5, not_stuck=None)
    assert one == other == copy.copy(one) == pickle.loads(pickle.dumps(one))
    assert len({one, other, Checks()}) == 2


def test_an_unset_check_is_none_and_an_unknown_one_is_no_attribute() -> None:
    assert Checks(max_gap_ms=5).isolation is None
    assert not hasattr(Checks(), "workers")


def test_a_scheduler_that_takes_too_long_to_end_is_found() -> None:
    stopped = replace(report().states[-1], took_ns=1_500_000_000)
    run = evidence(report=report(states=(*report().states[:2], stopped)))
    assert violations(run) == []
    assert violations(run, max_teardown_ms=1500) == []
    (found,) = violations(run, max_teardown_ms=1000)
    assert found == (
        "max_teardown_ms",
        "the scheduler took 1500.0 ms to end after it was asked to, limit 1000 ms",
    )
