"""The first line of a failure says where a worker waited, and what the CPUs did that it may use.

The section about the wait has what happened before, to the worker and to the task that ran where it waited.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from embedded import SCHEDULERS

from ktstr import CgroupDef, Checks, Ctx, Step, VerdictFailed, declare_scheduler, ktstr_test

STARVE = declare_scheduler(name="waits_starve", bpf=SCHEDULERS / "starve.bpf.c", topology=(1, 1, 4, 1))
SLOW = declare_scheduler(
    name="waits_slow", bpf=SCHEDULERS / "fixture.bpf.c", values={"slice_us": 400_000}, topology=(1, 1, 4, 1)
)


def failure(ctx: Ctx, workers: int, checks: Checks, steps: Sequence[Step] = ()) -> tuple[str, str]:
    """The last clause of the first line, and the section about the wait."""
    with pytest.raises(VerdictFailed) as failed:
        ctx.run(CgroupDef("cg", workers=workers), checks=checks, steps=steps)
    line, _, text = str(failed.value).partition("\n")
    assert ("\n--- wait ---\n" in text) == (" was runnable for " in line)
    run: dict[str, dict[str, object]] = ctx.runs[0]  # type: ignore[assignment]
    assert line == f"BUG SUMMARY: {run['verdict']['summary']}"
    section = text.partition("\n--- wait ---\n")[2].partition("\n\n--- ")[0]
    print(section)
    return line.rpartition("; ")[2], section


def events(section: str, task: str) -> list[tuple[int, str]]:
    """The last events of a task in the section: microseconds before the look, and what happened."""
    _, _, listed = section.partition(f"last events of {task}, us before that moment, newest last\n")
    found = []
    for line in listed.splitlines():
        if not line.startswith("  "):
            break
        before_us, _, what = line.strip().partition("  ")
        found.append((int(before_us.replace(",", "")), what))
    return found


@ktstr_test(scheduler=STARVE, duration_s=0.5)
def a_worker_that_nobody_takes_waits_while_cpus_idle(ctx: Ctx) -> None:
    found, section = failure(ctx, 3, Checks(max_spread_pct=False))
    waited = re.fullmatch(
        r"ktstr-w1 was runnable for (4\d\d) ms on DSQ 1 while CPUs? [\d,-]+, which it may use, idled", found
    )
    assert waited
    victim = section.partition(" ")[0]
    before_us, what = events(section, victim)[-1]
    assert re.fullmatch(rf"CPU \d    wakeup    {re.escape(victim)} CPU \d", what)
    # The kernel counts a wait in ticks of 4 ms.
    assert abs(before_us - int(waited[1]) * 1000) < 8000


@ktstr_test(scheduler=SLOW, duration_s=1)
def a_worker_that_waits_its_turn_waits_behind_another(ctx: Ctx) -> None:
    found, section = failure(ctx, 8, Checks(max_gap_ms=200, max_spread_pct=False))
    waited = re.fullmatch(
        r"ktstr-w\d was runnable for (\d{3}) ms on DSQ 0 while CPU (\d) ran (ktstr-w\d\[\d+\])", found
    )
    assert waited
    victim, holder = re.escape(section.partition(" ")[0]), re.escape(waited[3])
    before_us, what = events(section, section.partition(" ")[0])[-1]
    assert re.fullmatch(rf"CPU \d    switch    {victim} \(R\+?\) -> \S+", what)
    assert abs(before_us - int(waited[1]) * 1000) < 8000
    # The holder came after the worker had to go, and stayed.
    holder_us, what = events(section, waited[3])[-1]
    assert re.fullmatch(rf"CPU {waited[2]}    switch    \S+ \(\w\+?\) -> {holder}", what)
    assert holder_us < before_us


@ktstr_test(scheduler=STARVE)
def a_wait_in_a_later_step_is_looked_at_there(ctx: Ctx) -> None:
    steps = (Step("alone", hold=0.2), Step("crowd", CgroupDef("crowd", 2), hold=0.4))
    found, section = failure(ctx, 1, Checks(max_spread_pct=False), steps)
    assert re.fullmatch(
        r"ktstr-w1 was runnable for 3\d\d ms on DSQ 1 while CPUs? \S+ which it may use, idled", found
    )
    before_us, what = events(section, section.partition(" ")[0])[-1]
    assert "wakeup" in what
    # It was let go when the second step began its hold.
    assert 340_000 < before_us < 370_000


@ktstr_test(scheduler=SLOW, duration_s=1, auto_repro=False)
def without_another_run_nothing_is_said(ctx: Ctx) -> None:
    assert failure(ctx, 8, Checks(max_gap_ms=200, max_spread_pct=False))[0].endswith(
        "limit 200 ms (7 more workers did not for longer than they may)"
    )
