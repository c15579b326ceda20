"""What a scenario reads in the guest and runs there: the arguments, the events, the check."""

from __future__ import annotations

from typing import Any, cast

import pytest

from ktstr import KtstrError, ReadFile, ReadGlobals, Reload, RunProgram
from ktstr.base.topology import Topology
from ktstr.checks.builtin.program_runs import program_runs
from ktstr.checks.evidence import Evidence
from ktstr.checks.misuse import mistake_of_test
from ktstr.checks.violation import Finding
from ktstr.declare.scheduler import EEVDF
from ktstr.events.event import Event
from ktstr.events.report import read_report
from ktstr.scenario.model import Member, State

EVENTS: list[Event] = [
    {"ev": "phase", "name": "first"},
    {"ev": "global", "t": 5, "path": "nr", "value": 3},
    {
        "ev": "program_ran",
        "t": 6,
        "name": "ask",
        "returned": -16,
        "least": 0,
        "most": 3,
        "context": "pid=7 a.b=-1",
    },
    {"ev": "phase", "name": "second"},
    {"ev": "global", "t": 9, "path": "nr", "value": -4},
    {"ev": "program_ran", "t": 10, "name": "add", "returned": 5, "context": "2 3"},
    {"ev": "file", "t": 11, "path": "/proc/stat", "text": "cpu 1\n", "whole": 1},
]


def test_readings_know_their_step() -> None:
    report = read_report(EVENTS)
    assert [(one.phase, one.value, one.at_ns) for one in report.globals_read] == [
        ("first", 3, 5),
        ("second", -4, 9),
    ]
    assert [(one.phase, one.context) for one in report.program_runs] == [
        ("first", {"pid": 7, "a.b": -1}),
        ("second", {"0": 2, "1": 3}),
    ]
    assert [(one.text, one.whole) for one in report.files] == [("cpu 1\n", True)]


def test_a_wrong_return_value_is_a_violation_in_one_line() -> None:
    found = program_runs(Evidence(read_report(EVENTS), Topology(1, 1, 1, 1)), True)
    assert list(found) == [Finding("program ask(pid=7, a.b=-1) returned -16, not 0 to 3", 6)]


def test_an_unknown_global_is_a_mistake_that_names_what_is_near() -> None:
    events: list[Event] = [
        {"ev": "global_refused", "path": "nr_enqeued", "why": "no such global"},
        *({"ev": "global_known", "name": name} for name in ("nr_enqueued", "other")),
    ]
    assert mistake_of_test(EEVDF, read_report(events)) == (
        "ReadGlobals('nr_enqeued'): no such global; near: nr_enqueued"
    )
    events = [{"ev": "program_refused", "name": "ad", "why": "no such program; it has add"}]
    assert mistake_of_test(EEVDF, read_report(events)) == "RunProgram('ad'): no such program; it has add"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ReadGlobals(), "read_globals: paths=(): must be 1 words or more"),
        (lambda: ReadGlobals("a-b"), "read_globals: paths: 'a-b': must be a path in C"),
        (lambda: RunProgram("a b"), "run_program: program='a b': must be the name of a program"),
        (
            lambda: RunProgram("a", cast("Any", [1.5])),
            "run_program: args: 1.5: must be a whole number of 64 bits, or a worker",
        ),
        (
            lambda: RunProgram("a", {"x y": 1}),
            "run_program: args: 'x y': must be a member of the program's context",
        ),
        (
            lambda: RunProgram("a", cast("Any", 3)),
            "run_program: args=3: must be a list of numbers, or a dict of members",
        ),
        (lambda: RunProgram("a", ["work"]), "run_program: args: 'work': must be a whole number"),
        (
            lambda: RunProgram("a", expect=2**31),
            "run_program: expect=2147483648: must be a number of 32 bits",
        ),
        (
            lambda: RunProgram("a", expect=range(0)),
            "run_program: expect=range(0, 0): must be a number of 32 bits",
        ),
        (lambda: ReadFile("proc"), "read_file: path='proc': must be an absolute path in the guest"),
        (lambda: Reload(0), "reload: times=0: must be a whole number from 1 to 100000"),
    ],
)
def test_what_cannot_be_is_refused(make: Any, message: str) -> None:
    with pytest.raises(KtstrError) as caught:
        make()
    assert str(caught.value).startswith(message)


def test_a_program_needs_a_scheduler_and_the_worker_that_it_names() -> None:
    state = State(Topology(1, 1, 2, 1), frozenset({0, 1}), scheduler="-", workers=(Member(0, "work"),))
    RunProgram("ask", {"pid": "work/0"}).changes(state)
    with pytest.raises(KtstrError, match="'work/1': there is no such worker at that moment"):
        RunProgram("ask", {"pid": "work/1"}).changes(state)
    with pytest.raises(KtstrError, match="no scheduler is attached at that moment"):
        RunProgram("ask").changes(State(state.topology, state.online))
