"""`ktstr_test`: what a test inherits from its scheduler, and what is refused."""

from typing import Any

import pytest

from ktstr import EEVDF, Checks, Ctx, KtstrError, Scheduler, Topology, ktstr_test
from ktstr.base.values import shown
from ktstr.checks.thresholds import DEFAULT_CHECKS
from ktstr.declare.test import KtstrTest, record_of

WIDE = Scheduler(
    "wide", binary="wide", topology=Topology(1, 2, 4, 1), sched_args=("-v",), checks=Checks(max_gap_ms=500)
)


def recorded(**fields: Any) -> KtstrTest:
    @ktstr_test(**fields)
    def body(ctx: Ctx) -> None: ...

    record = record_of(body)
    assert record is not None
    return record


def test_without_arguments_it_tests_the_kernels_default_scheduler() -> None:
    record = recorded()
    assert (record.name, record.scheduler, record.topology) == ("body", EEVDF, EEVDF.topology)
    assert (record.checks, record.duration_s, record.ignore) == (
        EEVDF.checks.over(DEFAULT_CHECKS),
        2.0,
        False,
    )


def test_each_topology_dimension_is_inherited_unless_given() -> None:
    assert recorded(scheduler=WIDE, threads=2).topology == Topology(1, 2, 4, 2)


def test_checks_come_from_the_test_then_the_scheduler_then_the_defaults() -> None:
    checks = recorded(scheduler=WIDE, checks=Checks(max_spread_pct=False)).checks
    assert (checks.max_spread_pct, checks.max_gap_ms, checks.not_stuck) == (False, 500, True)


def test_arguments_are_added_to_the_schedulers() -> None:
    assert recorded(scheduler=WIDE, extra_sched_args=["--slice", "5"]).sched_args == ("-v", "--slice", "5")


def test_a_function_without_the_decorator_is_not_a_test() -> None:
    assert record_of(recorded) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("scheduler", "wide"),
        ("scheduler", False),
        ("scheduler", Scheduler),
        ("numa_nodes", 3),
        ("llcs", 0),
        ("cores", "4"),
        ("cores", 10**9),
        ("threads", 1.5),
        ("memory_mb", 0),
        ("memory_mb", True),
        ("memory_mb", 512.0),
        ("memory_mb", "512"),
        ("memory_mb", 10**5000),
        ("duration_s", 0),
        ("duration_s", -1),
        ("duration_s", None),
        ("duration_s", "2"),
        ("duration_s", True),
        ("duration_s", float("nan")),
        ("duration_s", float("inf")),
        ("watchdog_timeout_s", 0),
        ("watchdog_timeout_s", 30.001),
        ("watchdog_timeout_s", 0.0001),
        ("watchdog_timeout_s", "1"),
        ("auto_repro", 0),
        ("extra_sched_args", "-v"),
        ("extra_sched_args", None),
        ("extra_sched_args", ["--slice", 5]),
        ("checks", {"max_gap_ms": 1}),
        ("checks", False),
    ],
    ids=shown,
)
def test_a_wrong_value_is_refused_by_test_and_field(field: str, value: object) -> None:
    with pytest.raises(KtstrError, match=rf"^{__name__}\.body: .*{field}") as refused:
        recorded(**{"scheduler": WIDE, field: value})
    assert "\n" not in str(refused.value)


def test_a_watchdog_is_the_schedulers_own_unless_given() -> None:
    assert recorded(scheduler=WIDE).watchdog_ms is None
    assert [recorded(scheduler=WIDE, watchdog_timeout_s=s).watchdog_ms for s in (0.25, 30)] == [250, 30_000]


def test_a_failure_is_run_again_by_default() -> None:
    assert recorded().auto_repro
    assert not recorded(auto_repro=False).auto_repro


def test_a_watchdog_needs_a_scheduler_that_has_one() -> None:
    with pytest.raises(KtstrError, match="watchdog_timeout_s: scheduler eevdf has no watchdog"):
        recorded(watchdog_timeout_s=1)


def test_extra_arguments_need_a_program_that_takes_them() -> None:
    with pytest.raises(KtstrError, match="extra_sched_args: scheduler eevdf has no program of its own"):
        recorded(extra_sched_args=["-v"])


def test_the_decorator_needs_its_parentheses() -> None:
    def body(ctx: Ctx) -> None: ...

    bare: Any = ktstr_test
    with pytest.raises(KtstrError, match=r"^body: write @ktstr_test\(\) with its parentheses$"):
        bare(body)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("not_stuck", 1),
        ("isolation", "yes"),
        ("attached", 0),
        ("max_spread_pct", True),
        ("max_spread_pct", "15"),
        ("max_spread_pct", -1),
        ("max_gap_ms", float("nan")),
        ("max_gap_ms", [2000]),
    ],
)
def test_a_threshold_is_a_limit_or_off(field: str, value: Any) -> None:
    with pytest.raises(KtstrError, match=rf"^checks: {field}="):
        Checks(**{field: value})


def test_a_threshold_of_zero_is_a_limit() -> None:
    assert Checks(max_gap_ms=0).over(DEFAULT_CHECKS).max_gap_ms == 0
