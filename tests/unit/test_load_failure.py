"""Why a scheduler's BPF was not loaded, from lines that ktstr's loader and libbpf 1.7 printed in real guests."""

import pytest

from ktstr.events.load_failure import read_load_failure

RELEASE = "7.0.13+deb13-cloud-amd64"
LINES = (
    (  # of Debian 12's libbpf 1.1
        "libbpf: elf: skipping unrecognized data section(5) .struct_ops.link",
        "was built with a libbpf that does not know .struct_ops.link, where its sched_ext_ops are;"
        " it needs 1.5 or later",
    ),
    (
        "libbpf: failed to find BTF for extern 'pick_queue' [16] section: -2",
        "uses symbol pick_queue, which no source of it defines",
    ),
    (
        "libbpf: extern (func ksym) 'scx_bpf_frobnicate': not found in kernel or module BTFs",
        "calls kfunc scx_bpf_frobnicate, which kernel 7.0.13 lacks",
    ),
    (
        "libbpf: struct_ops init_kern: struct sched_ext_ops_cid is not found in kernel BTF",
        "needs struct sched_ext_ops_cid, which kernel 7.0.13 lacks",
    ),
    (
        "libbpf: map 'shelf': failed to create: Cannot allocate memory(-12)",
        "could not be loaded: map shelf was refused by the kernel: Cannot allocate memory(-12); memory_mb= gives the"
        " guest more memory",
    ),
    (
        "loader: not a BPF object that can be opened: failed to alloc map 'object.bss' content buffer: -12",
        "could not be loaded: there is no memory for map object.bss; memory_mb= gives the guest more memory",
    ),
    (
        "loader: attaching r10b_ops was refused by the kernel: Device or resource busy",
        "could not be attached: r10b_ops was refused by the kernel: Device or resource busy",
    ),
    (
        "/ktstr/bin/mine: error while loading shared libraries: libx.so.1: cannot open shared object file",
        "could not start: libx.so.1: cannot open shared object file",
    ),
)


@pytest.mark.parametrize(("line", "what"), LINES, ids=[what for _, what in LINES])
def test_a_line_names_the_cause(line: str, what: str) -> None:
    failure = read_load_failure(["hello", line, "libbpf: failed to load object '/ktstr/mine.bpf.o'"], RELEASE)
    assert failure is not None
    assert failure.what == what


def test_the_verifiers_reason_comes_with_its_place() -> None:
    log = [
        "libbpf: prog 'r14_dispatch': BPF program load failed: Permission denied",
        "--- verifier log of r14_dispatch ---",
        "0: R1=ctx() R10=fp0",
        '; if (prev->pid == 7) scx_bpf_error("seven"); } @ r14.bpf.c:2',
        "1: (61) r1 = *(u32 *)(r1 +2736)",
        "R1 invalid mem access 'trusted_ptr_or_null_'",
        "processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0",
        "--- end of the verifier log ---",
        "loader: refused by the verifier: r14_dispatch: R1 invalid mem access 'trusted_ptr_or_null_'",
    ]
    failure = read_load_failure(log, RELEASE)
    assert failure is not None
    assert (failure.stage, failure.what) == (
        "verify",
        "was refused by the verifier: r14_dispatch: R1 invalid mem access 'trusted_ptr_or_null_' (at r14.bpf.c:2)",
    )


@pytest.mark.parametrize("log", [[], ["attached mine"], ["no config, giving up"]])
def test_other_lines_name_no_cause(log: list[str]) -> None:
    assert read_load_failure(log, RELEASE) is None
