"""Crash tests: what may be expected, and when a run has ended as it was expected to."""

from pathlib import Path
from typing import Any

import pytest
from report_data import MS, report

from ktstr import BpfMapWrite, Checks, Ctx, KtstrError, Scheduler, Topology, ktstr_test
from ktstr.checks.evidence import Evidence
from ktstr.checks.expect import ExpectedError
from ktstr.checks.judge import judge
from ktstr.checks.misuse import mistake_of_test
from ktstr.checks.thresholds import DEFAULT_CHECKS
from ktstr.declare.test import KtstrTest, record_of
from ktstr.events.exit import SchedulerExit
from ktstr.events.kernel_log import KernelBug
from ktstr.events.report import GuestReport, MapWrite, RefusedWrite
from ktstr.events.state import SchedulerState

MINE = Scheduler("mine", binary="mine")
BPF = Scheduler("mine", bpf=Path("mine.bpf.c"))
WRITE = BpfMapWrite(".bss", "crash", 1)
CRASHED = SchedulerExit("scx_bpf_error", "scx_bpf_error", "mine: host-triggered crash", status=0)
STALLED = SchedulerExit("stall", "runnable task stall", "w[7] failed to run for 5.120s", status=0)
WRITTEN = MapWrite(".bss", "crash", 1, 0, 4, 5)
LEFT = (
    SchedulerState("attached", "enabled", "mine", 1, True),
    SchedulerState("held", "disabled", "", 1, False),
)


def recorded(**fields: Any) -> KtstrTest:
    @ktstr_test(**{"scheduler": MINE, **fields})
    def body(ctx: Ctx) -> None: ...

    record = record_of(body)
    assert record is not None
    return record


# Declaring


def test_a_test_expects_no_error_unless_it_says_so() -> None:
    record = recorded()
    assert (record.expected, record.writes) == (None, ())


def test_a_test_may_expect_any_error_or_a_certain_one() -> None:
    assert recorded(expect_err=True).expected == ExpectedError()
    both = {"expect_scx_bpf_error_contains": "crash", "expect_scx_bpf_error_matches": r"cr\w+h$"}
    assert recorded(expect_err=True, **both).expected == ExpectedError("crash", r"cr\w+h$")


def test_one_write_or_several_are_declared() -> None:
    assert recorded(bpf_map_write=WRITE).writes == (WRITE,)
    assert recorded(bpf_map_write=[WRITE, WRITE]).writes == (WRITE, WRITE)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"expect_err": 1}, "expect_err=1: must be True or False"),
        ({"expect_scx_bpf_error_contains": "x"}, "expect_scx_bpf_error_contains: needs expect_err=True"),
        ({"expect_scx_bpf_error_matches": "x"}, "expect_scx_bpf_error_matches: needs expect_err=True"),
        (
            {"expect_err": True, "expect_scx_bpf_error_contains": ""},
            "expect_scx_bpf_error_contains='': every message contains that; must be a text that tells errors apart",
        ),
        (
            {"expect_err": True, "expect_scx_bpf_error_contains": " "},
            "expect_scx_bpf_error_contains=' ': every message contains that; must be a text that tells errors apart",
        ),
        (
            {"expect_err": True, "expect_scx_bpf_error_contains": ["x"]},
            "expect_scx_bpf_error_contains=['x']: must be a string",
        ),
        (
            {"expect_err": True, "expect_scx_bpf_error_matches": "a*"},
            "expect_scx_bpf_error_matches='a*': matches the empty text, and so every message",
        ),
        (
            {"expect_err": True, "expect_scx_bpf_error_matches": ""},
            "expect_scx_bpf_error_matches='': matches the empty text, and so every message",
        ),
        (
            {"expect_err": True, "expect_scx_bpf_error_matches": "(crash"},
            "expect_scx_bpf_error_matches='(crash': not a regular expression: missing ), unterminated subpattern"
            " at position 0",
        ),
        (
            {"expect_err": True, "checks": Checks(max_gap_ms=5, attached=True, isolation=False)},
            "expect_err: contradicts checks of attached, max_gap_ms: what is expected is that the scheduler fails",
        ),
        (
            {"expect_err": True, "scheduler": None},
            "expect_err: scheduler eevdf is the kernel's own, which is never ejected",
        ),
        (
            {"bpf_map_write": WRITE, "scheduler": None},
            "bpf_map_write: scheduler eevdf has no BPF to write to",
        ),
        (
            {"bpf_map_write": (".bss", "crash", 1)},
            "bpf_map_write='.bss': must be BpfMapWrite(...), or a list of them",
        ),
        (
            {"bpf_map_write": BpfMapWrite(".rodata", "limit", 1)},
            "bpf_map_write: .rodata: can only be set before the scheduler is loaded, which scheduler mine does by"
            " itself; use its arguments",
        ),
    ],
    ids=str,
)
def test_an_invalid_expectation_is_refused(fields: dict[str, Any], why: str) -> None:
    with pytest.raises(KtstrError) as refused:
        recorded(**fields)
    assert str(refused.value) == f"{__name__}.body: {why}"


