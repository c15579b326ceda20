"""C files of a user's project in a real guest: a work type of its own, an operation, and what the agent refuses."""

from __future__ import annotations

from pathlib import Path

from ktstr import Ctx, ktstr_test
from ktstr.checks.ending import undone
from ktstr.guest.agent import build_agent
from ktstr.guest.initramfs import base_files
from ktstr.vm.job import VmJob
from ktstr.vm.qemu.accel import probe
from ktstr.vm.result import Ending, VmResult
from ktstr.vm.run import run

PROGRAMS = Path(__file__).parent / "programs"
SOURCES = (PROGRAMS / "op_greet.c", PROGRAMS / "op_take_cpu.c", PROGRAMS / "work_bouncy.c")


def in_guest(ctx: Ctx, folder: Path, *lines: str) -> VmResult:
    accel = probe()
    job = VmJob(
        kernel=ctx.kernel,
        topology=ctx.topology,
        memory_mb=256,
        files=tuple(base_files(build_agent(SOURCES), ctx.kernel.config, ctx.kernel.release)),
        payload=(),
        plan="".join(f"{line}\n" for line in lines),
        clock=accel.clock,
        seed=1,
    )
    return run(job, accel, folder)


@ktstr_test(cores=2)
def a_projects_own_work_and_operation_run(ctx: Ctx, tmp_path: Path) -> None:
    result = in_guest(
        ctx,
        tmp_path / "run",
        "greet a%20b",
        "cgroup cg 0",
        "spawn cg 2 bouncy burst_ns=1000000 policy=normal",
        "hold 50000000",
    )
    assert result.ending is Ending.DONE, result.why
    assert [event["name"] for event in result.events if event["ev"] == "greeted"] == ["a b"]
    workers = [event for event in result.events if event["ev"] == "worker"]
    assert [worker["kind"] for worker in workers] == ["bouncy", "bouncy"]
    assert all(worker["iterations"] > 100 for worker in workers)


@ktstr_test(cores=2)
def a_line_that_the_agent_refuses_names_operation_and_argument(ctx: Ctx, tmp_path: Path) -> None:
    lines = {
        "perturb 0 abc 1": "plan: perturb: at_ns=abc: must be a whole number",
        "spawn cg 1 bouncy": "plan: spawn: bouncy: burst_ns is missing",
    }
    for number, (line, why) in enumerate(lines.items()):
        result = in_guest(ctx, tmp_path / str(number), line)
        assert result.ending is Ending.AGENT_FAILED
        error = next(event for event in result.events if event["ev"] == "error")
        assert f"{error['where']}: {error['what']}" == why


@ktstr_test(cores=2)
def what_an_operation_leaves_behind_is_reported(ctx: Ctx, tmp_path: Path) -> None:
    result = in_guest(ctx, tmp_path / "run", "take_cpu 1")
    assert result.ending is Ending.DONE, result.why
    assert undone(result) == "the agent left behind at the end of the plan: cpus 0"
