"""Random scenarios, valid and not, over every operation: each has a plan or is refused in one line."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from random_scenarios import KINDS, Draft, drafts, made

from ktstr import KtstrError, Scenario, Topology
from ktstr.scenario.plan import scenario_plan

SMALL = Topology(1, 2, 2, 1)
SEEN: Counter[str] = Counter()


def planned(draft: Draft) -> tuple[str, str]:
    """The plan of a scenario, or why it is refused."""
    try:
        scenario = made(draft)
        whole = Scenario(scenario.parts, 0.1, steps=scenario.steps)
        return scenario_plan(whole, SMALL, scheduler=("/scheduler",)), ""
    except KtstrError as error:
        return "", str(error)


@settings(max_examples=500, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(drafts())
def test_a_scenario_has_a_plan_or_is_refused_in_one_line(draft: Draft) -> None:
    plan, refusal = planned(draft)
    SEEN["planned" if plan else "refused"] += 1
    assert plan.endswith("\n") or refusal
    assert "\n" not in refusal


def test_every_operation_of_a_users_takes_part() -> None:
    names = {kind.name for kind in KINDS}
    assert {"set_weight", "set_affinity", "cpu_offline", "spawn", "remove_cgroup", "write"} <= names


def test_scenarios_of_both_kinds_are_drawn() -> None:
    if not SEEN:
        pytest.skip("the scenarios were drawn in another process")
    assert min(SEEN["planned"], SEEN["refused"]) > 50, SEEN
