"""Shrinking has a clock: it ends the search early, says so, and a later run with more time goes on where it ended.

The clock is a count of runs, so the test is the same on a busy host.
"""

from functools import partial
from pathlib import Path
from typing import Any, cast
from unittest import mock

from ktstr import CgroupDef, Checks, Cpuset, Ctx, declare_scheduler, ktstr_test
from ktstr.checks.verdict import VerdictFailed
from ktstr.run.shrink_time import ShrinkTime
from ktstr.vm.local import LocalExecutor
from ktstr.vm.result import VmResult

FORGETS = declare_scheduler(
    name="forgets",
    bpf=Path(__file__).parents[1] / "schedulers" / "racy.bpf.c",
    rodata={"window_ns": 2_000_000},  # of a slice of 5 ms, so that every seed hits it
    topology=(1, 1, 4, 1),
    checks=Checks(max_gap_ms=200, max_spread_pct=False),
    sysctls={"kernel.watchdog": 0},
)
HOLD_S = 0.5
TRIED = 20


class Counted(LocalExecutor):
    """Counts the runs: its time is a second for each."""

    def __init__(self) -> None:
        self.results: list[VmResult] = []

    def run(self, *arguments: Any, **options: Any) -> VmResult:
        """Run a job, and count it."""
        result = super().run(*arguments, **options)
        self.results.append(result)
        return result

    def now_s(self) -> float:
        """How many runs there were."""
        return float(len(self.results))


def shrunk(ctx: Ctx, shrink_s: float) -> tuple[Any, list[VmResult]]:
    """What a perturbed run, which has to fail, records of its shrinking, and the runs that it took."""
    executor = Counted()
    guest = Ctx(
        ctx.test,
        ctx.kernel,
        "virtual",
        1,
        ctx.artifacts / f"in-{shrink_s:g}",
        perturb=True,
        executor=executor,
        shrink_s=shrink_s,
    )
    with mock.patch("ktstr.run.context.ShrinkTime", partial(ShrinkTime, now=executor.now_s)):
        try:
            guest.run(CgroupDef("w", 5, cpuset=Cpuset.exact(range(3))), hold_s=HOLD_S)
        except VerdictFailed as failed:
            print(str(failed).partition("--- perturbations ---\n")[2].partition("\n\n")[0])
            (record,) = cast(list[Any], guest.runs[0]["shrunk"])
            return record, executor.results
    raise AssertionError("a preempted worker is forgotten, so the run must fail")


# Six runs are mostly enough: none; up to the wait, and one less; the last of them alone; without those of idle CPUs;
# moved. How many it takes depends on the kernel.
@ktstr_test(scheduler=FORGETS, auto_repro=False)
def shrinking_ends_with_its_time_and_goes_on_with_more(ctx: Ctx) -> None:
    some, short = shrunk(ctx, 2)
    few, longer = shrunk(ctx, 6)
    assert some["unfinished"] == "not shrunk to the end: its 2 s were up after 2 runs (--shrink-seconds)"
    assert few["unfinished"] in (
        None,
        "not shrunk to the end: its 6 s were up after 6 runs (--shrink-seconds)",
    )
    assert 1 <= few["left"] <= some["left"] <= some["of"] == TRIED
    assert len(short) == 1 + 2
    assert len(longer) == 1 + 6 if few["unfinished"] else 1 + 2 < len(longer) <= 1 + 6
    assert [one.start for one in longer[:3]] == ["remembered"] * 3
    assert [one.events_sha256 for one in longer[:3]] == [one.events_sha256 for one in short]
