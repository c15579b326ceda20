"""The gauntlet: each test on the presets that its constraints and its scheduler's admit, and the grid at the end."""

from __future__ import annotations

import itertools
from typing import Any

import plugin_project
import pytest
from plugin_project import FAILING, PASSING, Run, lines, resolved, sidecars
from report_case import a_case

from ktstr import Constraints, KtstrError, ktstr_test
from ktstr.declare.fit import fit, preset_of
from ktstr.declare.presets import PRESETS
from ktstr.declare.scheduler import EEVDF, Scheduler
from ktstr.declare.test import KtstrTest, record_of
from ktstr.report.grid import grid_lines, grid_rows

pytest_plugins = "pytester"
run = plugin_project.run  # the fixture

SMALL = """
from ktstr import Constraints

@ktstr_test(constraints=Constraints(max_cpus=9, max_llcs=3))
def small(ctx):
    ctx.run(verdict="unfair" if ctx.test.topology.llcs == 3 else "")
"""
SMALL_IDS = ["tiny-1llc", "tiny-2llc", "odd-3llc", "smt-2llc"]


def record(scheduler: Scheduler = EEVDF, **declared: Any) -> KtstrTest:
    def body(ctx: object) -> None: ...

    found = record_of(ktstr_test(scheduler=scheduler, **declared)(body))
    assert found is not None
    return found


def collected(result: pytest.RunResult) -> list[str]:
    return [line.partition("::")[2] for line in result.outlines if "::" in line and "[" in line]


def closing(result: pytest.RunResult, start: str = "gauntlet: ") -> list[str]:
    """The lines from the grid on, without pytest's last one."""
    at = next(number for number, line in enumerate(result.outlines) if line.startswith(start))
    return list(itertools.takewhile(lambda line: not line.startswith("="), result.outlines[at:]))


# What fits


def test_without_constraints_those_of_the_library_hold() -> None:
    found = fit(record())
    assert len(found.admitted) == 15
    assert dict(found.refused)["numa2-4llc"] == "constraints: max_numa_nodes=1"
    assert dict(found.refused)["near-max-llc"] == "constraints: max_llcs=12"


def test_what_a_test_declares_replaces_the_defaults_of_a_scheduler_that_declares_nothing() -> None:
    found = fit(record(numa_nodes=2, llcs=2, constraints=Constraints(min_numa_nodes=2, max_numa_nodes=2)))
    assert found.admitted == ("numa2-4llc", "numa2-8llc", "numa2-8llc-nosmt")
    assert dict(found.refused)["tiny-1llc"] == "the test's constraints: min_numa_nodes=2"


def test_both_a_scheduler_and_a_test_must_admit() -> None:
    scheduler = Scheduler(name="mine", constraints=Constraints(max_cpus=8))
    found = fit(record(scheduler, threads=2, constraints=Constraints(requires_smt=True)))
    assert found.admitted == ("smt-2llc",)
    assert dict(found.refused)["smt-3llc"] == "constraints: max_cpus=8"


def test_only_named_presets_are_considered() -> None:
    found = fit(record(), ("numa2-4llc", "tiny-2llc"))
    assert (found.admitted, len(found.refused)) == (("tiny-2llc",), 1)


def test_every_preset_has_its_name_back() -> None:
    assert [preset_of(str(topology)) for topology in PRESETS.values()] == list(PRESETS)
    assert preset_of("1n1l2c1t") is None


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"constraints": "smt"}, r"constraints='smt': must be Constraints\(...\)"),
        (
            {"constraints": Constraints(min_cpus=8)},
            "constraints: min_cpus=8 refuses topology 1n1l2c1t, which is the test's own",
        ),
        ({"kernels": "7.0"}, "kernels='7.0': must be a list of strings"),
        ({"kernels": ["seven"]}, "kernels filter 'seven': accepted are"),
        ({"gauntlet": 1}, "gauntlet=1: must be True or False"),
    ],
)
def test_a_wrong_declaration_is_refused(declared: dict[str, Any], message: str) -> None:
    with pytest.raises(KtstrError, match=message):
        record(**declared)


# Collecting and running


