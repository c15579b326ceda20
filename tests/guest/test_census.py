"""Every callback and every flag that user space can cause is reached by a canned scenario: counted in the guest."""

from __future__ import annotations

import sys
from pathlib import Path

from census_record import COVER
from unjudged import CANNED

from ktstr import Ctx, declare_scheduler, ktstr_test, scenarios

sys.path.insert(0, str(Path(__file__).with_name("census")))

from census import HOLD_S, SCHEDULER, Counting, take_census

TARGET = Path(__file__).parents[2] / "target" / "census"

CENSUS = declare_scheduler(name="census", bpf=SCHEDULER, topology=(1, 2, 2, 1))
REFUSES = declare_scheduler(
    name="census_refuses", bpf=SCHEDULER, rodata={"refuse_threads": 1}, topology=(1, 2, 2, 1)
)


# Ignored: it takes minutes. `nox -s census` runs it, and prints the tables.
@ktstr_test(scheduler=CENSUS, auto_repro=False, ignore=True)
def canned_scenarios_reach_every_callback_and_flag(ctx: Ctx) -> None:
    census = take_census(ctx, CANNED)
    TARGET.mkdir(parents=True, exist_ok=True)
    (TARGET / f"{census.kernel}.json").write_text(census.text())
    (TARGET / f"{census.kernel}.txt").write_text(f"{census.table()}\n")
    assert census.never() == []


@ktstr_test(scheduler=CENSUS, auto_repro=False)
def a_few_scenarios_reach_every_callback_and_flag(ctx: Ctx) -> None:
    assert take_census(ctx, COVER).never() == []


@ktstr_test(scheduler=REFUSES, auto_repro=False)
def a_move_that_the_scheduler_refuses_in_part_is_cancelled(ctx: Ctx) -> None:
    guest = Counting(ctx)
    report = scenarios.cgroup_move_threads(guest, hold_s=HOLD_S)
    (first, *_) = (one.message for one in report.violations if one.check == "operations")
    assert first.startswith("the scheduler's cgroup_prep_move refused an operation: move_tasks a b 0:")
    assert guest.counts["cgroup_cancel_move"] >= 1
