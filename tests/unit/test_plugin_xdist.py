"""The plugin under xdist: the controller resolves, records and reports."""

from __future__ import annotations

import plugin_project
import pytest
from plugin_project import BROKEN, CONFTEST, FAILING, PASSING, Run, lines, resolved, results, sidecars

pytest_plugins = "pytester"
run = plugin_project.run  # the fixture


def test_under_xdist_the_controller_resolves_records_and_reports(run: Run, pytester: pytest.Pytester) -> None:
    result = run(PASSING + FAILING + BROKEN, "--kernel", "7.0", "--kernel", "7.0.13", "-n2")
    assert result.ret == 2
    assert {line.split(") ")[1].split(":")[0] for line in lines(result)} == {
        "basic_steady 7.0.13 1n2l4c1t my_sched",
        "unfair       7.0.13 1n1l2c1t any_sched",
        "broken       7.0.13 1n1l2c1t any_sched",
    }
    assert [line.split("(")[1][:3] for line in lines(result)] == ["1/3", "2/3", "3/3"]
    assert resolved(pytester) == ["7.0", "7.0.13"]  # once, not once a worker
    assert sidecars(pytester)["unfair"]["message"] == "max_spread_pct: worker 3: 22.5 points, limit 15"
    assert {name for name in results(pytester) if name.endswith(".log")} != set()
    assert list((pytester.path / "target/ktstr/.staging").iterdir()) == []


def test_under_xdist_a_kernel_that_cannot_be_obtained_ends_the_run_once(
    run: Run, monkeypatch: pytest.MonkeyPatch, pytester: pytest.Pytester
) -> None:
    pytester.makeconftest(
        CONFTEST.replace('return [kernel("7.3.4")]', 'raise KtstrError("no kernel is published")')
    )
    result = run(PASSING + "def test_plain():\n    pass\n", "-n1")
    assert result.ret == 2
    assert [line for line in result.outlines if "no kernel" in line] == ["ktstr: no kernel is published"]


def test_under_xdist_a_worker_that_dies_is_an_error(run: Run, pytester: pytest.Pytester) -> None:
    body = "import os\n@ktstr_test()\ndef crash(ctx):\n    os._exit(1)\n"
    result = run(body, "-n1", "--max-worker-restart=0")
    assert lines(result)[0].startswith(
        "ERROR (1/1) crash 7.3.4 1n1l2c1t eevdf: worker 'gw0' crashed while running"
    )
    assert result.ret == 2
    assert sidecars(pytester, "7.3.4-nogit")["crash"]["outcome"] == "error"


def test_under_xdist_stopping_at_the_first_failure_is_status_1(run: Run) -> None:
    assert run(FAILING, "-n1", "-x", "--kernel", "7.0").ret == 1


def test_under_xdist_a_file_that_cannot_be_collected_is_told_once_and_is_status_2(run: Run) -> None:
    result = run("@ktstr_test(lcs=2)\ndef typo(ctx):\n    ctx.run()\n", "-n2")
    assert result.ret == 2
    # pytest's own short summary ends with what fits the line.
    told = [line for line in result.outlines if line.startswith("test_it.py:")]
    assert len(told) == 1
    assert told[0].startswith(
        "test_it.py:6: TypeError: ktstr_test() got an unexpected keyword argument 'lcs'; near is llcs; "
    )


def test_under_xdist_a_test_that_does_not_exist_is_status_2(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KTSTR_SUITE", "1")
    result = run(PASSING, "-n2", "test_it.py::basic_stedy", "--kernel", "7.0")
    assert result.ret == 2
    assert "ktstr: test_it.py: no test basic_stedy; near is basic_steady" in result.outlines
