"""Random scenarios in guests: each runs to a verdict or is refused in one line, leaves nothing behind, and repeats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from random_scenarios import Draft, drafts, made
from test_census import CENSUS

from ktstr import Ctx, KtstrError, RunReport, Scenario, ktstr_test
from ktstr.vm.job import RunOptions

QUICK, MANY = 12, 500
QUICK_TWICE, MANY_TWICE = 2, 50


def ending_of(run: Mapping[str, Any]) -> str:
    """How a run ended, from its record for the sidecar."""
    return str(run["result"]["ending"])


class Random:
    """Runs random scenarios in the guest of `ctx`; the first `twice` of those that run to a verdict a second time.

    With `twice_only` it runs no others.
    """

    def __init__(self, ctx: Ctx, twice: int, *, twice_only: bool) -> None:
        self.seen: Counter[str] = Counter()
        self._ctx = ctx
        self._twice = twice
        self._twice_only = twice_only

    def __call__(self, draft: Draft) -> None:
        """Run one; AssertionError if it neither has a verdict nor is refused in a line, or is not the same again."""
        if self._twice_only and not self._twice:
            return
        guest = self._guest(fresh=False)
        try:
            scenario = made(draft)
            report = guest.run(scenario, hold_s=0.1, check=False)
        except KtstrError as error:
            self._refused(str(error), [ending_of(run) for run in guest.runs], draft)
            return
        assert report.result.ending.value == "done", (report.result.why, scenario)
        self.seen["passed" if report.passed else "failed"] += 1
        if self._twice:
            self._twice -= 1
            again = self._repeat(scenario)
            assert again.result.events_sha256 == report.result.events_sha256, scenario
            self.seen["the same again"] += 1

    def _refused(self, why: str, endings: list[str], draft: Draft) -> None:
        assert why
        assert "\n" not in why
        assert "left behind" not in why
        # The kernel refuses an operation, and the plan goes on. An agent that gives up has an error of its own; without
        # its sysctls a plan means nothing, so only these end it.
        assert endings in ([], ["done"]) or "sysctl: " in why, (endings, why, draft)
        self.seen["refused in the guest" if endings else "refused"] += 1
        if endings:
            print(f"refused in the guest: {why}")

    def _repeat(self, scenario: Scenario) -> RunReport:
        return self._guest(fresh=True).run(scenario, hold_s=0.1, check=False)

    def _guest(self, *, fresh: bool) -> Ctx:
        ctx = self._ctx
        return Ctx(ctx.test, ctx.kernel, "virtual", 1, ctx.artifacts / "one", options=RunOptions(fresh=fresh))


def run_random(ctx: Ctx, count: int, twice: int, *, twice_only: bool = False) -> Counter[str]:
    """At most `count` scenarios, the same every time, `twice` of them a second time; what became of them."""
    one = Random(ctx, twice, twice_only=twice_only)

    @settings(
        max_examples=count,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(drafts())
    def check(draft: Draft) -> None:
        one(draft)

    check()
    print(dict(one.seen))
    return one.seen


@ktstr_test(scheduler=CENSUS, auto_repro=False)
def random_scenarios_have_a_verdict_or_are_refused(ctx: Ctx) -> None:
    assert run_random(ctx, QUICK, QUICK_TWICE)["the same again"] == QUICK_TWICE


# Ignored: they take half an hour on two cores. `nox -s fuzz` runs them.


@ktstr_test(scheduler=CENSUS, auto_repro=False, ignore=True)
def five_hundred_random_scenarios(ctx: Ctx) -> None:
    assert run_random(ctx, MANY, 0).total() == MANY


@ktstr_test(scheduler=CENSUS, auto_repro=False, ignore=True)
def fifty_random_scenarios_twice(ctx: Ctx) -> None:
    assert run_random(ctx, MANY, MANY_TWICE, twice_only=True)["the same again"] == MANY_TWICE
