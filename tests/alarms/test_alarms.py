"""No false alarm: schedulers that are right violate no default check in any canned scenario, but for what is known.

`nox -s alarms` runs all cells and prints the table of `alarm_table.py`. With `KTSTR_SCX_TREE`, a checkout of scx, its
schedulers are some of them. A violation that is the scheduler's own is a row in `known.py`; one that is not there
fails its cell, and so does a row that does not happen.
"""

from __future__ import annotations

import os
from pathlib import Path

from cell import TOPOLOGIES, run_cell
from known import expected
from unjudged import CANNED

from ktstr import Ctx, Scheduler, declare_scheduler, declare_scx, ktstr_test

FIXTURE = Path(__file__).parents[1] / "schedulers" / "fixture.bpf.c"
OF_THE_KERNEL = ("scx_simple", "scx_flatcg", "scx_central")
OF_SCHEDULERS = ("scheduler_reattach", "scheduler_restart", "scheduler_snapshot")
"""The scenarios that detach, replace or read a declared scheduler."""
# Those of scx that clang 16 compiles. scx_pandemonium and scx_lavd take 20 guest seconds and more to attach.
OF_SCX = (
    "scx_beerland",
    "scx_bpfland",
    "scx_cosmos",
    "scx_flash",
    "scx_flow",
    "scx_forge",
    "scx_mitosis",
    "scx_rusty",
    "scx_tickless",
)


def add_cell(name: str, scheduler: Scheduler | None, scenario: str, topology: str) -> None:
    """A test of its own; the kernel is a part of its id."""

    def cell(ctx: Ctx) -> None:
        record = run_cell(ctx, name, scenario)
        found = dict(reversed(record.violations))  # of each check the gravest
        known, certain = expected(record.cell), expected(record.cell, certainly=True)
        assert {check: line for check, line in found.items() if check not in known} == {}, "not known"
        assert {check: why for check, why in certain.items() if check not in found} == {}, "did not happen"

    cell.__name__ = f"{name}_{scenario}_{topology}"
    globals()[cell.__name__] = ktstr_test(
        scheduler=scheduler, topology=topology, auto_repro=False, gauntlet=False
    )(cell)


def schedulers() -> dict[str, Scheduler | None]:
    """By name, those that are right; None is EEVDF."""
    found: dict[str, Scheduler | None] = {
        "eevdf": None,
        "fixture": declare_scheduler(name="fixture", bpf=FIXTURE),
        **{name: declare_scheduler(name=name, binary=name) for name in OF_THE_KERNEL},
    }
    if tree := os.environ.get("KTSTR_SCX_TREE"):
        found |= {name: declare_scx(name, tree=Path(tree).absolute(), part="bpf") for name in OF_SCX}
    return found


for _name, _scheduler in schedulers().items():
    for _topology in TOPOLOGIES:
        for _scenario in CANNED:
            if _scheduler is None and _scenario in OF_SCHEDULERS:
                continue
            add_cell(_name, _scheduler, _scenario, _topology)
