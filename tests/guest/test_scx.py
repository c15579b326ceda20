"""The BPF parts of the schedulers in a checkout of scx attach and pass two scenarios. docs/scx.md has a table."""

import os
from pathlib import Path

import pytest

from ktstr import Ctx, KtstrError, Scheduler, declare_scx, ktstr_test, scenarios

TREE = os.environ.get("KTSTR_SCX_TREE", "")
if not TREE:
    pytest.skip("KTSTR_SCX_TREE names no checkout of scx", allow_module_level=True)

# Two LLCs, each of two cores with two threads.
USUAL = "1n2l2c2t"
# Those that take long to verify run on half of it.
SMALL = "1n2l2c1t"
TOPOLOGIES = {
    "scx_beerland": USUAL,
    "scx_bpfland": USUAL,
    "scx_cake": USUAL,
    "scx_chaos": USUAL,
    "scx_cosmos": USUAL,
    "scx_flash": USUAL,
    "scx_flow": USUAL,
    "scx_forge": USUAL,
    "scx_lavd": SMALL,
    "scx_layered": USUAL,
    "scx_mitosis": USUAL,
    "scx_p2dq": USUAL,
    "scx_pandemonium": SMALL,
    "scx_rusty": USUAL,
    "scx_tickless": USUAL,
}
# MiB of memory that a guest needs, if the usual is too little.
MEMORY_MB = {"scx_layered": 1024, "scx_lavd": 1024}
# Their decisions are taken in Rust.
BY_PROGRAM = ("scx_rustland", "scx_rlfifo")


def add_tests(scheduler: Scheduler) -> None:
    """The two tests of a scheduler, under names of its own."""

    def steady(ctx: Ctx) -> None:
        scenarios.steady(ctx)

    def sched_mixed(ctx: Ctx) -> None:
        scenarios.sched_mixed(ctx)

    for scenario in (steady, sched_mixed):
        scenario.__name__ = f"{scheduler.name}_{scenario.__name__}"
        globals()[scenario.__name__] = ktstr_test(
            scheduler=scheduler,
            duration_s=1.0,
            memory_mb=MEMORY_MB.get(scheduler.name),
            auto_repro=False,
        )(scenario)


for name, topology in TOPOLOGIES.items():
    add_tests(declare_scx(name, tree=Path(TREE).absolute(), part="bpf", topology=topology))


@pytest.mark.parametrize("name", BY_PROGRAM)
def test_a_scheduler_that_decides_in_rust_needs_its_program(name: str) -> None:
    with pytest.raises(KtstrError, match="has no BPF sources of its own: its program takes the decisions"):
        declare_scx(name, tree=Path(TREE).absolute(), part="bpf")


def test_the_table_has_every_scheduler_of_the_tree() -> None:
    scripts = Path(TREE).glob("scheds/*/scx_*/build.rs")
    assert {script.parent.name for script in scripts} == {*TOPOLOGIES, *BY_PROGRAM}
