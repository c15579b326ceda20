"""A scheduler's program that cheats never gets a PASS, and no verdict but its own or that it interfered.

programs/hostile.c has the ways. Without a scheduler the honest verdict is that none was attached; with one that never
runs a worker, that the worker starved.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from embedded import PROGRAMS, program_with

from ktstr import Bursty, CgroupDef, Checks, Ctx, Payload, RunPayload, Scheduler, ktstr_test
from ktstr.bpf.build import build_bpf
from ktstr.checks.verdict import VerdictFailed
from ktstr.kernel.model import Kernel

BPF = Path(__file__).parent / "bpf"
ABSENT = r"hostile did not attach within .* guest seconds \(sched_ext state: disabled\).*"
# cg/1 at least: a way may have stopped another when its turn came.
STARVES = r"hostile: (?:worker cg/1 \(spin_wait\)|[23] workers) did no work in .* guest seconds: starved .*"
WORKERS = CgroupDef("cg", 3)
KILLED = r"hostile: worker cg/0 .* was killed by signal {signal}, by the program under test or its BPF, .*"
ENDED = "hang under hostile: a program in the guest ended it, by sysrq: {what}"

# Ways to fake what the agent reports, or to change the agent: with no scheduler at all.
PRETENDS = (
    *("iopl_3", "ioperm_ports", "inherited_ports", "port_file", "memory_file", "msr_file", "pci_space"),
    *("kernel_module", "other_kernel", "power_off", "restart", "core_pattern", "modprobe_path"),
    *("uevent_helper", "state_hidden", "state_bound", "proc_gone", "proc_hidden", "sys_gone"),
    *("sys_read_only", "cgroups_read_only", "new_root", "mounts_shared", "sys_reconfigured"),
    *("new_mount_calls", "inits_mounts", "inits_mounts_by_pidfd", "mounts_by_handle", "inits_root"),
    *("users_namespace", "agent_traced", "agent_written", "agent_written_by_file", "agents_files"),
    *("agent_killed", "agent_stopped", "agent_signalled", "agent_limited", "agent_idle", "agent_moved"),
    *("agents_oom", "files_replaced", "lies_on_output", "lies_on_consoles", "lies_in_log"),
    *("panic_in_log", "log_flood", "output_flood", "bpf_writes", "clock_set", "old_calls", "left_behind"),
)
"""Each of these ends as if the program had not tried."""

# What BPF could do to the agent, and what becomes of it. libbpf reads the kernel's types first, which takes its time.
NOT_LOADED = r"hostile was refused by the verifier: {way}: refused without a log: Operation not permitted"
CHANGES = {
    "lsm_hook": NOT_LOADED,
    "changed_return": NOT_LOADED,
    "sysctls_refused": NOT_LOADED,
    "devices_refused": NOT_LOADED,
    "written_on_return": NOT_LOADED,
    "call_overridden": NOT_LOADED,
    "read_on_return": ABSENT,
    "signals_agent": ABSENT,
    "agent_probed": ABSENT,
    "guard_stopped": NOT_LOADED.format(way="lsm_hook"),
}

# What some of them do if they are not refused.
SUCCEEDS = {
    "lsm_hook": r"hostile did not attach within 5 guest seconds \(sched_ext state: \);.*",
    "changed_return": r"hang under hostile: the guest hung .*",
    "written_on_return": r"hostile did not attach within 5 guest seconds \(sched_ext state: enabled",
}

# Ways to hide that a worker starves, and to exhaust the guest, with the first line of each.
HIDES = {
    "iopl_3": STARVES,
    "state_hidden": STARVES,
    "proc_hidden": STARVES,
    "workers_traced": STARVES,
    "workers_written": STARVES,
    "workers_written_by_file": STARVES,
    "workers_files": STARVES,
    "workers_nice": STARVES,
    "workers_fifo": r"hostile: [1-3] of 3 workers were not in the ext class: .*",
    "workers_stopped": STARVES,
    "workers_killed": KILLED.format(signal=r"9 \(SIGKILL\)"),
    "workers_moved": STARVES,
    "workers_frozen": STARVES,
    "everyone_killed": KILLED.format(signal=r"15 \(SIGTERM\)"),
    "many_processes": STARVES,
    "many_files": STARVES,
    "files_of_memory": STARVES,
    "memory": STARVES,
    "cpus_offline": "hostile left: unregistered from the main kernel",
    "sysrq_power_off": ENDED.format(what="Power Off"),
    "sysrq_restart": ENDED.format(what="Resetting"),
    "lsm_hook": STARVES,
    "changed_return": STARVES,
    "written_on_return": STARVES,
    "signals_workers": STARVES,
    "suspended": r"hang under hostile: the guest hung .*",
}

# Ways to change what the agent counts, with the first line of a run whose only fault is that wakeups were late.
FORGES = {
    "figures_forged": r"hostile: worker cg/0 \(bursty\) ran within .* ms after 99% of .* wakeups, limit 1 ms"
}


@cache
def program(kernel: Kernel, folder: Path) -> Path:
    """The program with a scheduler that starves every worker whose number ends in 1."""
    return program_with(build_bpf(BPF / "hostile.bpf.c", kernel), "hostile", folder)


def first_line(
    ctx: Ctx, folder: Path, *arguments: str, privileged: bool = False, workers: CgroupDef = WORKERS
) -> str:
    """What the failure of a run with the program begins with."""
    scheduler = Scheduler(
        name="hostile",
        binary_path=program(ctx.kernel, folder),
        sched_args=arguments,
        privileged=privileged,
        attach_timeout_s=0.4 if arguments[0] == "absent" and arguments[1] not in CHANGES else 5,
    )
    test = replace(ctx.test, scheduler=scheduler, sched_args=scheduler.sched_args)
    guest = Ctx(test, ctx.kernel, "auto", ctx.seed, ctx.artifacts)
    with pytest.raises(VerdictFailed) as failed:
        guest.run(workers, hold_s=0.5)
    return str(failed.value).partition("\n")[0].removeprefix("BUG SUMMARY: ")


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile")


def test_every_way_is_tried() -> None:
    source = (PROGRAMS / "hostile.c").read_text()
    ways = re.findall(r"WAY\((\w+)\)[,}\n]", source.partition("ways[] = {")[2])
    assert sorted({*PRETENDS, *HIDES, *CHANGES, *FORGES}) == sorted(ways)
    assert len(ways) >= 50


@pytest.mark.parametrize("way", PRETENDS)
@ktstr_test(topology="1n1l3c1t", auto_repro=False)
def pretends(ctx: Ctx, folder: Path, way: str) -> None:
    assert re.fullmatch(ABSENT, first_line(ctx, folder, "absent", way))


@pytest.mark.parametrize("way", HIDES)
@ktstr_test(topology="1n1l3c1t", auto_repro=False)
def hides(ctx: Ctx, folder: Path, way: str) -> None:
    assert re.fullmatch(HIDES[way], first_line(ctx, folder, "attached", way))


@pytest.mark.parametrize("way", CHANGES)
@ktstr_test(topology="1n1l3c1t", auto_repro=False)
def changes(ctx: Ctx, folder: Path, way: str) -> None:
    assert re.fullmatch(CHANGES[way].format(way=way), first_line(ctx, folder, "absent", way))


@pytest.mark.parametrize("way", FORGES)
@ktstr_test(topology="1n1l3c1t", auto_repro=False, checks=Checks(max_wake_latency_p99_ms=1))
def forges(ctx: Ctx, folder: Path, way: str) -> None:
    woken = CgroupDef("cg", 1, work=Bursty(burst_ms=1, sleep_ms=5))
    assert re.fullmatch(FORGES[way], first_line(ctx, folder, "attached", way, workers=woken))


@pytest.mark.parametrize("way", SUCCEEDS)
@ktstr_test(topology="1n1l3c1t", auto_repro=False)
def succeeds_with_privileges(ctx: Ctx, folder: Path, way: str) -> None:
    assert re.fullmatch(SUCCEEDS[way], first_line(ctx, folder, "absent", way, privileged=True))


@ktstr_test(topology="1n1l3c1t", auto_repro=False)
def a_payload_loads_no_more_before_a_scheduler(ctx: Ctx, folder: Path) -> None:
    payload = Payload("hostile", binary_path=program(ctx.kernel, folder), args=("absent", "lsm_hook"))
    report = ctx.run(CgroupDef("cg", 2), RunPayload(payload), hold_s=2)
    assert "Operation not permitted" in report.payloads[0].stderr
