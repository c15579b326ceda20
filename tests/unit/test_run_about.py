"""`run.json`: what a run's folder says of itself, so that a list of runs need not read its sidecars."""

import json
from pathlib import Path

import pytest
from report_case import VERSIONS, a_case

from ktstr.report.about import about_cases, about_session
from ktstr.report.host import cpu_model, host_record
from ktstr.report.rundir import Project, Staging

CPUINFO = "processor\t: 0\nmodel name\t: AMD EPYC  9R14 96-Core Processor\nflags\t: fpu vme\nprocessor\t: 1\n"


def test_the_model_of_the_first_cpu_is_told() -> None:
    assert cpu_model(CPUINFO) == "AMD EPYC 9R14 96-Core Processor"
    assert cpu_model("processor\t: 0\nCPU implementer\t: 0x41\n") == ""


def test_a_host_has_the_versions_of_the_tools_that_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "/nonexistent/cc")
    host = host_record("0.1.0", "7.2.22")
    assert host["tools"]["ktstr"] == "0.1.0"
    assert host["tools"]["qemu"] == "7.2.22"
    assert "cc" not in host["tools"]
    assert host["cores"] >= 1
    assert host["memory_mb"] > 0


def test_a_run_in_which_no_guest_was_asked_for_has_no_emulator() -> None:
    assert "qemu" not in host_record("0.1.0", "")["tools"]


def test_the_tests_of_a_folder_in_short() -> None:
    first = a_case(started=100.0, wall_s=2.0, seed=1)
    cases = [first, a_case(outcome="failed", started=105.0, wall_s=3.0, seed=2, variant="fifo")]
    assert about_cases(cases) == {
        "outcomes": {"passed": 1, "failed": 1},
        "kernels": ["7.0.13"],
        "schedulers": ["my_sched", "my_sched[fifo]"],
        "topologies": ["1n2l4c1t"],
        "seeds": [1, 2],
        "clocks": ["virtual"],
        "seconds": 8.0,
    }


def test_a_test_that_asked_for_no_guest_has_no_clock() -> None:
    assert about_cases([a_case(clock="")])["clocks"] == []


def test_each_folder_of_a_session_says_what_is_in_it(tmp_path: Path) -> None:
    staging = Staging(tmp_path, "one")
    staging.open(Project("1a2b3c4d" * 5, False))
    for kernel in ("7.0.13", "7.3.4"):
        staging.folder(kernel).mkdir()
    case = a_case()
    tests = {"7.0.13": about_cases([case, case]), "7.3.4": about_cases([case])}
    published = staging.publish(about_session(VERSIONS, [case], "complete"), tests)
    abouts = [json.loads((one.path / "run.json").read_text()) for one in published]
    assert [about["tests"]["outcomes"] for about in abouts] == [{"passed": 2}, {"passed": 1}]
    assert {about["started"] for about in abouts} == {abouts[0]["started"]}
    assert abouts[0]["project"] == {"commit": "1a2b3c4d" * 5, "dirty": False}
    assert abouts[0]["host"]["tools"]["qemu"] == "7.2.22"
