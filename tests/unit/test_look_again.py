"""A wait that is looked at again: a run of `test_waits.py` on 7.0.13, and the one that ends with the look."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from fake_executor import FakeExecutor, recorded
from run_data import a_run, a_test, build_nothing

from ktstr import CgroupDef, Checks, Scheduler, Topology
from ktstr.base.cancel import Cancel
from ktstr.base.errors import KtstrError
from ktstr.events.looked import read_look
from ktstr.report.waiting import waiting_lines
from ktstr.run.execute import Runner, judged
from ktstr.run.look import look_again
from ktstr.scenario.look import Look
from ktstr.scenario.scenario import Scenario
from ktstr.vm.host import Accel
from ktstr.vm.job import DEFAULT_OPTIONS
from ktstr.vm.result import VmResult

FIRST, LOOKED = recorded("waits"), recorded("waits-look")
TEST = a_test(scheduler=Scheduler(name="slow", bpf=Path("slow.bpf.c")), topology=Topology(1, 1, 4, 1))
LIMITS = Checks(max_gap_ms=200, max_spread_pct=False)


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Looks:
    """Looks again at the first run, which failed."""
    build_nothing(monkeypatch, tmp_path)
    return Looks(tmp_path)


class Looks:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.plans: list[str] = []

    def __call__(self, again: VmResult | Exception, first: VmResult = FIRST) -> list[str]:
        """The section about the wait, if the run that looks leaves `again`; nothing if no wait was seen."""
        executor = FakeExecutor(again)
        run = a_run(
            self.folder, test=TEST, limits=LIMITS, scenario=Scenario((CgroupDef("cg", 8),), hold_s=1.0)
        )
        runner = Runner(executor, Accel("tcg", "virtual", "a test"), DEFAULT_OPTIONS, Cancel(), [])
        seen = look_again(runner, run, self.folder / "look", judged(run, first))
        self.plans = [job.plan for job in executor.jobs]
        return waiting_lines(seen) if seen else []


WAIT = [
    "ktstr-w5[139] on DSQ 0, runnable for 496 ms",
    "not longer there: ktstr-w4[138] 92 ms, ktstr-w6[140] 92 ms, ktstr-w3[137] 92 ms, rcu_preempt[15] 84 ms,"
    " kdamond.0[64] 72 ms",
    "CPU 2 ran ktstr-w7[141]",
]
EVENTS = """\
last events of ktstr-w5[139], us before that moment, newest last
    916,487  CPU 3    switch    ktstr-w5[139] (S) -> ktstr-w4[138]
    899,920  CPU 3    wakeup    ktstr-w5[139] CPU 3
    899,722  CPU 3    switch    ktstr-w4[138] (S) -> ktstr-w5[139]
    899,696  CPU 3    switch    ktstr-w5[139] (S) -> ktstr-w1[135]
    899,177  CPU 3    migrate   ktstr-w5[139] CPU 3 -> 2
    899,167  CPU 3    wakeup    ktstr-w5[139] CPU 2
    899,145  CPU 2    switch    idle (R) -> ktstr-w5[139]
    496,815  CPU 2    switch    ktstr-w5[139] (R) -> kworker/2:1[52]
last events of ktstr-w7[141], us before that moment, newest last
    899,953  CPU 3    wakeup    ktstr-w7[141] CPU 0
    899,869  CPU 0    switch    idle (R) -> ktstr-w7[141]
    899,611  CPU 0    switch    ktstr-w7[141] (S) -> idle
    899,595  CPU 0    wakeup    ktstr-w7[141] CPU 0
    899,582  CPU 0    switch    idle (R) -> ktstr-w7[141]
    497,819  CPU 0    switch    ktstr-w7[141] (R+) -> kworker/0:1[11]
     92,823  CPU 2    migrate   ktstr-w7[141] CPU 0 -> 2
     92,804  CPU 2    switch    ktstr-w6[140] (R) -> ktstr-w7[141]
""".splitlines()


def changed(kind: str, **fields: object) -> VmResult:
    """The run that looks, but for fields of its first event of that kind."""
    events = list(LOOKED.events)
    at = next(number for number, event in enumerate(events) if event.get("ev") == kind)
    events[at] = {**events[at], **fields}
    return replace(LOOKED, events=tuple(events))


def test_the_last_events_of_the_worker_and_of_the_task_that_ran_where_it_waited(look: Looks) -> None:
    assert look(LOOKED) == WAIT + EVENTS


def test_the_run_ends_with_the_look_while_the_worker_waits(look: Looks) -> None:
    look(LOOKED)
    (plan,) = look.plans
    assert plan.splitlines()[-2:] == ["hold 0900000000", "look"]


def test_another_run_has_the_wait_without_events(look: Looks) -> None:
    assert look(changed("sched_log", text="attached something else")) == WAIT
    assert look(changed("hold", began_ns=4181859837)) == WAIT


def test_what_the_first_run_did_after_that_moment_is_no_difference(look: Looks) -> None:
    events = list(FIRST.events)
    at = next(number for number, event in enumerate(events) if event.get("ev") == "hold")
    later = {"ev": "sched_log", "t": events[at]["t"] - 1, "text": "a line"}
    assert look(LOOKED, replace(FIRST, events=(*events[:at], later, *events[at:]))) == WAIT + EVENTS


def test_what_cannot_be_seen_is_not_said(look: Looks) -> None:
    assert look(KtstrError("no guest")) == []
    assert look(FIRST) == []
    assert look(changed("sched_dump", text="the kernel has no dump")) == WAIT + EVENTS


def test_a_run_without_a_look_or_whose_dump_is_lost_has_none() -> None:
    assert read_look(FIRST.events) is None
    assert read_look([event for event in LOOKED.events if event.get("ev") != "sched_dump"]) is None


def test_a_dump_that_the_scenario_asked_for_stops_the_recorder() -> None:
    own_dump = {"ev": "op", "name": "kernel_dump"}
    own_text = {"ev": "sched_dump", "text": "CPU states"}
    events = [own_dump, *LOOKED.events[:-1], own_text, LOOKED.events[-1]]
    both = read_look(events)
    assert both is not None
    assert both.flight == ()


def test_a_plan_is_cut_at_the_look() -> None:
    plan = "phase a\nhold 1000000000\nphase b\nrecorder\nhold 2000000000\ndump\n"
    assert (
        Look(1, 50_000_000).cut(plan)
        == "phase a\nhold 1000000000\nphase b\nrecorder\nhold 0050000000\nlook\n"
    )
    assert Look(0, 900_000_000).cut(plan) == "phase a\nhold 0900000000\nlook\n"
