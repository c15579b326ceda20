"""Cells of the verifier sweep in real guests: for each way to fail there is a scheduler that fails that check."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from breakable import PROVOKE, breakable_kernel
from embedded import PROGRAMS, SCHEDULERS, misbehaving, program_with

from ktstr import Ctx, Scheduler, ktstr_test
from ktstr.bpf.build import build_bpf
from ktstr.declare.presets import PRESETS
from ktstr.report.tables import MARKS
from ktstr.toolchain.compiler import compile_static
from ktstr.verifier.cell import Cell, CellResult
from ktstr.verifier.collapse import collapse, expand, key
from ktstr.verifier.job import Jobs
from ktstr.verifier.sweep import Options, run_cell
from ktstr.verifier.tables import failing, grid, insns_table
from ktstr.vm.local import LocalExecutor

OBJECTS = Path(__file__).parent / "bpf"


def cell_of(
    ctx: Ctx, scheduler: Scheduler, preset: str = "tiny-1llc", bpf_object: Path | None = None
) -> Cell:
    return Cell(scheduler, ctx.kernel.version, ctx.kernel, preset, PRESETS[preset], bpf_object)


def swept(ctx: Ctx, cell: Cell, max_insns: int | None = None) -> CellResult:
    return run_cell(
        cell,
        Options("auto", ctx.seed, max_insns, ctx.artifacts / cell.preset, LocalExecutor()),
        Jobs(ctx.seed),
    )


def of(name: str, **rodata: int) -> Scheduler:
    """The scheduler of tests/schedulers/<name>.bpf.c."""
    return Scheduler(name=name, bpf=SCHEDULERS / f"{name}.bpf.c", rodata=rodata)


def checks(result: CellResult) -> list[str]:
    return [finding.check for finding in result.findings]


def processed(result: CellResult) -> dict[str, int]:
    """What the verifier's log says of each program of an object that was loaded with it."""
    lines = (re.match(r"verified (\S+): processed (\d+) insns", line) for line in result.log)
    return {match[1]: int(match[2]) for match in lines if match}


def same_by_all_three(ctx: Ctx, name: str) -> None:
    """verified_insns of BPF_OBJ_GET_INFO_BY_FD, of the descriptor's fdinfo, and of the log, of every program."""
    scheduler = of(name)
    cell = swept(ctx, cell_of(ctx, scheduler))
    assert cell.findings == ()
    assert scheduler.bpf is not None
    bpf_object = swept(ctx, cell_of(ctx, scheduler, bpf_object=build_bpf(scheduler.bpf, ctx.kernel)))
    assert bpf_object.findings == ()
    assert cell.insns == {program.name: program.fdinfo_insns for program in cell.programs}
    assert cell.insns == bpf_object.insns == processed(bpf_object)


@ktstr_test()
def the_fixtures_counts_are_the_kernels(ctx: Ctx) -> None:
    same_by_all_three(ctx, "fixture")


@ktstr_test()
def an_unfair_schedulers_counts_are_the_kernels(ctx: Ctx) -> None:
    same_by_all_three(ctx, "unfair")


@ktstr_test()
def counts_that_depend_on_the_cpus_are_the_kernels(ctx: Ctx) -> None:
    same_by_all_three(ctx, "percpu")


@ktstr_test()
def costs_that_depend_on_the_cpus_are_a_range(ctx: Ctx) -> None:
    """A scheduler that attaches on one topology only fails on the others, which are named."""
    scheduler = of("percpu", max_cpus=4)
    results = [swept(ctx, cell_of(ctx, scheduler, preset)) for preset in ("tiny-1llc", "smt-2llc")]
    unlimited = [results[0], swept(ctx, cell_of(ctx, of("percpu"), "smt-2llc"))]
    head, row = insns_table(unlimited, "percpu")
    costs = dict(zip(head, row, strict=True))
    low, high = (result.insns["percpu_init"] for result in unlimited)
    assert low < high
    assert costs["percpu_init"] == f"{low}..{high}"
    assert costs["percpu_exit"].isdigit()
    assert grid(results)[1:] == [("smt-2llc", MARKS["failed"]), ("tiny-1llc", MARKS["passed"])]
    ((name, why),) = failing(results)
    assert name.endswith("/smt-2llc")
    assert why.startswith("attach: ")
    assert "-7" in why  # E2BIG, from its init


@ktstr_test()
def attaching_without_dispatching_fails_the_third_check(ctx: Ctx) -> None:
    result = swept(ctx, cell_of(ctx, of("idle")))
    assert checks(result) == ["schedule"]
    assert result.findings[0].message == (
        "8 of 8 workers never ran in 10.0 guest seconds; CPUs with a worker of their own that never ran: 0-3"
    )


@ktstr_test()
def a_partial_switch_fails(ctx: Ctx) -> None:
    result = swept(ctx, cell_of(ctx, of("partial")))
    assert checks(result) == ["schedule"]
    assert "it switched only tasks of policy SCHED_EXT" in result.message


@ktstr_test()
def being_ejected_fails(ctx: Ctx) -> None:
    result = swept(ctx, cell_of(ctx, of("exits", after_ms=50)))
    assert checks(result) == ["stay"]
    assert "exits: failed after 50 ms" in result.message