def test_each_preset_is_a_test_of_its_own(run: Run, pytester: pytest.Pytester) -> None:
    menu = ("--collect-only", "-q", "--kernel", "7.0", "--kernel", "7.3", "--gauntlet")
    ids = [f"small[{kernel}-{preset}]" for kernel in ("7.0", "7.3") for preset in SMALL_IDS]
    assert sorted(collected(run(SMALL, *menu))) == sorted(ids)
    assert resolved(pytester) == []
    seeds = collected(run("", *menu, "--seeds", "2", "-k", "7.0 and odd-3llc"))
    assert seeds == [f"small[7.0-odd-3llc-seed{seed}]" for seed in (1, 2)]


@pytest.mark.parametrize("workers", [(), ("-n1",)])
def test_a_grid_ends_the_session(run: Run, pytester: pytest.Pytester, workers: tuple[str, ...]) -> None:
    result = run(SMALL, "--kernel", "7.0", "--kernel", "7.3", "--gauntlet", *workers)
    assert result.ret == 1
    assert "PASS (1/8) small[tiny-1llc] 7.0.13 1n1l4c1t eevdf" in lines(result)
    assert sidecars(pytester)["small[smt-2llc]"]["topology"] == "1n2l2c2t"
    assert closing(result) == [
        "gauntlet: 6 ✅  2 ❌  0 🇽",
        " preset     7.0.13  7.3.4",
        " tiny-1llc  ✅      ✅",
        " tiny-2llc  ✅      ✅",
        " odd-3llc   ❌      ❌",
        " smt-2llc   ✅      ✅",
        "failing:",
        " FAIL small[odd-3llc] on 7.0.13: max_spread_pct: unfair",
        " FAIL small[odd-3llc] on 7.3.4: max_spread_pct: unfair",
        "constraints leave out 20 presets of 1 test; -v says which",
    ]


