"""Canned scenarios in which CPUs and the scheduler itself go and come."""

from __future__ import annotations

from ktstr.base.errors import Unsuitable
from ktstr.scenario.canned.runner import Report_co, Runner, require, shares, total, usable_count
from ktstr.scenario.cgroup import CgroupDef
from ktstr.scenario.operations.at import At
from ktstr.scenario.operations.attach import Attach
from ktstr.scenario.operations.cpu_offline import CpuOffline
from ktstr.scenario.operations.cpu_online import CpuOnline
from ktstr.scenario.operations.detach import Detach
from ktstr.scenario.operations.kernel_dump import KernelDump
from ktstr.scenario.operations.restart import Restart
from ktstr.scenario.operations.snapshot import Snapshot
from ktstr.scenario.operations.suspend import Suspend
from ktstr.scenario.step import Step
from ktstr.scenario.work import Mixed

__all__ = [
    "cpu_hotplug",
    "scheduler_dump",
    "scheduler_reattach",
    "scheduler_restart",
    "scheduler_snapshot",
    "suspend_resume",
]


def cpu_hotplug(ctx: Runner[Report_co], *, cpu: int = 1, hold_s: float | None = None) -> Report_co:
    """Workers on all CPUs, while CPU number `cpu` goes offline and comes back.

    Probes that tasks leave a CPU that goes, and use it again. Drives `cpu_offline`, `cpu_online`, `set_cpumask`. The
    kernel ends a scheduler that has neither callback.
    """
    require(ctx, "cpu_hotplug", cpus=3)
    if not 0 < cpu < ctx.topology.cpus - 1:
        raise Unsuitable(f"cpu_hotplug: cpu={cpu}: must be from 1 to {ctx.topology.cpus - 2}")
    return ctx.run(
        CgroupDef("cg", 2 * usable_count(ctx), work=Mixed()),
        hold_s=hold_s,
        steps=(
            Step("all CPUs", hold=shares(3)),
            Step("without one", CpuOffline(cpu), hold=shares(3)),
            Step("all CPUs again", CpuOnline(cpu), hold=shares(3)),
        ),
    )


def scheduler_restart(ctx: Runner[Report_co], *, hold_s: float | None = None) -> Report_co:
    """Workers run; the scheduler is stopped and started again under them.

    Probes that a scheduler takes over running tasks and gives them back. Drives `exit`, `init`, `init_task` and
    `cgroup_init` for all that is there, `enable`.
    """
    return ctx.run(
        CgroupDef("cg", usable_count(ctx)),
        hold_s=hold_s,
        steps=(Step("before", hold=shares(2)), Step("after", Restart(), hold=shares(2))),
    )


def scheduler_reattach(ctx: Runner[Report_co], *, hold_s: float | None = None) -> Report_co:
    """Workers run; the scheduler is detached, they run under the kernel's default, and it is attached again.

    Probes the same as `scheduler_restart`, with workers that others have scheduled meanwhile. Drives `exit`, `init`.
    """
    return ctx.run(
        CgroupDef("cg", usable_count(ctx)),
        hold_s=hold_s,
        steps=(
            Step("attached", hold=shares(3)),
            Step("detached", Detach(), hold=shares(3)),
            Step("attached again", Attach(), hold=shares(3)),
        ),
    )


def scheduler_dump(ctx: Runner[Report_co], *, hold_s: float | None = None) -> Report_co:
    """Workers run; in the middle the kernel writes its debug dump of the scheduler, as it does at an error.

    Probes that a scheduler's own part of the dump works, before it is needed. Drives `dump`, `dump_cpu`, `dump_task`.
    """
    total_s = total(ctx, hold_s)
    return ctx.run(
        CgroupDef("cg", 2 * usable_count(ctx)),
        hold_s=total_s,
        steps=(Step("dumped", At(total_s / 2, KernelDump()), hold=total_s),),
    )


def scheduler_snapshot(ctx: Runner[Report_co], *, hold_s: float | None = None) -> Report_co:
    """Workers run; the scheduler's maps are read twice meanwhile, for `report.dumps`.

    Probes what a scheduler counts from one moment to the next. Drives no callback by itself.
    """
    return ctx.run(
        CgroupDef("cg", usable_count(ctx), work=Mixed()),
        hold_s=hold_s,
        steps=(
            Step("first", Snapshot("first"), hold=shares(2)),
            Step("second", Snapshot("second"), hold=shares(2)),
        ),
    )


def suspend_resume(ctx: Runner[Report_co], *, hold_s: float | None = None) -> Report_co:
    """Workers run, the machine suspends as far as a guest can (all tasks are frozen), and they go on.

    Probes that tasks come back after the kernel has bypassed the scheduler. Drives `quiescent`, `runnable`,
    `update_idle`. A kernel without CONFIG_HIBERNATION_SNAPSHOT_DEV cannot do it.
    """
    return ctx.run(
        CgroupDef("cg", usable_count(ctx)),
        hold_s=hold_s,
        steps=(Step("before", hold=shares(2)), Step("after", Suspend(1), hold=shares(2))),
    )