def test_checks_of_the_kernel_go_with_an_expected_error() -> None:
    assert recorded(expect_err=True, checks=Checks(kernel_clean=False)).checks.kernel_clean is False


def test_a_constant_can_be_set_for_a_scheduler_that_ktstr_loads() -> None:
    assert recorded(scheduler=BPF, bpf_map_write=BpfMapWrite(".rodata", "limit", 1)).writes[0].is_rodata


# Judging


def judged(
    left: SchedulerExit | None, expected: ExpectedError, *writes: BpfMapWrite, **changes: Any
) -> list[tuple[str, str]]:
    states = {"states": LEFT} if left else {}
    guest = report(**{"scheduler_exit": left, "writes": (WRITTEN,), **states, **changes})
    violations = judge(Evidence(guest, Topology(), expected=expected, writes=writes), DEFAULT_CHECKS)
    return [(violation.check, violation.message) for violation in violations]


@pytest.mark.parametrize(
    "expected",
    [
        ExpectedError(),
        ExpectedError("host-triggered"),
        ExpectedError(None, r"^mine: .* crash$"),
        ExpectedError("triggered", r"\bhost\b"),
    ],
)
def test_the_expected_error_passes(expected: ExpectedError) -> None:
    assert judged(CRASHED, expected, WRITE) == []


@pytest.mark.parametrize(
    "expected",
    [
        ExpectedError("guest-triggered"),
        ExpectedError(None, "^crash"),
        ExpectedError("host-triggered", "^crash"),
        ExpectedError("guest-triggered", "crash"),
    ],
)
def test_another_message_fails_and_both_are_shown(expected: ExpectedError) -> None:
    assert judged(CRASHED, expected) == [
        (
            "expected_error",
            f"another error fired than expected: expected {expected.named}, got scx_bpf_error:"
            " mine: host-triggered crash",
        )
    ]


def test_a_stall_is_an_error_but_not_a_scx_bpf_error() -> None:
    assert judged(STALLED, ExpectedError()) == []
    assert judged(STALLED, ExpectedError("failed to run")) == [
        (
            "expected_error",
            "another error fired than expected: expected scx_bpf_error containing 'failed to run',"
            " got runnable task stall: w[7] failed to run for 5.120s",
        )
    ]


def test_a_message_that_one_source_truncates_is_whole_in_another() -> None:
    cut = SchedulerExit(
        "scx_bpf_error", "scx_bpf_error", "mine: host-tri", also=("mine: host-triggered crash",)
    )
    assert judged(cut, ExpectedError("triggered crash")) == []


def test_a_scheduler_that_stays_did_not_fail_as_expected() -> None:
    assert judged(None, ExpectedError("crash")) == [
        (
            "expected_error",
            "expected error did not fire: the scheduler still schedules after 2.00 guest seconds"
            " (expected: scx_bpf_error containing 'crash')",
        )
    ]


@pytest.mark.parametrize(
    ("left", "how"),
    [
        (SchedulerExit("program_exited", "unregistered from user space", status=3), {"status": 3}),
        (SchedulerExit("program_killed", "unregistered from user space", signal=11), {"signal": 11}),
        (SchedulerExit("oom_killed", "unregistered from user space", signal=9), {"signal": 9}),
        (SchedulerExit("sysrq", "disabled by sysrq-S", "", status=0), {"status": 0}),
        (SchedulerExit("unregistered_by_bpf", "unregistered from BPF", "done", status=0), {"status": 0}),
    ],
)
def test_another_end_is_not_the_expected_error(left: SchedulerExit, how: dict[str, int]) -> None:
    ((check, message),) = judged(left, ExpectedError(), exit=how, held_ns=500 * MS)
    assert check == "expected_error"
    assert message.startswith(
        "expected error did not fire: the scheduler attached and then left after 0.50 of 2.00"
    )


def test_an_error_before_the_write_does_not_count() -> None:
    late = BpfMapWrite(".bss", "late", 1, at_s=1)
    assert judged(CRASHED, ExpectedError("crash"), late, WRITE, writes=(WRITTEN,)) == [
        (
            "expected_error",
            "the error fired before .bss late was written, so that is not what made it: scx_bpf_error: mine:"
            " host-triggered crash",
        )
    ]