@ktstr_test()
def being_ejected_and_coming_back_fails(ctx: Ctx, tmp_path: Path) -> None:
    """On most kernels it is enabled when it is looked at, and only the count of enablings tells; on some not yet, for
    ejecting takes two seconds where it comes while workers are made, and attaching half a one."""
    exits = build_bpf(SCHEDULERS / "exits.bpf.c", ctx.kernel, ("-DAFTER_MS=50",))
    program = program_with(exits, "comes_back", tmp_path)
    result = swept(ctx, cell_of(ctx, Scheduler(name="comes_back", binary_path=program)))
    assert checks(result) == ["stay"]
    assert re.search(r"was ejected (and came back|\(sched_ext state: disabl(ed|ing)\))", result.message)


@ktstr_test()
def a_warning_of_the_kernel_is_reported(ctx: Ctx) -> None:
    """It ejects the scheduler as well, for the same reason."""
    # Ejected after one second, a kernel complains only if the CPU is kept for two more.
    spins = replace(of("exits", after_ms=50, rounds=9), sysctls={"kernel.watchdog_thresh": "1"})
    result = swept(ctx, cell_of(ctx, spins))
    assert checks(result) == ["stay", "kernel"]
    warning = result.findings[1].message
    assert re.match(r"the kernel warned: watchdog: BUG: soft lockup - CPU#\d stuck for \d+s! ", warning)


@ktstr_test()
def a_warning_alone_fails(ctx: Ctx, tmp_path: Path) -> None:
    """The scheduler attaches, serves and leaves as it should; meanwhile the kernel, which is built to, warns."""
    kernel = breakable_kernel()
    warns = misbehaving(kernel, tmp_path, "write", PROVOKE, "WARNING")
    result = swept(ctx, replace(cell_of(ctx, warns), kernel=kernel, kernel_id=kernel.version))
    assert checks(result) == ["kernel"]
    assert re.match(r"the kernel warned: WARNING: .*\bat lkdtm_WARNING\+0x", result.findings[0].message)


@ktstr_test()
def a_refused_program_is_reported_with_its_source(ctx: Ctx) -> None:
    result = swept(ctx, cell_of(ctx, of("rejected")))
    assert checks(result) == ["load"]
    (refused,) = result.rejections
    assert refused.program == "rejected_enqueue"
    assert re.fullmatch(r"; \*counter \+= 1; @ rejected\.bpf\.c:\d+", refused.source)


@ktstr_test()
def an_objects_programs_are_loaded_one_by_one(ctx: Ctx) -> None:
    """Programs of several types, some refused, with full names, longer than the kernel's 15 characters."""
    bpf_object = build_bpf(OBJECTS / "several.bpf.c", ctx.kernel)
    result = swept(
        ctx, cell_of(ctx, Scheduler(name="several", bpf=bpf_object), bpf_object=bpf_object), max_insns=16
    )
    assert {(program.name, program.type) for program in result.programs} == {
        ("several_enqueue_with_a_name_longer_than_the_kernel_keeps", "struct_ops"),
        ("several_fine", "syscall"),
        ("several_switch", "tracing"),
    }
    assert [refused.program for refused in result.rejections] == [
        "several_unchecked_lookup",
        "several_past_the_packet",
    ]
    assert checks(result) == ["load", "load", "max_insns"]
    assert result.insns == processed(result)


def walked(lines: Sequence[str]) -> list[str]:
    """The instructions among a log's lines: `12: (0f) r6 += r7`."""
    return [line for line in lines if re.match(r"\d+: \(", line)]


@ktstr_test()
def loops_within_loops_are_collapsed(ctx: Ctx) -> None:
    """The log of whichever kernel this runs on; the unit tests' captured logs are from one kernel."""
    bpf_object = build_bpf(OBJECTS / "nested.bpf.c", ctx.kernel)
    result = swept(ctx, cell_of(ctx, Scheduler(name="nested", bpf=bpf_object), bpf_object=bpf_object))
    (refused,) = result.rejections
    short = collapse(refused.log)
    # Of the instructions walked: 7.3 ends its log with a report, in which few lines are alike.
    assert len(walked(short)) < len(walked(refused.log)) / 3
    assert set(expand(short)) == {key(line) for line in refused.log}


@ktstr_test()
def the_end_of_a_long_output_is_kept(ctx: Ctx) -> None:
    """The first 384 and the last 128 KiB of a MiB are kept, because the reason comes last."""
    program = compile_static("talks", [PROGRAMS / "talks.c"])
    result = swept(ctx, cell_of(ctx, Scheduler(name="talks", binary_path=program)))
    assert result.log[0].startswith("line 00000 ")
    assert result.log[-2].startswith("line 16383 ")
    assert result.message.endswith(": the reason, last of all")
    lines = len(result.log)
    (gap,) = (line for line in result.log if line.startswith("(ktstr: "))
    left_out = int(gap.split()[1])
    printed = 64 * 16384 + len("the reason, last of all\n")
    assert printed == sum(len(line) + 1 for line in result.log if line != gap) + left_out
    assert 64 * lines < 520 * 1024
