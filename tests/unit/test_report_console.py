from __future__ import annotations

import pytest
from report_case import a_case

from ktstr.report import console
from ktstr.report.case import Case


@pytest.mark.parametrize(
    ("nodeid", "name"),
    [
        ("tests/test_a.py::basic[7.0]", "basic"),
        ("tests/test_a.py::basic[7.0-3-x]", "basic[3-x]"),
        ("tests/test_a.py::basic[6.16..=7.0]", "basic"),
        ("tests/test_a.py::Group::basic[7.0]", "Group::basic"),
        ("tests/test_a.py::basic[7.01-3]", "basic[7.01-3]"),
        ("tests/test_a.py::basic", "basic"),
    ],
)
def test_a_test_is_named_without_its_kernel(nodeid: str, name: str) -> None:
    assert console.test_name(nodeid, ["7.0", "6.16..=7.0"]) == name


def test_lines_are_aligned_whatever_the_outcome() -> None:
    columns = console.Columns(total=17)
    columns.widen("a_longer_name")
    assert [
        columns.case(a_case(), 3, "basic_steady"),
        columns.case(a_case(outcome="failed", message="not_stuck: w0: no work"), 4, "a_longer_name"),
        columns.case(a_case(outcome="error", topology="1n15l16c1t", message="no QEMU"), 10, "short"),
        columns.case(a_case(outcome="skipped", wall_s=0, message="ignored"), 11, "short"),
        columns.plain("passed", "test_a.py::test_plain", 1.25, 12, ""),
    ] == [
        "PASS [  12.3s] ( 3/17) basic_steady  7.0.13 1n2l4c1t my_sched",
        "FAIL [  12.3s] ( 4/17) a_longer_name 7.0.13 1n2l4c1t my_sched: not_stuck: w0: no work",
        "ERROR [ 12.3s] (10/17) short         7.0.13 1n15l16c1t my_sched: no QEMU",
        "SKIP [   0.0s] (11/17) short         7.0.13 1n2l4c1t   my_sched: ignored",
        "PASS [   1.2s] (12/17) test_a.py::test_plain",
    ]


def test_one_very_long_name_does_not_push_the_others_away() -> None:
    columns = console.Columns(total=2)
    columns.widen("n" * 200)
    assert len(columns.case(a_case(), 1, "basic")) < 100


def test_a_kernels_row_counts_outcomes_and_spans_the_time_from_first_to_last() -> None:
    cases = [
        a_case(started=100.0, wall_s=5.0),
        a_case(started=101.0, wall_s=9.0, outcome="failed"),
        a_case(started=103.0, wall_s=1.0, outcome="skipped"),
        a_case(started=103.0, wall_s=1.0, outcome="error"),
    ]
    assert console.kernel_row(cases) == "1 passed, 1 failed, 1 could not be run, 1 skipped in 10.0s"
    assert console.kernel_row(cases[:1]) == "1 passed in 5.0s"


def test_the_vms_row_says_how_many_ran_on_what_and_why() -> None:
    def ran(booted: int, cloned: int, remembered: int) -> dict[str, object]:
        return {"vms": {"booted": booted, "cloned": cloned, "remembered": remembered}}

    cases = [
        a_case(runs=(ran(1, 1, 0), ran(0, 1, 0))),
        a_case(runs=(ran(1, 0, 0), ran(0, 0, 1))),
        a_case(outcome="skipped", clock="", accelerator="", runs=()),
    ]
    expected = "2 booted, 2 cloned, 1 remembered; tcg, virtual clock, seed 1 (no KVM)"
    assert console.vm_row(cases) == expected
    assert console.vm_row(cases[2:]) == ""


def test_a_test_that_needed_no_vm_is_marked() -> None:
    def ran(*clones: int) -> Case:
        return a_case(
            runs=tuple({"vms": {"booted": 0, "cloned": number, "remembered": 1}} for number in clones)
        )

    assert console.remembered(ran(0, 0))
    assert not console.remembered(ran(0, 1)), "run again, or shrunk"
    assert not console.remembered(ran())
    line = console.Columns(total=1).case(ran(0), 1, "basic")
    assert line.endswith(" (remembered)")


def test_the_command_to_run_again_is_the_one_that_was_typed() -> None:
    assert console.again_command(None, ["-k", "a or b", "--lf"]) == "pytest -k 'a or b' --lf"
    typed = "nox -s test -- --kernel 7.0"
    assert console.again_command(typed, ["-n", "auto"]) == "nox -s test -- --kernel 7.0 --lf"
