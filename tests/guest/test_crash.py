"""Crash tests in real guests: what is written, what is refused, and how a test of the wrong error fails."""

from dataclasses import replace
from pathlib import Path

import pytest

from ktstr import BpfMapWrite, Ctx, KtstrError, declare_scheduler, ktstr_test, scenarios
from ktstr.checks.expect import ExpectedError
from ktstr.checks.verdict import VerdictFailed
from ktstr.vm.job import RunOptions

SCHEDULERS = Path(__file__).parents[1] / "schedulers"
TINY = (1, 1, 2, 1)

FIXTURE = declare_scheduler(name="crash_fixture", bpf=SCHEDULERS / "fixture.bpf.c", topology=TINY)
KNOBS = declare_scheduler(name="knobs", bpf=SCHEDULERS / "knobs.bpf.c", topology=TINY)
CRASH = BpfMapWrite(".bss", "crash", 1)


def other(ctx: Ctx, *writes: BpfMapWrite, contains: str | None = None) -> Ctx:
    """The same test with these writes, and expecting an error that contains this text."""
    test = replace(ctx.test, writes=writes, expected=ExpectedError(contains))
    return Ctx(test, ctx.kernel, "auto", ctx.seed, ctx.artifacts)


@ktstr_test(
    scheduler=KNOBS,
    bpf_map_write=[
        BpfMapWrite(".bss", "cfg.limits[2].small", 200),
        BpfMapWrite(".bss", "cfg.limits[2].negative", -5),
        BpfMapWrite(".bss", "cfg.halves[1]", 1),
        BpfMapWrite(".bss", "cfg.on", True),
        BpfMapWrite(".bss", "cfg.mode", 2),
        BpfMapWrite(".data", "wide", 2**63 + 1),
        BpfMapWrite("table", "[3].plain", 77),
        BpfMapWrite(".rodata", "limit", 9),
        BpfMapWrite(".bss", "fire", 1, at_s=0.1),
    ],
    expect_err=True,
    expect_scx_bpf_error_matches=(
        r"^knobs: small=0,200,0 negative=-5 either=65536 on=1 mode=2 wide=8000000000000001 table=77,0 limit=9$"
    ),
)
def writes_reach_what_they_name_and_nothing_else(ctx: Ctx) -> None:
    report = scenarios.steady(ctx)
    assert [(write.variable, write.bytes, write.was) for write in report.guest.writes] == [
        ("cfg.limits[2].small", 1, 0),
        ("cfg.limits[2].negative", 2, 0),
        ("cfg.halves[1]", 2, 0),
        ("cfg.on", 1, 0),
        ("cfg.mode", 4, 0),
        ("wide", 8, 5),
        ("[3].plain", 4, 0),
        ("fire", 4, 0),
    ]
    assert 100_000_000 <= report.guest.held_ns < 500_000_000


@ktstr_test(scheduler=FIXTURE, watchdog_timeout_s=1)
def a_crash_is_the_same_every_time(ctx: Ctx) -> None:
    """With the write, the watchdog's process, the kernel's dump and the maps in it."""
    test = replace(ctx.test, writes=(BpfMapWrite(".bss", "crash", 1, at_s=0.1),), expected=ExpectedError())
    runs = []
    for number in range(2):
        guest = Ctx(
            test, ctx.kernel, "auto", ctx.seed, ctx.artifacts / str(number), options=RunOptions(fresh=True)
        )
        runs.append(scenarios.steady(guest))
    assert runs[0].result.clock == "real" or (runs[0].result.events_sha256 == runs[1].result.events_sha256)
    assert runs[0].guest.scheduler_exit is not None
    assert runs[0].guest.watchdog_ms == 1000


@ktstr_test(scheduler=FIXTURE)
def another_message_fails_and_shows_both(ctx: Ctx) -> None:
    with pytest.raises(VerdictFailed) as failed:
        scenarios.steady(other(ctx, CRASH, contains="fixture: guest-triggered crash"))
    assert (
        "expected_error: another error fired than expected: expected scx_bpf_error containing"
        " 'fixture: guest-triggered crash', got scx_bpf_error: fixture: host-triggered crash"
    ) in str(failed.value)


@ktstr_test(scheduler=FIXTURE)
def without_the_trigger_it_does_not_fire(ctx: Ctx) -> None:
    with pytest.raises(
        VerdictFailed, match="expected error did not fire: the scheduler still schedules after"
    ):
        scenarios.steady(other(ctx), hold_s=0.2)


@pytest.mark.parametrize(
    ("write", "why"),
    [
        (BpfMapWrite(".bs", "fire", 1), "the scheduler has no such map; near: .bss"),
        (BpfMapWrite(".bss", "fier", 1), "no such variable in .bss; near: fire"),
        (BpfMapWrite(".bss", "cfg.limts[1]", 1), "config has no such member; near: limits"),
        (BpfMapWrite(".bss", "cfg.on", 2), "2 does not fit: must be 0 to 1"),
        (
            BpfMapWrite("by_pid", "[0]", 1),
            "the map cannot be mapped; .bss, .data and arrays with BPF_F_MMAPABLE can",
        ),
        (BpfMapWrite("table", "[4].plain", 1), "[4] is beyond the map's 4 elements"),
    ],
    ids=lambda value: value.name if isinstance(value, BpfMapWrite) else "",
)
@ktstr_test(scheduler=KNOBS)
def an_unknown_variable_is_a_mistake_of_the_test(ctx: Ctx, write: BpfMapWrite, why: str) -> None:
    with pytest.raises(KtstrError) as refused:
        scenarios.steady(other(ctx, write))
    asked = f"BpfMapWrite({write.map!r}, {write.variable!r}, {int(write.value)})"
    assert str(refused.value) == f"an_unknown_variable_is_a_mistake_of_the_test: {asked}: {why}"
