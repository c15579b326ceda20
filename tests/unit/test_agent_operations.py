"""The agent's tables: an operation by its name and arguments, a work type by its name and parameters."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from native_agent import build_native

from ktstr.vm.result import Event, parse_events

WORK_TYPES = ("work/bursty", "work/mixed", "work/spin_wait", "work/yield_heavy")


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    parts = (
        "operations",
        "op_at",
        "queue",
        "plan",
        "work",
        "work_parse",
        "worker_policy",
        *WORK_TYPES,
        "emit",
        "clock",
    )
    native = ("fake_machine", "test_operations")
    return build_native(tmp_path_factory.mktemp("operations"), "carry_out", *parts, native=native)


def carried_out(agent: Path, plan: str) -> tuple[int, list[Event]]:
    """The exit status, and the operations' own events without their times."""
    status, events = all_events(agent, plan)
    return status, [event for event in events if event["ev"] != "op"]


def all_events(agent: Path, plan: str) -> tuple[int, list[Event]]:
    """The exit status, and the events without their times."""
    done = subprocess.run([agent], input=plan.encode(), capture_output=True, check=False)
    assert done.stderr == b""
    events = parse_events(done.stdout.decode())
    times = ("t", "began_ns")
    return done.returncode, [{key: event[key] for key in event if key not in times} for event in events]


def refusal(agent: Path, line: str) -> str:
    status, events = carried_out(agent, f"{line}\n")
    assert (status, [event["ev"] for event in events]) == (0x11, ["error"])
    return f"{events[0]['where']}: {events[0]['what']}"


def test_an_operation_gets_its_arguments_by_name(agent: Path) -> None:
    assert carried_out(agent, "measure 7 18446744073709551615 a%20b\n") == (
        0,
        [{"ev": "measure", "cpu": 7, "at_ns": 2**64 - 1, "name": "a b"}],
    )


def test_the_rest_of_a_line_may_be_any_number_of_arguments(agent: Path) -> None:
    assert carried_out(agent, "measure 0 0 n one\n")[1][0]["rest"] == "one"


def test_each_operation_is_reported_once_it_is_done(agent: Path) -> None:
    status, (own, done, stopped) = all_events(agent, "measure 7 1 a%20b one\nstop\n")
    assert status == 1
    assert own["ev"] == "measure"
    assert done == {"ev": "op", "name": "measure", "words": "7 1 a b one"}
    assert stopped == {"ev": "op", "name": "stop", "words": ""}


def test_an_operation_that_the_kernel_refuses_says_so_and_the_plan_goes_on(agent: Path) -> None:
    assert all_events(agent, "refused cpu.weight\nmeasure 0 0 n\n") == (
        0,
        [
            {
                "ev": "op",
                "name": "refused",
                "words": "cpu.weight",
                "errno": 12,
                "error": "Cannot allocate memory",
                "what": "cpu.weight",
            },
            {"ev": "measure", "cpu": 0, "at_ns": 0, "name": "n"},
            {"ev": "op", "name": "measure", "words": "0 0 n"},
        ],
    )


def test_a_queued_operation_is_carried_out_at_its_time_and_those_of_one_time_in_order(agent: Path) -> None:
    plan = (
        "at 20 measure 3 0 c\nat 10 measure 1 0 a%20b\nat 10 measure 2 0 b\nat 30 stop\nat 40 stop\ndue 35\n"
    )
    status, events = all_events(agent, plan)
    done = [(event["at_ns"], event["words"]) for event in events if event["ev"] == "op" and "at_ns" in event]
    assert done == [(10, "1 0 a b"), (10, "2 0 b"), (20, "3 0 c"), (30, "")]
    assert status == 1


def test_an_operation_that_returns_false_ends_the_plan(agent: Path) -> None:
    assert carried_out(agent, "stop\nmeasure 0 0 n\n") == (1, [])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("perturb 0 1 2", "plan: perturb: there is no such operation"),
        ("", "plan: : there is no such operation"),
        ("measure 0 abc n", "plan: measure: at_ns=abc: must be a whole number"),
        ("measure 0 -1 n", "plan: measure: at_ns=-1: must be a whole number"),
        ("measure 0 1.5 n", "plan: measure: at_ns=1.5: must be a whole number"),
        ("measure 0  n", "plan: measure: at_ns=: must be a whole number"),
        (
            "measure 0 18446744073709551616 n",
            "plan: measure: at_ns=18446744073709551616: must be a whole number",
        ),
        ("measure 4294967296 0 n", "plan: measure: cpu=4294967296: must be at most 4294967295"),
        ("measure 0", "plan: measure: at_ns is missing"),
        ("measure 0 0", "plan: measure: name is missing"),
        ("at 5 measure 0 abc n", "plan: measure: at_ns=abc: must be a whole number"),
        ("at 5 perturb 0 1 2", "plan: at: operation=perturb: cannot wait for a time in a hold"),
        ("at 5 at 6 stop", "plan: at: operation=at: cannot wait for a time in a hold"),
        ("at 5 missing", "plan: missing: there is no such operation"),
        ("at 5", "plan: at: operation is missing"),
        ("stop now", "plan: stop: now: is one argument too many"),
    ],
)
def test_a_wrong_line_is_refused_with_operation_and_argument(agent: Path, line: str, message: str) -> None:
    assert refusal(agent, line) == message


@pytest.mark.parametrize(
    ("words", "work"),
    [
        ("spin_wait", {"type": "spin_wait", "policy": 0, "parameter": 1}),
        ("spin_wait pause=0 policy=batch", {"type": "spin_wait", "policy": 3, "parameter": 0}),
        ("yield_heavy policy=rr", {"type": "yield_heavy", "policy": 2}),
        ("mixed policy=idle burst_ns=5", {"type": "mixed", "policy": 5, "parameter": 5}),
        ("bursty sleep_ns=2 burst_ns=1", {"type": "bursty", "policy": 0, "parameter": 2}),
    ],
)
def test_a_work_type_gets_its_parameters(agent: Path, words: str, work: dict[str, object]) -> None:
    assert carried_out(agent, f"spawn cg 1 {words}\n") == (0, [{"ev": "spawn", **work}])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("idle", "idle: there is no such work type; there are bursty, mixed, spin_wait, yield_heavy"),
        (
            "mixed burst=5",
            "mixed: burst=5: there is no such parameter; there are burst_ns, policy",
        ),
        ("mixed burst_ns", "mixed: burst_ns: there is no such parameter; there are burst_ns, policy"),
        ("yield_heavy x=1", "yield_heavy: x=1: there is no such parameter; there are policy"),
        ("mixed burst_ns=1ms", "mixed: burst_ns=1ms: must be a whole number"),
        ("mixed burst_ns=", "mixed: burst_ns=: must be a whole number"),
        ("bursty burst_ns=5", "bursty: sleep_ns is missing"),
        (
            "mixed burst_ns=5 policy=other",
            "policy=other: must be normal, batch, idle, fifo, rr, deadline or ext",
        ),
    ],
)
def test_a_wrong_work_type_or_parameter_is_refused_by_name(agent: Path, words: str, message: str) -> None:
    assert refusal(agent, f"spawn cg 1 {words}") == f"plan: spawn: {message}"
