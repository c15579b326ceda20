"""The first line of a failure says where a worker waited, and what the CPUs did that it may use."""

from __future__ import annotations

import re

import pytest
from embedded import SCHEDULERS

from ktstr import CgroupDef, Checks, Ctx, VerdictFailed, declare_scheduler, ktstr_test

STARVE = declare_scheduler(name="waits_starve", bpf=SCHEDULERS / "starve.bpf.c", topology=(1, 1, 4, 1))
SLOW = declare_scheduler(
    name="waits_slow", bpf=SCHEDULERS / "fixture.bpf.c", values={"slice_us": 400_000}, topology=(1, 1, 4, 1)
)


def clause(ctx: Ctx, workers: int, checks: Checks) -> str:
    """The last clause of the first line."""
    with pytest.raises(VerdictFailed) as failed:
        ctx.run(CgroupDef("cg", workers=workers), checks=checks)
    line, _, text = str(failed.value).partition("\n")
    assert ("\n--- wait ---\n" in text) == (" was runnable for " in line)
    run: dict[str, dict[str, object]] = ctx.runs[0]  # type: ignore[assignment]
    assert line == f"BUG SUMMARY: {run['verdict']['summary']}"
    return line.rpartition("; ")[2]


@ktstr_test(scheduler=STARVE, duration_s=0.5)
def a_worker_that_nobody_takes_waits_while_cpus_idle(ctx: Ctx) -> None:
    found = clause(ctx, 3, Checks(max_spread_pct=False))
    assert re.fullmatch(
        r"ktstr-w1 was runnable for 4\d\d ms on DSQ 1 while CPUs? [\d,-]+, which it may use, idled", found
    )


@ktstr_test(scheduler=SLOW, duration_s=1)
def a_worker_that_waits_its_turn_waits_behind_another(ctx: Ctx) -> None:
    found = clause(ctx, 8, Checks(max_gap_ms=200, max_spread_pct=False))
    assert re.fullmatch(
        r"ktstr-w\d was runnable for \d{3} ms on DSQ 0 while CPU \d ran ktstr-w\d\[\d+\]", found
    )


@ktstr_test(scheduler=SLOW, duration_s=1, auto_repro=False)
def without_another_run_nothing_is_said(ctx: Ctx) -> None:
    assert clause(ctx, 8, Checks(max_gap_ms=200, max_spread_pct=False)).endswith(
        "limit 200 ms (7 more workers did not for longer than they may)"
    )
