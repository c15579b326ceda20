"""The canned scenarios as data: each has a plan on many machines or says why not, and says what it is for."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from ktstr import CgroupDef, Operation, Scenario, Step, Topology, scenarios
from ktstr.base.errors import Unsuitable
from ktstr.scenario.layout import lay_out
from ktstr.scenario.plan import scenario_plan

PAGE = Path(__file__).parents[2] / "docs" / "scenarios.md"
NAMES = [name for name in scenarios.__all__ if name != "Runner"]
TOPOLOGIES = ["1n1l1c1t", "1n1l2c1t", "1n2l2c1t", "1n3l3c1t", "2n4l4c1t", "1n4l4c2t"]


class Planned:
    """Stands in for a test's `ctx`: keeps the plan of what a scenario would run, and how long it would hold."""

    def __init__(self, topology: str) -> None:
        self.topology = Topology.parse(topology)
        self.duration_s = 1.0
        self.plan = ""
        self.holds_s: list[float] = []

    def run(
        self, *parts: CgroupDef | Operation, hold_s: float | None = None, steps: Sequence[Step] = ()
    ) -> None:
        duration_s = self.duration_s if hold_s is None else hold_s
        scenario = Scenario(parts, duration_s, steps=tuple(steps))
        self.plan = scenario_plan(scenario, self.topology, scheduler=("/scheduler",))
        layout = lay_out(scenario, self.topology, duration_s, scheduler="some")
        self.holds_s = [phase.hold_ns / 1e9 for phase in layout.phases]


@pytest.mark.parametrize("topology", TOPOLOGIES)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("hold_s", [None, 0.2, 5])
def test_it_has_a_plan_or_says_what_the_topology_lacks(
    name: str, topology: str, hold_s: float | None
) -> None:
    ctx, why = Planned(topology), ""
    try:
        getattr(scenarios, name)(ctx, hold_s=hold_s)
    except Unsuitable as error:
        why = str(error)
    assert ctx.plan or re.match(rf"{name}: .*(needs|must be)", why)


@pytest.mark.parametrize("name", NAMES)
def test_every_one_can_run_somewhere(name: str) -> None:
    for topology in ("1n2l2c1t", "2n4l4c1t"):
        ctx = Planned(topology)
        getattr(scenarios, name)(ctx)
        assert ctx.plan


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("hold_s", [None, 0.2, 5])
def test_its_holds_are_as_long_together_as_is_asked(name: str, hold_s: float | None) -> None:
    ctx = Planned("2n4l4c1t")
    getattr(scenarios, name)(ctx, hold_s=hold_s)
    assert sum(ctx.holds_s) == pytest.approx(ctx.duration_s if hold_s is None else hold_s)


@pytest.mark.parametrize("name", NAMES)
def test_its_holds_are_the_same_shares_of_any_duration(name: str) -> None:
    short, tests_own = Planned("2n4l4c1t"), Planned("2n4l4c1t")
    getattr(scenarios, name)(short, hold_s=0.2)
    getattr(scenarios, name)(tests_own)
    assert [hold / 0.2 for hold in short.holds_s] == pytest.approx(
        [hold / tests_own.duration_s for hold in tests_own.holds_s]
    )


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_it_probes_and_drives(name: str) -> None:
    said = inspect.getdoc(getattr(scenarios, name)) or ""
    assert re.search(r"\bProbes\s", said)
    assert re.search(r"\bDrives\s", said)


def test_the_page_has_a_row_for_each() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", PAGE.read_text().partition("## Reach")[0], re.MULTILINE)
    assert sorted(rows) == sorted(NAMES)


def test_cpusets_are_swapped_between_llcs_or_nodes() -> None:
    ctx = Planned("2n4l2c1t")
    scenarios.cpuset_swap(ctx, by="numa", swaps=2)
    assert ctx.plan.count("swap_cpusets cg_0 cg_1") == 2
    with pytest.raises(Unsuitable, match=r"has numa_nodes=1; this scenario needs 2"):
        scenarios.cpuset_swap(Planned("1n2l2c1t"), by="numa")
