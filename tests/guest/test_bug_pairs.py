"""Bugs of schedulers, each beside a twin without: the default checks find the bug, and the first line names the cause.

More such pairs are in test_worker_pairs.py (nice value, affinity, policy, a refused fork), test_cgroup_operations.py
(`cpu.weight`, `cpu.max`, a refused cgroup, a move before the end) and test_system_operations.py (a CPU that goes).
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from embedded import SCHEDULERS, program_with

from ktstr import (
    AddCgroup,
    Affinity,
    At,
    AttachOver,
    Bursty,
    CgroupDef,
    Checks,
    ClearCpuset,
    Cpuset,
    Ctx,
    FilteredCalls,
    Freeze,
    PipeIo,
    ReplaceScheduler,
    Restart,
    Scenario,
    Scheduler,
    SetCpuset,
    SetWeight,
    Step,
    Thaw,
    VerdictFailed,
    Workers,
    declare_scheduler,
    ktstr_test,
)
from ktstr.bpf.build import build_bpf

BPF = Path(__file__).parent / "bpf"
FIXTURE = SCHEDULERS / "fixture.bpf.c"


def declare(name: str, bpf: Path, *bugs: str, cpus: int = 2, kargs: tuple[str, ...] = ()) -> Scheduler:
    """A scheduler with these bugs, none for the twin."""
    return declare_scheduler(
        name=f"pair_{name}",
        bpf=bpf,
        bpf_cflags=[f"-D{bug}" for bug in bugs],
        topology=(1, 1, cpus, 1),
        kargs=kargs,
    )


def first_line(ctx: Ctx, scenario: Scenario) -> str:
    """What a run fails with, in one line."""
    with pytest.raises(VerdictFailed) as failed:
        ctx.run(scenario)
    print(failed.value)
    return str(failed.value).splitlines()[0]


# A task with migration disabled

MOVES_ANY = declare("moves_any", SCHEDULERS / "migration.bpf.c", "MOVES_ANY", cpus=3)
MOVES_SOME = declare("moves_some", SCHEDULERS / "migration.bpf.c", cpus=3)
FILTERED = Scenario(
    (
        CgroupDef("calls", 2, work=FilteredCalls()),
        CgroupDef(
            "pinned",
            groups=tuple(
                Workers(1, Bursty(1 + cpu, 3 + cpu), affinity=Affinity.single(cpu), group=f"on{cpu}")
                for cpu in range(3)
            ),
        ),
    ),
    hold_s=0.4,
)


@ktstr_test(scheduler=MOVES_ANY, auto_repro=False)
def one_that_moves_a_task_with_migration_disabled_is_ejected(ctx: Ctx) -> None:
    assert "cannot move migration disabled ktstr-w" in first_line(ctx, FILTERED)


@ktstr_test(scheduler=MOVES_SOME)
def one_that_leaves_such_a_task_where_it_is_passes(ctx: Ctx) -> None:
    # A task that stays waits while others go to idle CPUs, so shares differ by right.
    assert ctx.run(FILTERED, checks=Checks(max_spread_pct=False)).workers[0].iterations > 1000


# A cpuset that changes while its tasks run

KEEPS_HOME = declare("keeps_home", BPF / "homes.bpf.c", "FORGETS_NOTHING", cpus=3)
LEAVES_HOME = declare("leaves_home", BPF / "homes.bpf.c", cpus=3)
EVICTED = Scenario(
    (CgroupDef("a", 4, cpuset=Cpuset.exact({0, 1})), CgroupDef("b", 2, work=Bursty(2, 2))),
    steps=(
        Step(
            "the cpuset moves",
            At(0.1, SetCpuset("a", Cpuset.exact({1, 2}))),  # whichever of 0 and 1 a worker's home is,
            At(0.2, SetCpuset("a", Cpuset.exact({0, 2}))),  # it is taken once
            hold=0.4,
        ),
    ),
)


@ktstr_test(scheduler=KEEPS_HOME, auto_repro=False)
def one_that_keeps_a_cpu_that_left_the_cpuset_is_ejected(ctx: Ctx) -> None:
    line = first_line(ctx, EVICTED)
    assert "cannot move" in line or "not allowed" in line


@ktstr_test(scheduler=LEAVES_HOME)
def one_that_looks_at_the_new_cpuset_passes(ctx: Ctx) -> None:
    ctx.run(EVICTED)


# CPUs that are offline from the start

COUNTS_ALL = declare("counts_all", SCHEDULERS / "hotplug.bpf.c", cpus=4, kargs=("maxcpus=2",))
COUNTS_ONLINE = declare("counts_online", SCHEDULERS / "hotplug.bpf.c", "HEEDS", cpus=4, kargs=("maxcpus=2",))
HALF = Scenario((CgroupDef("a", 3),), hold_s=0.5)


@ktstr_test(scheduler=COUNTS_ALL, auto_repro=False)
def one_that_counts_on_cpus_that_are_offline_starves_a_worker(ctx: Ctx) -> None:
    assert "while CPU 2-3 were offline: starved" in first_line(ctx, HALF)


@ktstr_test(scheduler=COUNTS_ONLINE)
def one_that_takes_what_offline_cpus_would_get_passes(ctx: Ctx) -> None:
    ctx.run(HALF)


# More tasks than a table has room for

SMALL_TABLE = declare("small_table", BPF / "seats.bpf.c", "SEATS=64")
LARGE_TABLE = declare("large_table", BPF / "seats.bpf.c", "SEATS=4096")
HUNDRED = Scenario((CgroupDef("a", 100, work=Bursty(1, 20)),), hold_s=0.3)


@ktstr_test(scheduler=SMALL_TABLE, auto_repro=False)
def one_whose_table_of_tasks_is_full_refuses_a_fork(ctx: Ctx) -> None:
    line = first_line(ctx, HUNDRED)
    assert "the scheduler's init_task refused an operation: spawn a 100" in line
    assert "Cannot allocate memory (fork)" in line


@ktstr_test(scheduler=LARGE_TABLE)
def one_with_room_for_all_tasks_passes(ctx: Ctx) -> None:
    assert len(ctx.run(HUNDRED).workers) == 100


# Sync wakeups

PILES_UP = declare("piles_up", SCHEDULERS / "sync.bpf.c", "PILES_UP", cpus=4)
SPREADS = declare("spreads", SCHEDULERS / "sync.bpf.c", cpus=4)
FREED = Scenario(
    (CgroupDef("pairs", 8, work=PipeIo(64)),),
    steps=(
        Step("one CPU", SetCpuset("pairs", Cpuset.exact({1})), hold=0.1),
        Step("all CPUs", ClearCpuset("pairs"), hold=0.6),
    ),
)


@ktstr_test(scheduler=PILES_UP, auto_repro=False)
def one_that_keeps_all_with_their_wakers_leaves_cpus_idle(ctx: Ctx) -> None:
    line = first_line(ctx, FREED)
    assert "was idle while worker pairs/" in line
    assert "in step all CPUs" in line


@ktstr_test(scheduler=SPREADS)
def one_that_keeps_a_task_with_its_waker_while_no_other_waits_passes(ctx: Ctx) -> None:
    report = ctx.run(FREED)
    assert len(frozenset().union(*(worker.cpus for worker in report.phase("all CPUs").workers))) > 1


# Schedulers that start under load

FORKED_ONLY = declare("forked_only", SCHEDULERS / "adopts.bpf.c", "FORKED_ONLY")
ADOPTS = declare("adopts", SCHEDULERS / "adopts.bpf.c")
RELIABLE = declare("reliable", FIXTURE)
LOAD = CgroupDef("load", 4, work=Bursty(2, 2))


def with_a_change(change: Restart | ReplaceScheduler) -> Scenario:
    """Workers that run before and after another scheduler takes over."""
    return Scenario((LOAD,), steps=(Step("before", hold=0.2), Step("after", change, hold=0.3)))


@ktstr_test(scheduler=FORKED_ONLY, auto_repro=False)
def one_that_knows_only_tasks_of_its_time_fails_after_a_restart(ctx: Ctx) -> None:
    assert "adopts: no record of ktstr-w" in first_line(ctx, with_a_change(Restart()))


@ktstr_test(scheduler=ADOPTS)
def one_that_adopts_all_tasks_passes_a_restart(ctx: Ctx) -> None:
    assert len(ctx.run(with_a_change(Restart())).schedulers) == 2


@ktstr_test(scheduler=RELIABLE, auto_repro=False)
def one_that_knows_only_tasks_of_its_time_fails_after_it_replaced_another(ctx: Ctx) -> None:
    line = first_line(ctx, with_a_change(ReplaceScheduler(FORKED_ONLY)))
    assert "pair_forked_only" in line
    assert "adopts: no record of ktstr-w" in line


@ktstr_test(scheduler=RELIABLE)
def one_that_adopts_all_tasks_replaces_another(ctx: Ctx) -> None:
    report = ctx.run(with_a_change(ReplaceScheduler(ADOPTS)))
    assert [one.name for one in report.schedulers] == ["", "pair_adopts"]


# A second scheduler


def second(ctx: Ctx, folder: Path, *arguments: str) -> Scenario:
    """Another scheduler's program is started while one is attached."""
    program = program_with(build_bpf(FIXTURE, ctx.kernel), "takes_over", folder)
    name = f"takes_over_{folder.name}"
    declare_scheduler(name=name, binary_path=program, sched_args=arguments)
    over = AttachOver(name)
    return Scenario((LOAD,), steps=(Step("a second one", At(0.1, over), hold=0.4),))


