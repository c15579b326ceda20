"""A test of a scheduler with variants: collected once for each, and each named in what a session leaves."""

from __future__ import annotations

import plugin_project
import pytest
from plugin_project import Run, lines, sidecars
from report_case import KERNEL, VERSIONS, a_case

from ktstr import KtstrError
from ktstr.base.topology import Topology
from ktstr.declare.scheduler import Scheduler
from ktstr.declare.variant import Variant
from ktstr.report.junit import junit_xml
from ktstr.report.sidecar import sidecar
from ktstr.verifier.matrix import chosen_schedulers, matrix

pytest_plugins = "pytester"
run = plugin_project.run  # the fixture

MINE = """
MINE = declare_scheduler(name="mine", binary="scx_mine", variants={"fifo": ["-f"], "vtime": []})

@ktstr_test(scheduler=MINE, extra_sched_args=["-x"])
def both(ctx):
    ctx.run(verdict="unfair" if "-f" in ctx.test.sched_args else "")

@ktstr_test(scheduler=MINE, exclude_variants=["vtime"])
def one(ctx):
    ctx.run()
"""


def test_each_variant_is_a_test_of_its_own(run: Run, pytester: pytest.Pytester) -> None:
    result = run(MINE, "--kernel", "7.0")
    assert "FAIL (1/3) both[fifo]  7.0.13 1n1l2c1t mine[fifo]: max_spread_pct: unfair" in lines(result)
    assert "PASS (2/3) both[vtime] 7.0.13 1n1l2c1t mine[vtime]" in lines(result)
    assert "PASS (3/3) one[fifo]   7.0.13 1n1l2c1t mine[fifo]" in lines(result)
    fifo = sidecars(pytester)["both[fifo]"]
    assert fifo["scheduler"] == {"name": "mine", "variant": "fifo", "args": ["-f", "-x"]}


def test_a_variant_comes_after_the_preset_and_before_the_seed(run: Run) -> None:
    menu = ("--collect-only", "-q", "--kernel", "7.0", "--gauntlet", "--preset", "tiny-1llc", "--seeds", "1")
    result = run(MINE, *menu, "-k", "vtime")
    assert [line for line in result.outlines if "::" in line] == [
        "test_it.py::both[7.0-tiny-1llc-vtime-seed1]"
    ]


def test_the_budget_covers_variants(run: Run) -> None:
    result = run(MINE, "--kernel", "7.0", "--budget", "1h", "--collect-only", "-q")
    assert any(line.startswith("budget 1h0m0s: 3 of 3 tests") for line in result.outlines)


def test_sidecar_and_junit_name_the_variant() -> None:
    case = a_case(variant="fifo")
    assert sidecar(case, VERSIONS)["scheduler"]["variant"] == "fifo"
    assert sidecar(a_case(), VERSIONS)["scheduler"]["variant"] is None
    text = junit_xml([case, a_case(nodeid="other", variant="vtime")], VERSIONS).decode()
    assert 'name="7.0.13 1n2l4c1t my_sched[fifo]"' in text
    assert '<property name="variant" value="vtime" />' in text


SWEPT = Scheduler(
    "mine",
    binary="scx_mine",
    variants={"fifo": Variant(("-f",)), "vtime": Variant()},
)
OTHER = Scheduler("other", binary="scx_other")


def test_the_sweep_takes_all_variants_or_those_that_are_named() -> None:
    def titles(*names: str) -> list[str]:
        return [one.title for one in chosen_schedulers([OTHER, SWEPT], names)]

    assert titles() == ["other", "mine[fifo]", "mine[vtime]"]
    assert titles("mine[vtime]", "mine") == ["mine[vtime]", "mine[fifo]"]
    with pytest.raises(
        KtstrError, match=r"--scheduler mine\[fofo\]: none of that name; did you mean mine\[fifo\]\?"
    ):
        titles("mine[fofo]")


def test_a_cell_has_its_variant_in_its_name() -> None:
    chosen = matrix(
        chosen_schedulers([SWEPT], []),
        {"7.0": KERNEL},
        {"tiny-1llc": Topology.parse("1n1l4c1t")},
        named=False,
        accelerated=lambda _topology: False,
    )
    assert [cell.name for cell in chosen.cells] == [
        "verifier/mine[fifo]/kernel_7_0/tiny-1llc",
        "verifier/mine[vtime]/kernel_7_0/tiny-1llc",
    ]