def test_a_kernel_that_warned_fails_a_crash_test_too() -> None:
    bug = KernelBug("warning", "WARNING: somewhere", 5)
    assert [check for check, _ in judged(CRASHED, ExpectedError(), kernel_bugs=(bug,))] == ["kernel_clean"]


# Mistakes of the test, which say nothing about the scheduler


def mistake(guest: GuestReport, scheduler: Scheduler = BPF) -> str | None:
    return mistake_of_test(scheduler, guest)


def test_an_unknown_name_is_reported_with_similar_ones() -> None:
    refused = RefusedWrite(
        ".bss", "crush", 1, "no such variable in .bss", "crush", ("nr_idle", "crash", "stats")
    )
    assert mistake(report(refused_write=refused)) == (
        "BpfMapWrite('.bss', 'crush', 1): no such variable in .bss; near: crash"
    )


def test_if_no_name_is_similar_some_are_listed() -> None:
    names = tuple(f"variable_{index}" for index in range(7))
    refused = RefusedWrite(".bss", "x", 1, "no such variable in .bss", "x", names)
    assert mistake(report(refused_write=refused)) == (
        "BpfMapWrite('.bss', 'x', 1): no such variable in .bss; there are variable_0, variable_1, variable_2,"
        " variable_3, variable_4 and 2 more"
    )


def test_an_unknown_member_is_reported_with_those_of_its_struct() -> None:
    refused = RefusedWrite(
        ".bss", "cfg.limts[2]", 1, "config has no such member", "limts[2]", ("limits", "mode")
    )
    assert mistake(report(refused_write=refused)) == (
        "BpfMapWrite('.bss', 'cfg.limts[2]', 1): config has no such member; near: limits"
    )


def test_a_value_that_does_not_fit_is_reported_without_names() -> None:
    refused = RefusedWrite(".bss", "small", 300, "300 does not fit: must be 0 to 255", "", ())
    assert mistake(report(refused_write=refused)) == (
        "BpfMapWrite('.bss', 'small', 300): 300 does not fit: must be 0 to 255"
    )


def test_an_unknown_constant_is_reported_as_the_loader_does() -> None:
    log = ("loader: --rodata limt: the object has no such const volatile variable; it has limit",)
    assert mistake(report(exit={"status": 2}, log=log)) == (
        "scheduler mine: --rodata limt: the object has no such const volatile variable; it has limit"
    )
    assert mistake(report(exit={"status": 2}, log=log), MINE) is None
    assert mistake(report(exit={"status": 3})) is None


def test_a_watchdog_that_was_not_set_is_reported() -> None:
    told = "watchdog_timeout_s: could not be set: scheduler mine attached in a way that is not known"
    assert mistake_of_test(MINE, report(), watchdog_ms=250) == told
    assert mistake_of_test(MINE, report(watchdog_ms=250), watchdog_ms=250) is None
    assert mistake_of_test(MINE, report(states=()), watchdog_ms=250) is None  # it never got that far


# A scheduler that is expected not to attach

REFUSED_LOG = (
    "libbpf: prog 'd': BPF program load failed: Permission denied",
    "--- verifier log of d ---",
    "R1 invalid mem access 'scalar'",
    "--- end of the verifier log ---",
)
NEVER = (SchedulerState("attached", "disabled", "", 0, False),)


def loaded(pattern: str, **changes: Any) -> list[tuple[str, str]]:
    return judged(None, ExpectedError(load=pattern), **changes)


@pytest.mark.parametrize(
    "pattern", ["refused by the verifier: d: R1 invalid", "^R1 .*'scalar'$", "load failed"]
)
def test_a_refusal_is_found_in_the_reason_and_in_the_log(pattern: str) -> None:
    assert loaded(pattern, states=NEVER, log=REFUSED_LOG, exit={"status": 1}) == []


def test_another_refusal_than_expected_is_named() -> None:
    assert loaded("unbounded", states=NEVER, log=REFUSED_LOG, exit={"status": 1}) == [
        (
            "expected_error",
            "another load error than expected: expected 'unbounded', the scheduler was refused by the verifier: d: R1"
            " invalid mem access 'scalar'",
        )
    ]


def test_a_scheduler_that_attaches_was_not_refused() -> None:
    assert loaded("unbounded") == [
        ("expected_error", "expected load error did not come: the scheduler attached (expected: 'unbounded')")
    ]


def test_a_load_error_and_an_exit_are_not_both_expected() -> None:
    with pytest.raises(KtstrError, match="expect_load_error: contradicts expect_err"):
        recorded(expect_err=True, expect_load_error="x")
    with pytest.raises(KtstrError, match="expect_load_error='a\\*': matches the empty text"):
        recorded(expect_load_error="a*")
