"""How a cell is judged: each check fails for its own reason, and only then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from run_data import a_run
from verifier_data import LEFT, STATE, a_cell, a_scheduler, a_vm_result, healthy_events

from ktstr.checks.evidence import Evidence, evidence_of
from ktstr.run.execute import judged as judged_as_a_test
from ktstr.verifier.cell import Cell
from ktstr.verifier.judge import findings, limit_of, programs_of
from ktstr.vm.result import Ending, Event, VmResult

Change = Callable[[Event], Event | None]


def changed(kind: str, change: Change, when: str = "") -> list[Event]:
    """The healthy events, those of a kind (and moment) changed, or dropped where the change says None."""
    out = []
    for event in healthy_events():
        hit = event["ev"] == kind and (not when or event["when"] == when)
        new = change(event) if hit else event
        if new is not None:
            out.append(new)
    return out


def left(result: VmResult) -> Evidence:
    return evidence_of(result, a_cell().topology)


def judged(events: list[Event], cell: Cell | None = None, max_insns: int | None = None) -> list[str]:
    result = a_vm_result(events)
    found = findings(cell or a_cell(), left(result), result, max_insns)
    return [f"{finding.check}: {finding.message}" for finding in found]


def test_a_healthy_cell_has_no_finding() -> None:
    assert judged(healthy_events()) == []


def test_programs_are_reported_with_the_memory_of_their_own_maps() -> None:
    (program,), map_bytes = programs_of(a_vm_result(healthy_events()))
    assert (program.name, program.type, program.verified_insns) == ("mine_enqueue", "struct_ops", 48)
    assert program.map_bytes == map_bytes == 8592


def refused(*log: str) -> list[Event]:
    return [
        *({"ev": "sched_log", "text": text} for text in log),
        {"ev": "sched_exit", "status": 1},
        {"ev": "sched_state", "when": "attached", **LEFT},
    ]


def test_a_refused_program_fails_load() -> None:
    log = (
        "--- verifier log of mine_enqueue ---",
        "0: R1=ctx() R10=fp0",
        "R0 invalid mem access 'scalar'",
        "processed 7 insns (limit 1000000)",
        "--- end of the verifier log ---",
    )
    assert judged(refused(*log)) == ["load: mine_enqueue: R0 invalid mem access 'scalar'"]


def test_giving_up_before_anything_is_attached_fails_load() -> None:
    assert judged(refused("sched_ext_ops_cid.dump() missing, kernel too old?")) == [
        "load: its program ended (status 1) before anything was attached:"
        " sched_ext_ops_cid.dump() missing, kernel too old?"
    ]


def test_an_init_that_fails_fails_attach() -> None:
    log = 'exit kind=1024 code=-7 reason="runtime error" message="ops.init() failed (-7)"'
    kernel = {"ev": "kmsg", "level": 3, "at_ns": 1, "text": "sched_ext: mine: ops.init() failed (-7)"}
    (found,) = judged([*refused(log), kernel])
    assert found == f"attach: its program ended (status 1) before it was attached: {log}"


def test_a_state_that_is_never_enabled_fails_attach() -> None:
    state = {**LEFT, "state": "enabling", "running": 1}
    (found,) = judged([{"ev": "sched_state", "when": "attached", **state}])
    assert found.startswith("attach: not attached after 30 guest seconds (sched_ext state: enabling)")


def test_workers_that_never_run_fail_schedule() -> None:
    """Of eight workers the first four are kept on their CPUs."""
    events = changed(
        "worker", lambda event: {**event, "iterations": 0} if event["index"] in (2, 3, 6) else event
    )
    assert judged(events) == [
        "schedule: 3 of 8 workers never ran in 0.2 guest seconds; CPUs with a worker of their own that never ran: 2-3"
    ]


def test_workers_of_another_class_fail_schedule() -> None:
    assert judged(changed("worker", lambda event: {**event, "ext": 0})) == [
        "schedule: 8 of 8 workers are not in the ext class"
    ]


def test_a_partial_switch_says_so() -> None:
    events = changed("sched_state", lambda event: {**event, "switch_all": "0"}, "held")
    assert judged(events) == ["stay: switched only tasks of policy SCHED_EXT (switch_all is 0)"]
    events = [{**event, "ext": 0} if event["ev"] == "worker" else event for event in events]
    assert judged(events) == [
        "schedule: 8 of 8 workers are not in the ext class:"
        " it switched only tasks of policy SCHED_EXT (switch_all is 0)"
    ]


def test_being_ejected_fails_stay_whatever_workers_did() -> None:
    events = changed("sched_state", lambda event: {**event, **LEFT}, "held")
    events = [{**event, "iterations": 0} if event["ev"] == "worker" else event for event in events]
    assert [found.partition(":")[0] for found in judged(events)] == ["stay"]
    assert "was ejected (sched_ext state: disabled)" in judged(events)[0]


def test_coming_back_fails_stay_although_it_is_enabled() -> None:
    events = changed("sched_state", lambda event: {**event, "enable_seq": "2"}, "held")
    (found,) = judged(events)
    assert found.startswith("stay: was ejected and came back (1 times attached again)")


def test_rejected_tasks_fail_stay() -> None:
    events = changed("sched_state", lambda event: {**event, "nr_rejected": "3"}, "held")
    assert judged(events) == ["stay: rejected 3 tasks (nr_rejected)"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({**STATE, "when": "default"}, "still there when stopped (sched_ext state: enabled)"),
        ({**LEFT, "running": 1}, "its program could not be ended"),
    ],
)
def test_not_leaving_fails_leave(change: Event, words: str) -> None:
    assert judged(changed("sched_state", lambda event: {**event, **change}, "default")) == [f"leave: {words}"]


def test_having_to_be_killed_fails_leave() -> None:
    events = changed("sched_exit", lambda event: {"ev": "sched_exit", "signal": 9})
    assert judged(events) == ["leave: its program did not end on SIGINT or SIGTERM and was killed"]


@pytest.mark.parametrize(
    "text",
    [
        "WARNING: CPU: 1 PID: 81 at kernel/sched/ext.c:1234 mine_enqueue+0x1/0x2",
        "BUG: kernel NULL pointer dereference, address: 0000000000000000",
        "rcu: INFO: rcu_sched self-detected stall on CPU",
        "watchdog: BUG: soft lockup - CPU#0 stuck for 22s!",
        "INFO: task ktstr-w1:93 blocked for more than 120 seconds.",
    ],
)
def test_a_kernel_warning_is_reported_beside_what_passed(text: str) -> None:
    event = {"ev": "kmsg", "level": 4, "at_ns": 1, "text": text}
    assert judged([*healthy_events(), event, event]) == [f"kernel: the kernel warned: {text} (and 1 more)"]


def test_a_guest_that_did_not_end_well_fails_guest() -> None:
    result = a_vm_result(healthy_events(), Ending.PANIC, "the guest's kernel panicked: Fatal exception")
    (found,) = findings(a_cell(), left(result), result, None)
    assert (found.check, found.message) == (
        "guest",
        "kernel panic: the guest's kernel panicked: Fatal exception",
    )


CONSOLE = """[    2.000000] loading
[    3.000000] BUG: kernel NULL pointer dereference, address: 0000000000000008
[    3.100000] Kernel panic - not syncing: Fatal exception
"""


def test_a_panic_is_judged_by_the_console_as_it_is_for_a_test(tmp_path: Path) -> None:
    """The guest itself did not report its kernel's log: the console is all there is."""
    events = ({"ev": "begin", "t": 1}, {"ev": "sched_state", "when": "attached", **STATE})
    result = replace(
        a_vm_result(list(events), Ending.PANIC, "the guest's kernel panicked: Fatal exception"),
        console=CONSOLE,
    )
    assert len(left(result).report.kernel_log) == 3
    found = findings(a_cell(), left(result), result, None)
    assert [f"{one.check}: {one.message}" for one in found] == [
        "guest: kernel panic: the guest's kernel panicked: Fatal exception",
        "kernel: the kernel warned: BUG: kernel NULL pointer dereference, address: 0000000000000008",
    ]
    (as_a_test,) = judged_as_a_test(a_run(tmp_path), result).violations
    assert (found[0].check, found[0].message) == (as_a_test.check, as_a_test.message)


