"""Empty is not green: a test that tests nothing is an error, and a session in which nothing ran is no success."""

from __future__ import annotations

import plugin_project
import pytest
from plugin_project import PASSING, Run, lines, sidecars
from report_case import a_case

from ktstr.plugin.empty import nothing_ran, rows

pytest_plugins = "pytester"
run = plugin_project.run  # the fixture

RUNS_NOTHING = """
@ktstr_test()
def runs_nothing(ctx):
    if ctx.kernel.version.startswith("6."):
        ctx.run()
"""
RETURNS = """
@ktstr_test()
def returns(ctx):
    ctx.run()
    return ctx.seed == 1
"""
MARKED = """
@pytest.mark.ktstr_no_scenario
@ktstr_test()
def marked(ctx):
    assert ctx.kernel.version
"""
LATER = "@ktstr_test(ignore=True)\ndef later(ctx):\n    ctx.run()\n"
PLAIN = "def test_plain():\n    pass\n"


def never_ran(result: pytest.RunResult) -> list[str]:
    return [line for line in result.outlines if line.startswith(("never ran", "NOTHING RAN"))]


@pytest.mark.parametrize("workers", [(), ("-n1",)])
def test_a_test_that_runs_no_scenario_is_an_error(run: Run, workers: tuple[str, ...]) -> None:
    result = run(RUNS_NOTHING, "--kernel", "7.0", *workers)
    assert lines(result) == [
        "ERROR (1/1) runs_nothing 7.0.13 1n1l2c1t eevdf: runs_nothing: ran no scenario, so it tested nothing; call"
        " ctx.run or one of ktstr.scenarios, pytest.skip with a reason, or mark it with pytest.mark.ktstr_no_scenario"
    ]
    assert result.ret == 2


def test_a_scenario_on_another_kernel_does_not_count(run: Run) -> None:
    result = run(RUNS_NOTHING, "--kernel", "6.18", "--kernel", "7.0")
    assert [line.split()[0] for line in lines(result)] == ["PASS", "ERROR"]


def test_a_test_that_returns_a_value_is_an_error(run: Run, pytester: pytest.Pytester) -> None:
    result = run(RETURNS, "--kernel", "7.0")
    assert lines(result) == [
        "ERROR (1/1) returns 7.0.13 1n1l2c1t eevdf: returns: returned True, which nobody looks at;"
        " say what must hold with assert"
    ]
    assert result.ret == 2
    assert "Traceback" not in result.stdout.str()
    assert sidecars(pytester)["returns"]["outcome"] == "error"


def test_a_run_that_was_refused_counts_as_asked_for(run: Run) -> None:
    body = (
        "@ktstr_test()\ndef refused(ctx):\n    with pytest.raises(Exception):\n        ctx.run(error='no')\n"
    )
    assert run(body, "--kernel", "7.0").ret == 0


def test_a_test_may_say_that_it_runs_no_scenario(run: Run) -> None:
    assert run(MARKED, "--kernel", "7.0", "--strict-markers").ret == 0


def test_a_failure_of_a_test_without_a_scenario_stays_a_failure(run: Run) -> None:
    result = run("@ktstr_test()\ndef basic(ctx):\n    n = 2\n    assert n == 1\n", "--kernel", "7.0")
    assert result.ret == 1
    assert "in kept" not in result.stdout.str()


def test_a_test_that_is_skipped_on_every_kernel_is_named(run: Run) -> None:
    runs = "@ktstr_test()\ndef runs(ctx):\n    ctx.run()\n"
    result = run(PASSING + runs + LATER, "--kernel", "6.12", "--kernel", "6.18")
    assert result.ret == 0
    assert never_ran(result) == [
        "never ran      basic_steady: skipped on every kernel (6.12.9, 6.18.4): scheduler my_sched declares kernels"
        " [7.0, 7.3]; 6.12.9 is not among them"
    ]
    assert never_ran(run("", "--kernel", "6.18", "--kernel", "7.0")) == []


@pytest.mark.parametrize("workers", [(), ("-n1",)])
def test_a_session_in_which_everything_was_skipped_is_no_success(run: Run, workers: tuple[str, ...]) -> None:
    result = run(PASSING + PLAIN, "--kernel", "6.18", *workers)
    assert result.ret == 5
    assert never_ran(result)[1:] == ["NOTHING RAN    the only test was skipped"]


def test_of_ignored_tests_nothing_is_said_but_nothing_ran(run: Run) -> None:
    result = run(LATER, "--kernel", "7.0")
    assert result.ret == 5
    assert never_ran(result) == ["NOTHING RAN    the only test was skipped"]


def test_a_shard_of_skipped_tests_is_no_failure(run: Run) -> None:
    result = run(PASSING, "--kernel", "6.18", "--shard", "1/1")
    assert result.ret == 0
    assert "NOTHING RAN    the only test was skipped" in result.outlines


def test_tests_of_others_may_be_skipped(run: Run) -> None:
    assert run("def test_plain():\n    pytest.skip('no')\n").ret == 0


def test_a_failure_that_was_expected_did_run(run: Run) -> None:
    body = "@pytest.mark.xfail\n@ktstr_test()\ndef basic(ctx):\n    ctx.run(verdict='unfair')\n"
    result = run(body, "--kernel", "7.0")
    assert (result.ret, never_ran(result)) == (0, [])


def test_a_skip_after_a_run_did_run() -> None:
    assert nothing_ran([a_case(outcome="skipped", runs=())])
    assert not nothing_ran([a_case(outcome="skipped")])
    assert not nothing_ran([])
    assert (
        rows([a_case(outcome="skipped", runs=()), a_case(nodeid="tests/test_a.py::basic_steady[7.3]")]) == []
    )
