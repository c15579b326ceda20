"""Payloads as they are declared, started and packed: what each mistake is told in one line."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from ktstr import (
    AddCgroup,
    At,
    CgroupDef,
    KillPayload,
    KtstrError,
    Metric,
    Operation,
    Payload,
    RemoveCgroup,
    RunPayload,
    Scenario,
    Step,
    StopCgroup,
    Topology,
    WaitPayload,
    declare_payload,
    payloads,
)
from ktstr.run.payload_program import payload_program, payload_programs
from ktstr.scenario.layout import lay_out
from ktstr.scenario.payload import Offered
from ktstr.scenario.plan import scenario_plan

SH = Path("/bin/sh")  # a dynamic program that every host has
TOPOLOGY = Topology(1, 1, 2, 1)
MINE = Payload("mine", binary="mine")


def refusal(*parts: CgroupDef | Operation, steps: tuple[Step, ...] = ()) -> str:
    """What is said of a scenario that makes no sense."""
    with pytest.raises(KtstrError) as refused:
        lay_out(Scenario(parts, steps=steps), TOPOLOGY, 1.0)
    return str(refused.value)


def test_a_declaration_takes_paths_from_its_own_folder() -> None:
    one = declare_payload(
        "mine",
        binary_path="bin/mine",
        args=["-v"],
        env={"A": "1"},
        files={"/etc/mine.conf": "mine.conf"},
        build="make mine",
    )
    here = Path(__file__).parent
    assert one.binary_path == here / "bin" / "mine"
    assert one.files == {"/etc/mine.conf": here / "mine.conf"}
    assert (one.args, one.build, one.declared_in) == (("-v",), ("make", "mine"), __file__)
    assert str(one) == "mine -v"
    assert hash(one) == hash(declare_payload("mine", binary_path="bin/mine", args=["-v"], build="make mine"))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            {"name": "-m"},
            "payload '-m': name: must be 1 to 40 letters, digits, '_', '-' or '.', the first no '-' or '.'",
        ),
        ({"binary": None}, "payload mine: must have one of binary= and binary_path="),
        ({"binary_path": "x"}, "payload mine: must have one of binary= and binary_path="),
        (
            {"binary": "./mine"},
            "payload mine: binary='./mine': a name, looked up; for a path use binary_path=",
        ),
        ({"binary": 3}, "payload mine: binary=3: must be a string"),
        ({"args": "-v"}, "payload mine: args='-v': must be a list of strings"),
        ({"args": ["a\0"]}, "payload mine: args[0]='a\\x00': must not contain zero bytes"),
        ({"args": ["a"] * 249}, "payload mine: 249 arguments and variables: must be at most 248 together"),
        ({"env": {"A=B": "1"}}, "payload mine: env: 'A=B': must be the name of a variable"),
        ({"env": {"A": 1}}, "payload mine: env['A']=1: must be a string"),
        (
            {"files": {"mine.conf": "x"}},
            "payload mine: files: 'mine.conf': must be an absolute path in the guest",
        ),
        (
            {"files": {"/etc/../init": "x"}},
            "payload mine: files: '/etc/../init': must be an absolute path in the guest",
        ),
        (
            {"files": {"/ktstr/x": "x"}},
            "payload mine: files: '/ktstr/x': must not be below /init, /ktstr, ...",
        ),
        ({"metrics": [3]}, "payload mine: metrics=[3]: must be a list of Metric(...)"),
        (
            {"metrics": [Metric("a", json="a")] * 2},
            "payload mine: metrics: metric a is there twice; must be another name",
        ),
        ({"expect_status": 256}, "payload mine: expect_status=256: must be a whole number from 0 to 255"),
        ({"build": "make && make x"}, "payload mine: build='make && make x': is run without a shell; ..."),
    ],
)
def test_a_mistake_in_a_declaration_is_told_in_one_line(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(KtstrError) as error:
        declare_payload(**{"name": "mine", "binary": "mine", **fields})
    text = str(error.value)
    assert text.startswith(f"{__file__}: {said.removesuffix('...')}"), text
    assert said.endswith("...") or text.endswith(said)
    assert "\n" not in text


def test_bounds_are_for_a_metric_that_there_is() -> None:
    one = payloads.hackbench().bounded("time", most=2)
    assert [(metric.name, metric.least, metric.most) for metric in one.metrics] == [("time", None, 2)]
    with pytest.raises(KtstrError, match=r"^payload hackbench: metric 'tine': no such metric; near is time$"):
        one.bounded("tine", most=2)
    with pytest.raises(KtstrError, match=r"^payload mine: metric 'x': no such metric; there is none$"):
        MINE.bounded("x", most=2)


@pytest.mark.parametrize(
    ("declare", "said"),
    [
        (lambda: payloads.hackbench(groups=0), "hackbench: groups=0: must be a whole number from 1 to 1000"),
        (
            lambda: payloads.cyclictest(priority=100),
            "cyclictest: priority=100: must be a whole number from 0 to 99",
        ),
        (lambda: payloads.stress_ng(), "stress_ng: must have a stressor, such as stress_ng('cpu')"),
        (
            lambda: payloads.stress_ng("cpu; rm"),
            "stress_ng: 'cpu; rm': must be a stressor's name, such as 'switch'",
        ),
        (lambda: payloads.sysbench("fileio"), "sysbench: test='fileio': must be one of cpu, threads, mutex"),  # type: ignore[arg-type]
    ],
)
def test_a_mistake_in_a_ready_payload_is_told_in_one_line(declare: Any, said: str) -> None:
    with pytest.raises(KtstrError) as error:
        declare()
    assert str(error.value) == said


# In a scenario


def test_the_plan_has_program_variables_and_arguments() -> None:
    one = Payload("mine", binary_path=Path("/opt/x/mine"), args=("-g", "a b"), env={"A": "1 2"})
    scenario = Scenario(
        (
            CgroupDef("a", 1),
            RunPayload(one, "a", timeout_s=1.5),
            WaitPayload(one),
            KillPayload("mine", "INT"),
        ),
        hold_s=1,
    )
    with pytest.raises(KtstrError, match=r"^kill_payload: payload='mine': no payload of that name runs"):
        scenario_plan(scenario, TOPOLOGY)
    steps = (Step("s", RunPayload(one, "a", timeout_s=1.5), At(0.5, KillPayload("mine", "INT")), hold=1),)
    plan = scenario_plan(Scenario((CgroupDef("a", 1),), hold_s=1, steps=steps), TOPOLOGY).splitlines()
    assert "run_payload mine a 1500000000 1 A=1%202 /ktstr/payload/mine/mine -g a%20b" in plan
    assert "at 500000000 kill_payload mine 2 2000000000" in plan
    assert scenario_plan(
        Scenario((RunPayload(MINE), WaitPayload("mine")), hold_s=1), TOPOLOGY
    ).splitlines() == [
        "run_payload mine  0 0 /ktstr/payload/mine/mine",
        "wait_payload mine",
        "hold 1000000000",
    ]


def test_what_makes_no_sense_is_refused_before_a_guest_is_started() -> None:
    run = RunPayload(MINE)
    assert refusal(run, run) == (
        "run_payload: payload='mine': one of that name may still run; use WaitPayload('mine') or KillPayload('mine')"
        " before, or another name"
    )
    assert refusal(RunPayload(MINE, "a")) == (
        "run_payload: cgroup='a': there is no such cgroup at that moment; there is none"
    )
    assert refusal(AddCgroup("payload-mine"), run) == (
        "run_payload: payload='mine': there is a cgroup payload-mine; must be another name"
    )
    assert refusal(WaitPayload("mine")) == (
        "wait_payload: payload='mine': no payload of that name runs at that moment; start it by RunPayload(...) before"
    )
    assert refusal(run, KillPayload("other")).endswith("runs at that moment; there is mine")
    with pytest.raises(
        KtstrError, match=r"^run_payload: payload='mine': must be a payload, such as payloads\."
    ):
        RunPayload("mine")  # type: ignore[arg-type]
    with pytest.raises(
        KtstrError, match=r"^kill_payload: signal='USR1': must be one of INT, TERM, HUP, KILL$"
    ):
        KillPayload("mine", "USR1")
    with pytest.raises(KtstrError, match=r"^wait_payload: payload=3: must be 1 to 40 letters"):
        WaitPayload(3)  # type: ignore[arg-type]
    with pytest.raises(KtstrError, match=r"^run_payload: timeout_s=0: must be guest seconds"):
        RunPayload(MINE, timeout_s=0)


def test_a_payload_may_be_started_again_once_it_was_waited_for_killed_or_ended_with_its_cgroup() -> None:
    run = RunPayload(MINE, "a")
    steps = (
        Step("turns", run, WaitPayload(MINE), hold=0.1, repeat=2),
        Step("killed", run, At(0.05, KillPayload(MINE)), hold=0.1),
        Step("stopped", run, At(0.05, StopCgroup("a")), hold=0.1),
        Step("removed", run, At(0.05, RemoveCgroup("a")), hold=0.1),
        Step("last", RunPayload(MINE), hold=0.1),
    )
    layout = lay_out(Scenario((AddCgroup("a"),), steps=steps), TOPOLOGY, 1.0)
    assert len(layout.phases) == 6


def test_it_prints_as_it_is_run() -> None:
    assert str(RunPayload(payloads.hackbench(), "a", timeout_s=2)) == (
        "run_payload hackbench -g 1 -l 100 -f 20 cgroup=a, for at most 2 s"
    )


# Its program


@pytest.fixture
def workspace(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A project's folder; there is no program anywhere else."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setattr("ktstr.run.payload_program._SYSTEM_FOLDERS", str(tmp_path / "sbin"))
    return folder


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(SH, path)
    return path


def missing(payload: Payload) -> str:
    with pytest.raises(KtstrError) as error:
        payload_program(payload)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("binary", "package"),
    [
        ("hackbench", "rt-tests"),
        ("cyclictest", "rt-tests"),
        ("stress-ng", "stress-ng"),
        ("sysbench", "sysbench"),
    ],
)
@pytest.mark.usefixtures("workspace")
def test_a_missing_program_of_a_distribution_is_told_with_its_package(binary: str, package: str) -> None:
    assert missing(Payload("p", binary=binary)) == (
        f"payload p: binary '{binary}' was not found in the workspace's builds or in PATH;"
        f" install it (Debian, Ubuntu: {package})"
    )


@pytest.mark.usefixtures("workspace")
def test_another_missing_program_is_to_be_built() -> None:
    assert missing(MINE).endswith(
        "was not found in the workspace's builds or in PATH; build it, or set binary_path="
    )
    assert missing(Payload("p", binary="x", package="y")).endswith("; install it (Debian, Ubuntu: y)")


def test_files_that_cannot_be_packed_are_told(workspace: Path) -> None:
    built = program(workspace / "build" / "mine")
    script = workspace / "script"
    script.write_text("#!/bin/sh\n")
    assert (
        missing(Payload("p", binary_path=workspace / "none")) == f"payload p: {workspace}/none: no such file"
    )
    assert missing(Payload("p", binary_path=script)) == (
        f"payload p: {script}: not an ELF program; the guest has no interpreter for anything else"
    )
    assert missing(Payload("p", binary_path=built, files={"/etc/x": workspace / "none"})) == (
        f"payload p: files['/etc/x']: {workspace}/none: No such file or directory"
    )
    assert missing(Payload("p", binary_path=built, files={"/etc/x": workspace})) == (
        f"payload p: files['/etc/x']: {workspace}: must be a file"
    )


def test_a_program_is_packed_with_its_libraries_and_files(workspace: Path, tmp_path: Path) -> None:
    program(workspace / "build" / "mine")
    (workspace / "mine.conf").write_text("a=1\n")
    one = Payload(
        "p",
        binary="mine",
        args=("-v",),
        files={"/etc/mine.conf": workspace / "mine.conf", "/bin/sh": program(tmp_path / "sh")},
    )
    packed = payload_program(one)
    assert packed.command == ("/ktstr/payload/p/mine", "-v")
    paths = {file.path for file in packed.files}
    assert {"/ktstr/payload/p/mine", "/etc/mine.conf", "/bin/sh"} <= paths
    assert any(path.startswith("/ktstr/lib/libc.so") for path in paths)


def offered(*words: str, says: str) -> Payload:
    """A payload whose program, a shell, says with these commands what it offers."""
    return Payload("p", binary="mine", offered=Offered("stressor", words, ("-c", says)))


def test_a_word_that_the_program_does_not_offer_is_refused_with_the_nearest(workspace: Path) -> None:
    built = program(workspace / "build" / "mine")
    assert missing(offered("cpu", "swich", says="echo cpu switch pipe")) == (
        f"payload p: stressor 'swich': {built} has none of that name; must be one that"
        " `mine -c echo cpu switch pipe` lists; near is switch"
    )
    assert missing(offered("zzz", says="echo cpu")).endswith("; must be one that `mine -c echo cpu` lists")
    payload_program(offered("cpu", "pipe", says="echo cpu switch pipe"))


@pytest.mark.parametrize("says", ["echo cpu; exit 1", "true"])
def test_a_program_that_does_not_say_what_it_offers_is_let_through(workspace: Path, says: str) -> None:
    program(workspace / "build" / "mine")
    payload_program(offered("swich", says=says))


def test_a_program_is_asked_once_what_it_offers(workspace: Path) -> None:
    program(workspace / "build" / "mine")
    once = offered("cpu", says=f"echo asked >> {workspace}/asked; echo cpu")
    for _ in range(2):
        payload_program(once)
    assert (workspace / "asked").read_text() == "asked\n"


def test_what_a_program_must_offer_is_checked() -> None:
    wrong: Any = ("a", 1)
    with pytest.raises(KtstrError, match="payload p: offered='cpu': must be Offered"):
        declare_payload("p", binary="mine", offered="cpu")  # type: ignore[arg-type]
    with pytest.raises(KtstrError, match="offered: words"):
        Offered("stressor", wrong, ())


def test_stress_ng_must_offer_its_stressors() -> None:
    assert payloads.stress_ng("cpu", "switch").offered == Offered(
        "stressor", ("cpu", "switch"), ("--stressors",)
    )


def test_the_programs_of_a_scenario_have_names_of_their_own(workspace: Path) -> None:
    program(workspace / "build" / "mine")
    program(workspace / "build" / "other")
    other = Payload("other", binary="other", args=("-v",))
    steps = (Step("s", RunPayload(MINE), At(0.1, RunPayload(other)), hold=1),)
    assert sorted(payload_programs(Scenario(steps=steps))) == ["mine", "other"]
    twice = Scenario(
        steps=(Step("s", RunPayload(MINE), RunPayload(Payload("mine", binary="other")), hold=1),)
    )
    with pytest.raises(KtstrError) as error:
        payload_programs(twice)
    assert str(error.value) == (
        "payload mine: two payloads of one scenario have this name; must be another one"
    )