def test_one_test_of_the_gauntlet_has_all_workers(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KTSTR_SUITE", "1")  # as `ktstr test` sets it
    monkeypatch.setenv("PYTEST_XDIST_AUTO_NUM_WORKERS", "2")
    menu = ("--kernel", "7.0", "-n", "auto", "test_it.py")
    assert "2 workers [4 items]" in run(SMALL, *menu, "--gauntlet").stdout.str()
    assert "workers [" not in run("", *menu).stdout.str()


def test_what_constraints_leave_out_is_named_with_the_reasons_if_asked_for(run: Run) -> None:
    result = run(SMALL, "--kernel", "7.0", "--gauntlet", "--collect-only", "-v")
    assert [line for line in result.outlines if line.startswith("left out")] == [
        "left out 19: small on odd-5llc, small on odd-7llc, small on medium-4llc, ...: the test's constraints:"
        " max_llcs=3",
        "left out 1: small on smt-3llc: the test's constraints: max_cpus=9",
    ]


def test_a_preset_that_is_too_large_to_be_emulated_runs_only_if_it_is_named(run: Run) -> None:
    body = "@ktstr_test()\ndef basic(ctx):\n    ctx.run()\n"
    result = run(body, "--kernel", "7.0", "--gauntlet")
    assert len(lines(result)) == 11
    assert (
        "left out 4: basic on 7.0-large-4llc, basic on 7.0-large-8llc, basic on 7.0-large-4llc-nosmt, ...: 128 CPUs,"
        " without KVM only on request (--preset)" in result.outlines
    )
    named = run("", "--kernel", "7.0", "--gauntlet", "--preset", "large-4llc")
    assert [line.split()[2] for line in lines(named)] == ["basic[large-4llc]"]


def test_a_test_that_fits_no_preset_is_skipped_with_the_reasons(run: Run) -> None:
    result = run(SMALL, "--kernel", "7.0", "--gauntlet", "--preset", "numa2-4llc", "--preset", "medium-4llc")
    assert lines(result) == [
        "SKIP (1/1) small[no-preset] 7.0.13 1n1l2c1t eevdf: no preset fits: the test's constraints: max_llcs=3"
    ]
    assert result.ret == 5


def test_a_test_can_stay_on_its_own_topology(run: Run) -> None:
    body = "@ktstr_test(gauntlet=False)\ndef stays(ctx):\n    ctx.run()\n"
    result = run(body, "--kernel", "7.0", "--gauntlet")
    assert lines(result) == ["PASS (1/1) stays 7.0.13 1n1l2c1t eevdf"]
    assert closing(result) == ["gauntlet: 1 ✅  0 ❌  0 🇽", " preset    7.0.13", " 1n1l2c1t  ✅"]


def test_a_preset_has_memory_enough(run: Run) -> None:
    body = (
        "@ktstr_test(memory_mb=300)\ndef basic(ctx):\n    ctx.run()\n    print('told:', ctx.test.memory_mb)\n"
    )
    out = run(
        body, "--kernel", "7.0", "-s", "--gauntlet", "--preset", "tiny-1llc", "--preset", "medium-4llc"
    ).outlines
    assert [line for line in out if "told:" in line] == ["told: 300", "told: 2048"]


def test_a_test_has_kernels_of_its_own(run: Run) -> None:
    body = "@ktstr_test(kernels=['7.1..=7.3'])\ndef basic(ctx):\n    ctx.run()\n"
    assert lines(run(body, "--kernel", "7.0", "--kernel", "7.3")) == [
        "SKIP (1/2) basic 7.0.13 1n1l2c1t eevdf: declares kernels [7.1..=7.3]; 7.0.13 is not among them",
        "PASS (2/2) basic 7.3.4  1n1l2c1t eevdf",
    ]


def test_a_project_runs_the_gauntlet_always(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makepyprojecttoml("[tool.ktstr]\ngauntlet = true\npresets = ['tiny-2llc']\n")
    menu = ("--collect-only", "-q", "--kernel", "7.0")
    assert collected(run(PASSING, *menu)) == ["basic_steady[7.0-tiny-2llc]"]
    assert collected(run("", *menu, "-o", "ktstr_gauntlet=false")) == ["basic_steady[7.0]"]
    assert collected(run("", *menu, "--topology", "1n1l8c1t")) == ["basic_steady[7.0]"]
    assert collected(run("", *menu, "--preset", "tiny-1llc")) == ["basic_steady[7.0-tiny-1llc]"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--gauntlet", "--topology", "1n1l8c1t"), "ktstr: --topology and --gauntlet: give one of them"),
        (("--preset", "tiny-1llc"), "ktstr: --preset: is for the gauntlet; give --gauntlet, too"),
        (("--gauntlet", "--preset", "tiny"), "ktstr: --preset: no preset tiny; must be of tiny-1llc, *"),
        (("-o", "ktstr_gauntlet=maybe"), "ktstr: -o: ktstr_gauntlet = 'maybe': must be true or false"),
    ],
)
def test_a_users_mistake_is_one_line(run: Run, arguments: tuple[str, ...], message: str) -> None:
    result = run(PASSING, "--kernel", "7.0", *arguments)
    assert (result.ret, len(result.errlines)) == (2, 1)
    result.stderr.fnmatch_lines([message.replace("[", "[[]")])


# The grid


def test_several_tests_have_a_column_each_over_all_kernels() -> None:
    tiny, smt = "1n1l4c1t", "1n2l2c2t"
    cases = [
        a_case(nodeid="test_a.py::fair[7.0-tiny-1llc]", test="fair[tiny-1llc]", topology=tiny),
        a_case(nodeid="test_a.py::fair[7.3-tiny-1llc]", topology=tiny, outcome="failed"),
        a_case(nodeid="test_a.py::fair[7.0-smt-2llc]", topology=smt, outcome="error"),
        a_case(nodeid="test_a.py::steady[7.0-tiny-1llc]", topology=tiny),
        a_case(nodeid="test_a.py::steady[7.0-smt-2llc]", topology=smt, outcome="skipped"),
        a_case(nodeid="test_a.py::steady[7.0-no-preset]", topology="1n1l2c1t", outcome="skipped"),
    ]
    assert grid_rows(cases) == [
        ("preset", "fair", "steady"),
        ("tiny-1llc", "🇽", "✅"),
        ("smt-2llc", "❌", "-"),
    ]


def test_many_failures_are_counted() -> None:
    cases = [a_case(outcome="failed", nodeid=f"test_a.py::basic[7.0-seed{n}]") for n in range(25)]
    assert grid_lines(cases, 80)[-1] == " and 5 more"
    assert grid_lines([], 80) == []


def test_only_the_summary_has_a_colour_and_only_if_it_is_wanted(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ("--kernel", "7.0", "--gauntlet", "--preset", "tiny-1llc")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[31mgauntlet: 0 ✅  1 ❌  0 🇽\x1b[0m\n preset" in run(FAILING, *arguments).stdout.str()
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in run("", *arguments).stdout.str()
