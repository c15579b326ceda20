"""However a guest ends, the run says how, with the console's tail, and leaves no process behind."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from ktstr import Ctx, KtstrError, Scheduler, ktstr_test, scenarios
from ktstr.base.topology import Topology
from ktstr.checks.verdict import VerdictFailed
from ktstr.guest.initramfs import Packed
from ktstr.toolchain.compiler import compile_static
from ktstr.vm.job import RunOptions, VmJob
from ktstr.vm.qemu.accel import probe
from ktstr.vm.result import Ending, VmResult
from ktstr.vm.run import run

PROGRAMS = Path(__file__).parent / "programs"


def run_init(ctx: Ctx, name: str, folder: Path, memory_mb: int = 256, wall_limit_s: float = 120) -> VmResult:
    """A guest whose init is `programs/<name>.c`."""
    accel = probe()
    init = Packed("/init", compile_static(name, [PROGRAMS / f"{name}.c"]), 0o755, "the test's init")
    job = VmJob(
        kernel=ctx.kernel,
        topology=Topology(),
        memory_mb=memory_mb,
        files=(init,),
        payload=(),
        plan="",
        clock=accel.clock,
        seed=1,
        wall_limit_s=wall_limit_s,
    )
    return run(job, accel, folder, RunOptions(cold=True))


def own_children(program: str) -> list[str]:
    """This process's children that run `program`."""
    names = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
        except (FileNotFoundError, ProcessLookupError):  # it has ended since
            continue
        if fields["PPid"] == str(os.getpid()) and fields["Name"].startswith(program):
            names.append(fields["Name"])
    return names


@ktstr_test()
def hang_is_found_by_the_guests_watchdog(ctx: Ctx, tmp_path: Path) -> None:
    """A kernel does not complain about an endless loop; only the watchdog, which nothing restarts, reveals it."""
    result = run_init(ctx, "hang", tmp_path)
    assert result.ending is Ending.HANG
    assert own_children("qemu") == []


@ktstr_test()
def time_limit_ends_a_guest_that_never_ends(ctx: Ctx, tmp_path: Path) -> None:
    result = run_init(ctx, "forever", tmp_path, wall_limit_s=3)
    assert result.ending is Ending.TIMEOUT
    assert "no end after 3 s" in result.why
    assert own_children("qemu") == []


@ktstr_test()
def memory_hog_runs_the_guest_out_of_memory(ctx: Ctx, tmp_path: Path) -> None:
    result = run_init(ctx, "hog", tmp_path)
    assert result.ending is Ending.OUT_OF_MEMORY
    assert "memory" in result.why


@ktstr_test()
def panic_is_named_and_shown(ctx: Ctx) -> None:
    """A kernel that cannot start init panics by itself."""
    scheduler = Scheduler(name="eevdf", kargs=("rdinit=/absent",))
    guest = Ctx(replace(ctx.test, scheduler=scheduler), ctx.kernel, "auto", ctx.seed, ctx.artifacts)
    with pytest.raises(VerdictFailed) as failed:
        scenarios.steady(guest)
    text = str(failed.value)
    assert "guest: kernel panic: the guest's kernel panicked: " in text
    assert text.startswith("BUG SUMMARY: kernel panic under eevdf: the guest's kernel panicked: ")
    assert "--- kernel log ---" in text


@ktstr_test(memory_mb=32)
def too_little_memory_is_refused_before_it_hangs(ctx: Ctx) -> None:
    with pytest.raises(
        KtstrError, match=r"memory_mb=32: a guest of 1n1l2c1t with 0 MiB of files needs 100 MiB$"
    ):
        scenarios.steady(ctx)
