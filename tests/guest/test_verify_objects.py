"""BPF objects with a fault in one program, or in all: each refusal has its reason, and the other programs a verdict."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from object_batch import verified_together

from ktstr import Ctx, ktstr_test
from ktstr.bpf.build import build_bpf
from ktstr.declare.presets import PRESETS
from ktstr.verifier.cell import Cell, CellResult
from ktstr.verifier.job import Jobs
from ktstr.verifier.object_cell import object_scheduler
from ktstr.verifier.sweep import Options, run_cell
from ktstr.vm.local import LocalExecutor

OBJECTS = Path(__file__).parent / "bpf"
HEAD = "#include <ktstr/sched_ext.bpf.h>\n"
# A program that is fine, whatever the rest of the object is.
TAIL = """
SCX_CALLBACK(void, fine, struct task_struct *p, u64 enq_flags)
{
	scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, enq_flags);
}
SCX_SCHEDULER(fine_ops, .enqueue = (void *)fine, .name = "fine");
"""
ARENA = """
struct {
	__uint(type, BPF_MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 4);
	__ulong(map_extra, 1ull << 44);
} arena SEC(".maps");
SEC("syscall") int uses_arena(void *context)
{
	return !bpf_arena_alloc_pages(&arena, NULL, 1, -1, 0);
}
"""


@dataclass(frozen=True)
class Fault:
    """A source between HEAD and TAIL, the programs that are accepted, and patterns of the findings in order."""

    name: str
    text: str
    accepted: int
    findings: tuple[str, ...]


FAULTS = (
    Fault("none", "", 1, ()),
    Fault(
        "verifier",
        'SEC("syscall") int reads(void *context) { return *(int *)(long)bpf_ktime_get_ns(); }',
        1,
        (r"reads: R0 invalid mem access 'scalar'",),
    ),
    Fault(
        "no_target",
        'SEC("fentry/no_such_function") int BPF_PROG(aside) { return 0; }',
        1,
        (r"aside: has program aside for no_such_function, which kernel \d\S+ lacks",),
    ),
    Fault(
        "section",
        'SEC("frobnicate") int odd(void *context) { return 0; }',
        1,
        (r"odd: prog 'odd': missing BPF prog type, check ELF section name 'frobnicate'",),
    ),
    Fault(
        "unused",
        'SEC("struct_ops/idle") void BPF_PROG(unused, s32 cpu) {}',
        1,
        (r"unused: prog 'unused': SEC\(\"struct_ops\"\) program isn't referenced anywhere, .*",),
    ),
    Fault(
        "kfunc",
        "extern void scx_bpf_frobnicate(void) __ksym;\n"
        'SEC("syscall") int calls(void *context) { scx_bpf_frobnicate(); return 0; }',
        0,
        (r"calls kfunc scx_bpf_frobnicate, which kernel \d\S+ lacks",),
    ),
    Fault(
        "weak_kfunc",
        "extern void scx_bpf_frobnicate(void) __ksym __weak;\n"
        'SEC("syscall") int calls(void *context) { scx_bpf_frobnicate(); return 0; }',
        1,
        (r"calls: kfunc 'scx_bpf_frobnicate' is referenced but wasn't resolved",),
    ),
    Fault(
        "field",
        "struct task_struct___of_mine { int frobs; } __attribute__((preserve_access_index));\n"
        'SEC("tp_btf/sched_switch") int BPF_PROG(looks, bool preempt, struct task_struct *prev)\n'
        "{ return ((struct task_struct___of_mine *)prev)->frobs; }",
        1,
        (r"looks: failed to resolve CO-RE relocation .*task_struct___of_mine\.frobs.*",),
    ),
    Fault(
        "member",
        "struct sched_ext_ops___of_mine { s32 (*init)(void); void (*frobnicate)(s32); char name[128]; };\n"
        'SEC("struct_ops/frob") void BPF_PROG(frob, s32 cpu) {}\n'
        'SEC(".struct_ops.link") struct sched_ext_ops___of_mine mine_ops ='
        ' { .frobnicate = (void *)frob, .name = "mine" };',
        1,
        (r"frob: sets sched_ext_ops\.frobnicate in mine_ops, which kernel \d\S+ lacks",),
    ),
    Fault(
        "optional",
        'SEC("struct_ops/select_cpu") void BPF_PROG(rests, s32 cpu, bool idle) {}\n'
        'SEC("?.struct_ops.link") struct sched_ext_ops rest_ops = { .update_idle = (void *)rests, .name = "r" };',
        2,
        (),
    ),
    Fault(
        "optional_of_another_kernel",
        "struct frob_ops { void (*frobnicate)(s32); char name[128]; };\n"
        'SEC("struct_ops/frob") void BPF_PROG(frob, s32 cpu) {}\n'
        'SEC("?.struct_ops.link") struct frob_ops frobs = { .frobnicate = (void *)frob, .name = "frobs" };',
        1,
        (r"frob: it is for a struct_ops that this kernel lacks",),
    ),
    Fault(
        "kconfig",
        "extern int CONFIG_FROBNICATE __kconfig;\n"
        'SEC("syscall") int asks(void *context) { return CONFIG_FROBNICATE; }',
        0,
        (r"needs variable CONFIG_FROBNICATE of the kernel, which kernel \d\S+ lacks",),
    ),
    # The object is loaded twice, each time with an arena at the same address.
    Fault(
        "arena",
        f'{ARENA}SEC("fentry/no_such_function") int BPF_PROG(aside) {{ return 0; }}',
        2,
        (r"aside: has program aside for no_such_function, .*",),
    ),
)


@ktstr_test()
def each_refusal_has_its_reason_and_hides_no_other_program(ctx: Ctx, tmp_path: Path) -> None:
    objects = []
    for fault in FAULTS:
        source = tmp_path / f"{fault.name}.bpf.c"
        source.write_text(HEAD + fault.text + TAIL)
        objects.append(build_bpf(source, ctx.kernel, ("-Wno-error",)))
    for fault, verdict in zip(
        FAULTS, verified_together(objects, ctx.kernel, ctx.artifacts / "all"), strict=True
    ):
        assert verdict.accepted == fault.accepted, verdict
        assert len(verdict.findings) == len(fault.findings), verdict
        for pattern, finding in zip(fault.findings, verdict.findings, strict=True):
            assert re.fullmatch(pattern, finding), verdict


def swept(
    ctx: Ctx, name: str, *flags: str, attach_timeout_s: float | None = None, memory_mb: int | None = None
) -> CellResult:
    path = build_bpf(OBJECTS / f"{name}.bpf.c", ctx.kernel, flags)
    scheduler = object_scheduler(path, attach_timeout_s)
    cell = Cell(scheduler, "7.0", ctx.kernel, "tiny-1llc", PRESETS["tiny-1llc"], path)
    options = Options("auto", ctx.seed, None, ctx.artifacts / "cell", LocalExecutor())
    return run_cell(cell, replace(options, memory_mb=memory_mb), Jobs(ctx.seed, memory_mb))


@ktstr_test()
def a_time_limit_that_is_reached_is_told_with_what_was_done(ctx: Ctx) -> None:
    result = swept(ctx, "million", attach_timeout_s=2)
    assert result.message == (
        "load: not finished within 2 guest seconds: 0 programs verified so far; --attach-timeout gives it more"
    )


@ktstr_test()
def an_object_that_needs_more_memory_is_told_how_to_get_it(ctx: Ctx) -> None:
    result = swept(ctx, "roomy", memory_mb=192)
    # libbpf makes room for the variables before the kernel does; either may fail.
    assert re.fullmatch(
        r"load: could not be loaded: .*map \S*\.bss\b.*; --memory-mb gives the guest more memory",
        result.message,
    )
    assert swept(ctx, "roomy").outcome == "passed"
