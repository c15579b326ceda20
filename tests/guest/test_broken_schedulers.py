"""A scheduler that is broken in one way fails its test with a message that says how it is broken."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from ktstr import CgroupDef, Ctx, KtstrError, Scheduler, declare_scheduler, ktstr_test, scenarios
from ktstr.checks.verdict import VerdictFailed

SCHEDULERS = Path(__file__).parents[1] / "schedulers"
TINY = (1, 1, 2, 1)

REJECTED = declare_scheduler(name="rejected", bpf=SCHEDULERS / "rejected.bpf.c", topology=TINY)
EXITS = declare_scheduler(name="exits", bpf=SCHEDULERS / "exits.bpf.c", topology=TINY)
PARTIAL = declare_scheduler(name="partial", bpf=SCHEDULERS / "partial.bpf.c", topology=TINY)
UNFAIR = declare_scheduler(name="unfair", bpf=SCHEDULERS / "unfair.bpf.c", topology=TINY)
STARVE = declare_scheduler(name="starve", bpf=SCHEDULERS / "starve.bpf.c", topology=TINY)
ABSENT = declare_scheduler(name="absent", binary="scx_absent", topology=TINY)


def failure(ctx: Ctx, *cgroups: CgroupDef) -> str:
    """The text of the verdict that a run of `cgroups` (none: a spinner in each of two) fails with."""
    chosen = cgroups or (CgroupDef("cg_0", 1), CgroupDef("cg_1", 1))
    with pytest.raises(VerdictFailed) as failed:
        ctx.run(*chosen)
    return str(failed.value)


def with_program(ctx: Ctx, program: Path) -> Ctx:
    """The same test with `program` as its scheduler."""
    scheduler = Scheduler(name="program", binary_path=program)
    return Ctx(replace(ctx.test, scheduler=scheduler), ctx.kernel, "auto", ctx.seed, ctx.artifacts)


def compiled(folder: Path, name: str, text: str, *options: str) -> Path:
    """A program or library that the test writes in C."""
    source, program = folder / f"{name}.c", folder / name
    source.write_text(text)
    subprocess.run(["cc", "-o", program, source, *options], check=True)
    return program


@ktstr_test(scheduler=REJECTED)
def refused_by_the_verifier(ctx: Ctx) -> None:
    text = failure(ctx)
    assert "attached: the scheduler was refused by the verifier: rejected_enqueue: R" in text
    assert "--- scheduler log ---" in text


@ktstr_test(scheduler=ABSENT)
def binary_missing(ctx: Ctx) -> None:
    with pytest.raises(KtstrError, match=r"scheduler absent: binary 'scx_absent' was not found: looked in "):
        scenarios.steady(ctx)


@ktstr_test(numa_nodes=1, llcs=1, cores=2)
def library_missing(ctx: Ctx, tmp_path: Path) -> None:
    library = compiled(tmp_path, "libgone.so", "int gone(void) { return 0; }", "-shared", "-fPIC")
    needs = "int gone(void); int main(void) { return gone(); }"
    program = compiled(tmp_path, "needs", needs, f"-L{tmp_path}", "-lgone", "-Wl,-rpath,$ORIGIN")
    library.unlink()
    with pytest.raises(KtstrError, match=r"library libgone\.so \(needed by needs\) is not on this machine"):
        scenarios.steady(with_program(ctx, program))


@ktstr_test()
def exits_at_once(ctx: Ctx, tmp_path: Path) -> None:
    text = '#include <stdio.h>\nint main(void) { fputs("no config, giving up\\n", stderr); return 3; }'
    guest = with_program(ctx, compiled(tmp_path, "leaves", text))
    told = failure(guest)
    assert "attached: the scheduler exited before it attached (its program ended with status 3)" in told
    assert "no config, giving up" in told


@ktstr_test(scheduler=EXITS)
def attaches_and_then_exits(ctx: Ctx) -> None:
    text = failure(ctx)
    assert "attached: the scheduler attached and then left after " in text
    assert "its program ended with status 3" in text


@ktstr_test(scheduler=PARTIAL, auto_repro=False)
def attaches_without_taking_over(ctx: Ctx) -> None:
    text = failure(ctx)
    assert "attached: 2 of 2 workers were not in the ext class" in text
    assert "did not take over worker cg_0/0, cg_1/1" in text


@ktstr_test(scheduler=UNFAIR, auto_repro=False)
def unfair_fails_the_spread(ctx: Ctx) -> None:
    text = failure(ctx, CgroupDef("cg", workers=4))
    assert "max_spread_pct: cgroup cg was scheduled unfairly: worker cg/" in text
    assert "limit 15" in text
    assert "not_stuck" not in text


@ktstr_test(scheduler=STARVE, auto_repro=False)
def starved_fails_as_starved(ctx: Ctx) -> None:
    text = failure(ctx, CgroupDef("cg", workers=2))
    assert "not_stuck: worker cg/1 (spin_wait) did no work in 2.00 guest seconds: starved" in text
    assert "worker cg/0 (spin_wait) did no work" not in text
