"""The kernel tree's own tests of sched_ext, each a test here: docs/selftests.md."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from case import Case
from demands import stays
from table import CASES, LISTED, why_not
from tree import Tree, find_tree

from ktstr import Checks, Ctx, Scheduler, declare_scheduler, ktstr_test
from ktstr.bpf.build import build_bpf
from ktstr.toolchain.compiler import bpf_clang
from ktstr.verifier.cell import Cell
from ktstr.verifier.job import Jobs
from ktstr.verifier.sweep import Options, run_cell
from ktstr.vm.local import LocalExecutor

# The C files demand nothing of how well workers are served.
LIMITS = Checks(
    max_idle_wait_pct=False,
    max_idle_wait_ms=False,
    max_idle_wake_ms=False,
    max_wasted_pct=False,
    max_task_wait_ms=False,
    max_share_error=False,
    max_spread_pct=False,
    max_inversion_pct=False,
    max_gap_ms=False,
    max_weight_error=False,
    max_bandwidth_excess_pct=False,
    not_stuck=False,
    isolation=False,
)


def run(case: Case, ctx: Ctx) -> None:
    """Run the scenario, and require what the C file demands."""
    # A run that has to go well is judged as any; else the demands say what may be violated.
    report = ctx.run(case.scenario, check=bool(case.refused) or stays in case.demands)
    for demand in () if case.refused else case.demands:
        problem = demand(report)
        assert not problem, f"{case.name}: {problem}"


def refuse(case: Case, tree: Tree, ctx: Ctx) -> None:
    """Load an object that is no scheduler, whose programs the verifier must refuse."""
    built = build_bpf(tree.bpf(case), ctx.kernel, tree.cflags)
    scheduler = Scheduler(name=case.name, bpf=built)
    cell = Cell(scheduler, ctx.kernel.version, ctx.kernel, str(ctx.topology), ctx.topology, built)
    options = Options("auto", ctx.seed, None, ctx.artifacts / "object", LocalExecutor())
    result = run_cell(cell, options, Jobs(ctx.seed))
    verified = ", ".join(one.name for one in result.programs) or "none"
    refused = re.search(case.refused, "\n".join(result.log))
    assert refused, f"{case.name}: was not refused for {case.refused!r}; accepted were {verified}"


def scheduler_of(case: Case, tree: Tree) -> Scheduler:
    """The declaration of the scheduler that a case loads."""
    fields: dict[str, Any] = {"topology": (1, 1, 4, 1), **case.declared}
    return declare_scheduler(name=case.name, bpf=tree.bpf(case), bpf_cflags=tree.cflags, **fields)


def test_of(case: Case, tree: Tree) -> Callable[[Ctx], None]:
    """The test function of a case."""

    def body(ctx: Ctx) -> None:
        if (clang := bpf_clang()).major < case.clang:
            pytest.skip(f"needs clang {case.clang} or later, found {clang.version}")
        if why := why_not(case, ctx.kernel.version):
            pytest.skip(why)
        if case.is_object:
            refuse(case, tree, ctx)
        else:
            run(case, ctx)

    body.__name__ = body.__qualname__ = case.name
    arguments: dict[str, Any] = {
        "checks": LIMITS,
        "gauntlet": False,
        **case.test,
    }
    if case.is_object:
        return pytest.mark.ktstr_no_scenario(ktstr_test(topology=(1, 1, 4, 1), **arguments)(body))
    if case.refused:
        arguments["expect_load_error"] = case.refused
        arguments["checks"] = None
    return ktstr_test(scheduler=scheduler_of(case, tree), auto_repro=False, **arguments)(body)


TREE = find_tree()
globals().update({case.name: test_of(case, TREE) for case in CASES})
test_of.__test__ = False  # type: ignore[attr-defined]


def test_every_test_of_the_tree_is_done_or_listed() -> None:
    done = {case.of for case in CASES}
    nowhere = {one.of for one in LISTED if not one.before}
    assert sorted(TREE.tests) == sorted(done | nowhere)
    assert not done & nowhere
