"""The programs that are run for a BPF scheduler, as the loader takes them, and what is no such declaration."""

import pytest

from ktstr.base.errors import KtstrError
from ktstr.base.topology import Topology
from ktstr.declare.runs import checked_programs, checked_runs, run_calls

TWO = Topology.parse("1n2l4c1t")


def test_programs_have_numbers() -> None:
    runs = checked_runs({"set_up": [40, -2], "check": (), "arena": [8, "sizeof(struct task_ctx)"]})
    assert run_calls(runs, TWO) == ("set_up=40,-2", "check", "arena=8,sizeof(struct task_ctx)")


def test_a_program_runs_once_with_each_list() -> None:
    assert run_calls(checked_runs({"pair": [[0, 1], [2, 3]]}), TWO) == ("pair=0,1", "pair=2,3")


def test_a_function_says_it_for_each_guest() -> None:
    runs = checked_runs({"of_llc": lambda topology: [[llc] for llc in range(topology.llcs)]})
    assert run_calls(runs, TWO) == ("of_llc=0", "of_llc=1")


def test_a_function_may_leave_the_program_out() -> None:
    assert run_calls(checked_runs({"of_smt": lambda topology: None}), TWO) == ()


def test_a_function_that_returns_no_numbers_is_named_with_the_topology() -> None:
    with pytest.raises(
        KtstrError, match=r"^the arguments of program bad for topology 1n2l4c1t=7: must be a list"
    ):
        run_calls(checked_runs({"bad": lambda topology: 7}), TWO)


@pytest.mark.parametrize(
    "runs",
    [
        ["set_up"],
        {"set_up": 1},
        {"set up": []},
        {"set_up": ["1"]},
        {"set_up": [1, [2]]},
        {"set_up": ["sizeof(task)"]},
        {"set_up": [[1.5]]},
    ],
)
def test_what_is_no_program_is_refused(runs: object) -> None:
    with pytest.raises(KtstrError, match=r"^setup_programs"):
        checked_runs(runs)


@pytest.mark.parametrize("programs", [["a"], {"a b": True}, {"a": 1}, {"a": None}])
def test_what_is_no_choice_of_programs_is_refused(programs: object) -> None:
    with pytest.raises(KtstrError, match=r"^programs"):
        checked_programs(programs)
