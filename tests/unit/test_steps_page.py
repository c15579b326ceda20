"""docs/steps.md shows a scenario that can be declared, and says what is printed and refused."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from ktstr import At, CgroupDef, KtstrError, Phase, Scenario, Step, Topology
from ktstr.declare import scheduler
from ktstr.scenario.layout import lay_out
from ktstr.scenario.operations.sysctl import Sysctl

PAGE = (Path(__file__).parents[2] / "docs" / "steps.md").read_text()


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the page's example defines."""
    monkeypatch.setattr(scheduler, "_registry", {})
    (block,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    defined: dict[str, Any] = {"__name__": "crowd"}
    exec(compile(block, str(Path(__file__)), "exec"), defined)
    return defined


def test_the_scenario_prints_as_the_page_says(shown: dict[str, Any]) -> None:
    assert "".join(f"    {line}\n" for line in str(shown["CROWD"]).splitlines()) in PAGE


def test_its_phases_are_those_of_the_page(shown: dict[str, Any]) -> None:
    layout = lay_out(shown["CROWD"], Topology(1, 1, 2, 1), 2.0)
    assert [phase.name for phase in layout.phases] == ["alone", "crowd", "turns 1/2", "turns 2/2"]
    assert "step crowd: held 0.40 s" in PAGE


@pytest.mark.parametrize(
    "step",
    [
        Step("crowd", CgroupDef("steady")),
        Step("crowd", At(0.6, Sysctl("kernel.printk_ratelimit", "10")), hold=0.4),
    ],
    ids=str,
)
def test_nonsense_is_refused_as_the_page_says(step: Step) -> None:
    with pytest.raises(KtstrError) as refused:
        lay_out(Scenario((CgroupDef("steady", 1),), steps=(step,)), Topology(1, 1, 2, 1), 2.0)
    assert f"    {refused.value}\n" in PAGE


def test_the_page_has_every_field_of_a_phase() -> None:
    rows = PAGE.partition("| `Phase` |")[2].partition("\n\n")[0]
    assert {field.name for field in fields(Phase)} <= set(re.findall(r"`(\w+)`", rows))