@ktstr_test(scheduler=RELIABLE, auto_repro=False)
def a_second_one_that_ends_the_first_is_found(ctx: Ctx, tmp_path: Path) -> None:
    assert "disabled by sysrq-S" in first_line(ctx, second(ctx, tmp_path, "force"))


@ktstr_test(scheduler=RELIABLE)
def a_second_one_that_gives_up_leaves_the_first_alone(ctx: Ctx, tmp_path: Path) -> None:
    report = ctx.run(second(ctx, tmp_path))
    assert [one.name for one in report.schedulers] == [""]


# A cgroup that is thawed

KEEPS_LAG = declare("keeps_lag", BPF / "weights.bpf.c", "KEEPS_LAG")
FORGIVES = declare("forgives", BPF / "weights.bpf.c")
THAWED = Scenario(  # on one CPU, where the shares of so short a hold follow from virtual time alone
    (CgroupDef("cold", 2, cpuset=Cpuset.exact({0})), CgroupDef("warm", 2, cpuset=Cpuset.exact({0}))),
    steps=(
        Step("both", hold=0.2),
        Step("frozen", Freeze("cold"), hold=0.8),
        Step("thawed", Thaw("cold"), hold=0.3),
    ),
)


@ktstr_test(scheduler=KEEPS_LAG, auto_repro=False)
def one_that_pays_back_the_time_of_a_freeze_starves_the_others(ctx: Ctx) -> None:
    line = first_line(ctx, THAWED)
    # Whether one of them gets to do a little depends on who has the CPU when the others are thawed.
    assert re.search(r"worker warm/.*: starved|cgroup warm \(2 spin_wait, policy normal\) got .*%", line), (
        line
    )
    # On 7.3 the workers start so far apart that the lag of the first ones shows before anybody is frozen.
    assert re.search("in step (both|thawed)", line), line


@ktstr_test(scheduler=FORGIVES)
def one_that_forgives_the_time_of_a_freeze_passes(ctx: Ctx) -> None:
    ctx.run(THAWED)


# Nested cgroups

FLAT = declare("flat", SCHEDULERS / "tree.bpf.c", "FLAT")
TREE = declare("tree", SCHEDULERS / "tree.bpf.c")
NESTED = Scenario(
    (
        AddCgroup("heavy"),
        SetWeight("heavy", 400),
        *(CgroupDef(name, 1) for name in ("heavy/a", "heavy/b", "light/a", "light/b")),
    ),
    hold_s=0.8,
)


@ktstr_test(scheduler=FLAT, auto_repro=False)
def one_that_ignores_the_weight_of_the_cgroup_above_fails(ctx: Ctx) -> None:
    line = first_line(ctx, NESTED)
    assert "cgroup heavy got" in line
    assert "cpu.weight (heavy 400, light 100)" in line


@ktstr_test(scheduler=TREE)
def one_that_follows_the_weights_from_the_root_passes(ctx: Ctx) -> None:
    ctx.run(NESTED)