def test_the_most_specific_limit_counts() -> None:
    mine = a_scheduler(max_insns={"*": 100, "mine_init": 5000})
    assert [limit_of(mine, name, 40) for name in ("mine_init", "mine_enqueue")] == [5000, 100]
    assert limit_of(a_scheduler(), "mine_init", 40) == 40
    assert limit_of(a_scheduler(), "mine_init", None) is None


def test_a_program_past_its_limit_fails_max_insns() -> None:
    assert judged(healthy_events(), max_insns=48) == []
    assert judged(healthy_events(), max_insns=47) == [
        "max_insns: mine_enqueue: 48 instructions verified, limit 47"
    ]


def test_a_limit_for_a_missing_program_is_reported() -> None:
    cell = a_cell(scheduler="x")
    typo = Cell(a_scheduler(max_insns={"mine_enqueu": 100}), *list(vars(cell).values())[1:5])
    assert judged(healthy_events(), typo) == [
        "max_insns: declared for mine_enqueu, which is not loaded; there are mine_enqueue"
    ]


def test_an_object_is_judged_only_by_its_programs() -> None:
    cell = a_cell(object=Path("some.bpf.o"))
    program = next(event for event in healthy_events() if event["ev"] == "program")
    assert judged([{"ev": "sched_exit", "status": 0}, program], cell) == []
    assert judged(
        [{"ev": "sched_log", "text": "loader: x.bpf.o: not a BPF object"}, {"ev": "sched_exit", "status": 2}],
        cell,
    ) == ["load: not loaded (status 2): loader: x.bpf.o: not a BPF object"]
