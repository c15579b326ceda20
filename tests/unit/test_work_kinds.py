"""Work types as data: what a plan has of them, how many workers belong together, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from own_operations import SMALL, calling
from report_data import report, workers

import ktstr
from ktstr import (
    AsymmetricWaker,
    CachePressure,
    CgroupDef,
    CrossAffinityChurn,
    FanOut,
    FutexPingPong,
    KtstrError,
    Messenger,
    MutexContention,
    NiceChurn,
    Phased,
    PreemptStorm,
    PriorityInversion,
    ProducerConsumer,
    Scenario,
    Spawn,
    ThunderingHerd,
    Timer,
    Topology,
    WakeChain,
    WorkType,
)
from ktstr.checks.evidence import Evidence
from ktstr.checks.judge import judge
from ktstr.checks.thresholds import Checks
from ktstr.scenario import work
from ktstr.scenario.layout import lay_out
from ktstr.scenario.plan import scenario_plan

PAGE = (Path(__file__).parents[2] / "docs" / "work-types.md").read_text()


def test_times_are_nanoseconds_in_the_plan() -> None:
    assert str(Timer(period_ms=0.5)) == "timer period_ns=500000 burst_iters=16"
    assert str(AsymmetricWaker(sync=True)) == "asymmetric_waker waker_ns=1000000 woken_iters=16 sync=1"


def test_the_phases_of_a_sequence_are_one_word() -> None:
    phases = Phased((("spin", 0.5), ("sleep", 2), ("yield", 3), ("io", 16)))
    assert str(phases) == "phased phases=spin:500000,sleep:2000000,yield:3,io:16384"


@pytest.mark.parametrize(
    ("kind", "together"),
    [
        (FutexPingPong(), 2),
        (WakeChain(length=5), 5),
        (FanOut(woken=6), 7),
        (ThunderingHerd(herd=8), 9),
        (Messenger(workers=3), 4),
        (MutexContention(contenders=3), 3),
        (PriorityInversion(spinners=4), 6),
        (ProducerConsumer(consumers=2), 3),
        (CrossAffinityChurn(churners=3), 3),
        (PreemptStorm(spinners=4), 5),
        (Timer(), 1),
    ],
)
def test_a_group_has_as_many_workers_as_its_parameters_say(kind: WorkType, together: int) -> None:
    assert kind.together == together
    text = scenario_plan(Scenario((CgroupDef("a", 2 * together, work=kind),), hold_s=1), SMALL)
    assert f"spawn a {2 * together} {kind} policy=normal\n" in text


def test_half_a_group_is_refused() -> None:
    with pytest.raises(KtstrError) as refused:
        Spawn("a", 4, FanOut(woken=4))
    assert f"\n    {refused.value}\n" in PAGE


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (calling(WakeChain, 1), "WakeChain: length=1: must be a whole number from 2 to 1024"),
        (calling(CachePressure, kb=2), "CachePressure: kb=2: must be a whole number from 4 to 65536"),
        (calling(NiceChurn, most=20), "NiceChurn: most=20: must be a whole number from 1 to 19"),
        (calling(Phased, ()), "Phased: phases=(): must be a tuple of 1 to 32 phases"),
        (
            calling(Phased, [("spin", 1)]),
            "Phased: phases=[('spin', 1)]: must be a tuple of 1 to 32 phases",
        ),
        (
            calling(Phased, (("nap", 1),)),
            "Phased: phases: ('nap', 1): must be a pair of spin, sleep, yield, io and a number",
        ),
        (
            calling(Phased, (("spin", 1), ("yield", 0.5))),
            "Phased: phases: yield=0.5: must be a whole number from 1 to 1000000",
        ),
        (
            calling(Phased, (("sleep", 0),)),
            "Phased: phases: sleep=0: must be milliseconds, from 0.001 to an hour",
        ),
    ],
)
def test_a_wrong_parameter_is_refused_by_type_and_name(make: Any, message: str) -> None:
    with pytest.raises(KtstrError, match=f"^{re.escape(message)}$"):
        make()


@pytest.mark.parametrize(("kind", "compared"), [(FanOut(woken=1), False), (FutexPingPong(), True)])
def test_workers_that_are_unlike_by_themselves_are_not_compared(kind: WorkType, compared: bool) -> None:
    scenario = Scenario((CgroupDef("cg", 2, work=kind),), hold_s=2)
    one, other = workers({"cgroup": "cg"}, {"cgroup": "cg", "run_ns": 100_000_000})
    layout = lay_out(scenario, SMALL, 2)
    run = Evidence(report(workers=(one, other)), SMALL, scenario.cgroups, layout=layout)
    found = [one.check for one in judge(run, Checks(max_spread_pct=15))]
    assert found == (["max_spread_pct"] if compared else [])


def test_the_page_has_each_work_type_with_its_parameters() -> None:
    rows = dict(re.findall(r"^\| `(\w+)\((.*?)\)` \|", PAGE, re.MULTILINE))
    assert sorted(rows) == work.__all__
    for name, said in rows.items():
        assert eval(f"{name}({said})", vars(work)) == getattr(work, name)()


def test_what_the_page_makes_of_types_can_be_made() -> None:
    section = PAGE.partition("## Made of these")[2].partition("\n## ")[0]
    names = {name: getattr(ktstr, name) for name in ktstr.__all__}
    made = [eval(said, names) for said in re.findall(r"\| `(\w+\(.*\))` \|$", section, re.MULTILINE)]
    assert len(made) == 6
    for part in made:
        if isinstance(part, CgroupDef):
            assert scenario_plan(Scenario((part,), hold_s=1), Topology.parse("2n2l2c2t"))


def test_the_page_says_how_many_belong_together() -> None:
    rows = re.findall(r"^\| `(\w+)\(.*?\)` \| (?:`(\w+)`(?: \+ )?)?(\d*) \|", PAGE, re.MULTILINE)
    kinds = {name: getattr(work, name)() for name in work.__all__}
    said = {
        name: (getattr(kinds[name], field) if field else 0) + int(more or 0) for name, field, more in rows
    }
    assert said == {name: kind.together for name, kind in kinds.items() if kind.together > 1}
