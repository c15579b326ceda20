"""Canned scenarios with cgroups in cgroups."""

from __future__ import annotations

from ktstr.scenario.canned.runner import Report_co, Runner, require, shares, total, usable_count
from ktstr.scenario.cgroup import CgroupDef
from ktstr.scenario.cpuset import Cpuset
from ktstr.scenario.operations.at import At
from ktstr.scenario.operations.cgroup import AddCgroup
from ktstr.scenario.operations.move_tasks import MoveTasks
from ktstr.scenario.operations.remove_cgroup import RemoveCgroup
from ktstr.scenario.operations.set_controllers import SetControllers
from ktstr.scenario.operations.set_cpuset import SetCpuset
from ktstr.scenario.step import Step

__all__ = ["nested_churn", "nested_cpusets", "nested_no_controller", "nested_steady", "nested_task_move"]


def nested_steady(ctx: Runner[Report_co], *, hold_s: float | None = None) -> Report_co:
    """Workers in cgroups at three depths: `a/b/c`, `a/d` and `e`.

    Probes a scheduler that follows the hierarchy. Drives `cgroup_init` from the root down, `cgroup_move`.
    """
    count = max(1, usable_count(ctx) // 2)
    return ctx.run(*(CgroupDef(path, count) for path in ("a/b/c", "a/d", "e")), hold_s=hold_s)


def nested_task_move(ctx: Runner[Report_co], *, turns: int = 4, hold_s: float | None = None) -> Report_co:
    """The workers of `a/b` move to `c/d/e` and back, while they run.

    Probes tasks whose place in the hierarchy changes. Drives `cgroup_prep_move`, `cgroup_move`.
    """
    moves = [("a/b", "c/d/e"), ("c/d/e", "a/b")]
    return ctx.run(
        CgroupDef("a/b", usable_count(ctx)),
        AddCgroup("c/d/e"),
        CgroupDef("f", 1),
        hold_s=hold_s,
        steps=(
            Step("before", hold=shares(turns + 1)),
            *(Step(f"move {i + 1}", MoveTasks(*moves[i % 2]), hold=shares(turns + 1)) for i in range(turns)),
        ),
    )


def nested_churn(ctx: Runner[Report_co], *, turns: int = 4, hold_s: float | None = None) -> Report_co:
    """A subtree `a/b/c` with workers at its end is made and removed as a whole, `turns` times.

    Probes that a scheduler takes down a hierarchy from below. Drives `cgroup_init`, `cgroup_exit`, `exit_task`.
    """
    total_s = total(ctx, hold_s)
    turn_s = total_s / turns
    return ctx.run(
        CgroupDef("stays", usable_count(ctx)),
        hold_s=total_s,
        steps=(
            Step(
                "churn", CgroupDef("a/b/c", 2), At(turn_s * 0.7, RemoveCgroup("a")), hold=turn_s, repeat=turns
            ),
        ),
    )


def nested_cpusets(ctx: Runner[Report_co], *, hold_s: float | None = None) -> Report_co:
    """`a` has half of the CPUs and its two children a part of them each; then `a` gets the other half.

    Probes cpusets that change for tasks below. Drives `set_cpumask` on all of them.
    """
    require(ctx, "nested_cpusets", cpus=4)
    return ctx.run(
        AddCgroup("a", Cpuset.disjoint(0, 2)),
        CgroupDef("a/b", 2),
        CgroupDef("a/c", 2),
        hold_s=hold_s,
        steps=(
            Step("first half", hold=shares(2)),
            Step("second half", SetCpuset("a", Cpuset.disjoint(1, 2)), hold=shares(2)),
        ),
    )


def nested_no_controller(ctx: Runner[Report_co], *, hold_s: float | None = None) -> Report_co:
    """Workers in `a/b` and `a/c`, which have no cpu controller of their own, and get it while they run.

    Probes tasks whose cgroup for the scheduler is an ancestor of theirs. Drives `cgroup_init` and `cgroup_move` for
    tasks that do not move in cgroupfs.
    """
    return ctx.run(
        AddCgroup("a"),
        SetControllers("a", ("cpuset",)),
        CgroupDef("a/b", 2),
        CgroupDef("a/c", 2),
        hold_s=hold_s,
        steps=(
            Step("without", hold=shares(3)),
            Step("with", SetControllers("a", ("cpu", "cpuset")), hold=shares(3)),
            Step("without again", SetControllers("a", ("cpuset",)), hold=shares(3)),
        ),
    )
