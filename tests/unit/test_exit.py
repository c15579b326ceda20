"""How a scheduler ended, from the events of real guests (data/exits), and how a failure reports it."""

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from report_data import report

from ktstr.checks.violation import Violation
from ktstr.events.exit import SchedulerExit, Task, printed_dump, read_exit
from ktstr.events.kernel_log import KernelBug, console_messages, read_bugs
from ktstr.events.report import GuestReport, read_report
from ktstr.events.schedulers import SchedulerRun
from ktstr.report.failure import failure_text
from ktstr.report.summary import bug_summary, exit_section
from ktstr.vm.result import Ending, Event, VmResult, parse_events

DATA = Path(__file__).parent / "data" / "exits"
DONE = VmResult(Ending.DONE, "", (), "", "", (), "tcg", "virtual", "7.2.22", None, 1.0, "clone")
VIOLATION = Violation("attached", "the scheduler attached and then left")


def events(name: str) -> tuple[Event, ...]:
    return parse_events((DATA / f"{name}.jsonl").read_text())


def captured(name: str, console: str = "") -> GuestReport:
    return read_report(events(name), console)


def left(name: str) -> SchedulerExit:
    found = read_exit(events(name))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("error-7.0.13", "scx_bpf_error: exits: failed after 200 ms"),
        ("code-7.0.13", "unregistered from BPF (code 0x7): exits: done after 200 ms"),
        ("stall-7.3.4", "runnable task stall: ktstr-w1[100] failed to run for 0.572s"),
        ("printed-7.0.13", "runnable task stall: rcu_preempt[15] failed to run for 0.012s"),
        ("sysrq-7.3.4", "disabled by sysrq-S"),
        ("exit-7.3.4", "its program ended with status 7"),
        ("signal-7.0.13", "its program was killed by signal 11 (SIGSEGV)"),
        ("hoard-7.3.4", "its program was killed because the guest ran out of memory"),
    ],
)
def test_an_exit_is_described_on_one_line(name: str, line: str) -> None:
    assert left(name).line == line


def test_an_error_has_its_backtrace_and_the_kernels_dump() -> None:
    error = left("error-7.0.13")
    assert (error.kind, error.reason, error.code, error.status) == ("scx_bpf_error", "scx_bpf_error", None, 3)
    assert error.is_error
    assert error.backtrace[:2] == ("scx_exit+0x50/0x70", "scx_bpf_error_bstr+0x7a/0xa0")
    assert error.dump[0] == f"{error.trigger.comm}[{error.trigger.pid}] triggered exit kind 1025:"  # type: ignore[union-attr]
    assert error.cpu is None
    assert "CPU states" in error.dump


def test_a_stall_has_the_task_that_stalled_and_where_it_was_found() -> None:
    stall = left("stall-7.3.4")
    assert stall.task == Task("ktstr-w1", 100, 0.572)
    assert stall.trigger is not None
    assert stall.trigger.comm.startswith("kworker/")
    assert stall.cpu is not None
    assert stall.is_error


def test_a_printed_dump_replaces_a_missing_traced_one() -> None:
    """The tracepoint's dump is not truncated, and has its blank lines as separate events."""
    untraced = [event for event in events("printed-7.0.13") if event["ev"] != "sched_dump"]
    printed = read_exit(untraced)
    assert printed is not None
    assert printed.dump == left("printed-7.0.13").dump


def test_a_scheduler_that_stayed_has_no_exit() -> None:
    assert read_exit(parse_events((DATA.parent / "fixture-7.0.13.jsonl").read_text())) is None


def test_a_message_on_several_lines_is_whole() -> None:
    """/dev/kmsg escapes characters that would end its record."""
    lines = [
        event
        | (
            {"text": "sched_ext: exits: one\\x0atwo \\x5c caf\\xc3\\xa9"}
            if event["text"].startswith("sched_ext: exits: ")
            else {}
        )
        if event["ev"] == "kmsg"
        else event
        for event in events("error-7.0.13")
        if event["ev"] != "sched_log"
    ]
    found = read_exit(lines)
    assert found is not None
    assert found.message == "one\ntwo \\ café"


def test_the_schedulers_own_message_comes_before_the_kernels() -> None:
    said = [
        event | {"text": 'exit kind=1025 code=0 reason="scx_bpf_error" message="a \\"long\\" one"'}
        if event["ev"] == "sched_log" and event["text"].startswith("exit ")
        else event
        for event in events("error-7.0.13")
    ]
    found = read_exit(said)
    assert found is not None
    assert found.messages == ('a "long" one', "exits: failed after 200 ms")


def test_an_unknown_exit_is_an_error_if_the_kernel_logs_it_as_one() -> None:
    def renamed(level: int) -> SchedulerExit | None:
        return read_exit(
            [
                event | {"text": event["text"].replace("(scx_bpf_error)", "(a new reason)"), "level": level}
                if event["ev"] == "kmsg"
                else event
                for event in events("error-7.0.13")
                if event["ev"] != "sched_log"
            ]
        )

    error, other = renamed(3), renamed(6)
    assert error is not None
    assert other is not None
    assert (error.kind, error.reason, other.kind) == ("error", "a new reason", "other")


@pytest.mark.parametrize("lines", range(0, 60, 7))
def test_a_guest_that_ended_early_gives_what_it_reported(lines: int) -> None:
    read_exit(events("error-7.0.13")[:lines])


# What the kernel reports about itself


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("WARNING: kernel/sched/ext/ext.c:3 at balance_one+0x1/0x2, CPU#1: w/7", "warning"),
        ("WARNING: CPU: 0 PID: 1 at kernel/sched/ext.c:3 scx+0x1/0x2", "warning"),
        ("BUG: scheduling while atomic: w/7/0x00000002", "warning"),
        ("INFO: possible recursive locking detected", "warning"),
        ("BUG: kernel NULL pointer dereference, address: 0000000000000008", "oops"),
        ("kernel BUG at kernel/sched/ext/ext.c:3!", "oops"),
        ("Oops: invalid opcode: 0000 [#1] SMP", "oops"),
        ("watchdog: BUG: soft lockup - CPU#0 stuck for 3s! [w:7]", "lockup"),
        ("rcu: INFO: rcu_preempt self-detected stall on CPU", "stall"),
        ("INFO: task w:7 blocked for more than 120 seconds.", "stall"),
        ("Kernel panic - not syncing: sysrq triggered crash", "panic"),
        ('sched_ext: BPF scheduler "mine" disabled (runtime error)', None),
        ("sched_ext: mine: watchdog timeout 400ms <= rescue overload threshold 4096ms", None),
        ("tsc: Refined TSC clocksource calibration: 999.999 MHz", None),
    ],
)
def test_a_message_is_a_bug_of_its_kind(text: str, kind: str | None) -> None:
    assert [bug.kind for bug in read_bugs([(5, text)])] == ([kind] if kind else [])


def test_the_log_of_a_guest_that_panicked_comes_from_its_console() -> None:
    console = gzip.decompress((DATA / "panic-7.0.13.console.gz").read_bytes()).decode()
    guest = captured("panic-7.0.13", console)
    assert [bug.kind for bug in guest.kernel_bugs] == ["panic"]
    # Too minor for the console, but the panic repeats it there.
    assert guest.kernel_log[-1].endswith("Kernel Offset: disabled")
    assert any(line.endswith('sched_ext: BPF scheduler "fixture" enabled') for line in guest.kernel_log)
    assert not any("Linux version" in line for line in guest.kernel_log)
    assert len(set(guest.kernel_log)) == len(guest.kernel_log)


def test_a_console_is_read_with_and_without_callers() -> None:
    console = "[    1.000002] b\r\nno time\n[    1.000001][    T1] a\n[   12.000000] c"
    assert console_messages(console, 1_000_002_000) == [(1_000_002_000, "b"), (12_000_000_000, "c")]


# The text of a failure


def summary(guest: GuestReport, *violations: Violation, **result: Any) -> str:
    return bug_summary("mine", violations or (VIOLATION,), guest, replace(DONE, **result))


OOPS = KernelBug("oops", "kernel BUG at kernel/sched/ext/ext.c:3!", 5)
LOCKUP = KernelBug("lockup", "watchdog: BUG: soft lockup - CPU#0 stuck for 3s! [w:7]", 5)
STALL = SchedulerExit("stall", "runnable task stall", "w[7] failed to run for 5.120s", cpu=3)


def test_the_most_serious_comes_first() -> None:
    guest = report(kernel_bugs=(LOCKUP, OOPS), scheduler_exit=STALL)
    panicked = {"ending": Ending.PANIC, "why": "the guest's kernel panicked: Fatal exception"}
    assert summary(guest, **panicked) == (
        "kernel panic under mine: the guest's kernel panicked: Fatal exception"
    )
    assert summary(guest) == "the kernel oopsed under mine: kernel BUG at kernel/sched/ext/ext.c:3!"
    assert summary(replace(guest, kernel_bugs=(LOCKUP,))) == (
        "mine was ejected by the kernel on CPU 3: runnable task stall: w[7] failed to run for 5.120s"
    )
    assert summary(report(kernel_bugs=(LOCKUP,)), Violation("not_stuck", "worker cg/0 did no work")) == (
        "mine: worker cg/0 did no work"
    )
    assert summary(report(kernel_bugs=(LOCKUP,)), Violation("kernel_clean", "...")) == (
        "the kernel reported a bug under mine (lockup): watchdog: BUG: soft lockup - CPU#0 stuck for 3s! [w:7]"
    )


def test_an_unexpected_error_is_reported_as_such() -> None:
    wrong = Violation("expected_error", "another error fired than expected: expected x, got y")
    assert summary(report(scheduler_exit=STALL), wrong) == f"mine: {wrong.message}"


def test_of_several_schedulers_the_one_that_left_is_named() -> None:
    first = SchedulerRun("", "mine", 1, 2, 3, True, (), None, None, True, (), ())
    other = replace(first, name="other", exit=STALL, asked=False, told_to_end=False)
    guest = report(scheduler_exit=STALL, schedulers=(first, other))
    assert summary(guest).startswith("other was ejected by the kernel on CPU 3: runnable task stall")
    assert summary(replace(guest, schedulers=(first, replace(other, name="")))).startswith("mine was ejected")


def test_a_program_that_ended_left() -> None:
    assert summary(report(scheduler_exit=SchedulerExit("program_exited", status=3))) == (
        "mine left: its program ended with status 3"
    )


def test_an_exit_is_a_section_of_its_fields() -> None:
    stall = left("stall-7.3.4")
    lines = exit_section(stall)
    assert lines[:5] == [
        "kind       stall: runnable task stall",
        "message    ktstr-w1[100] failed to run for 0.572s",
        "task       ktstr-w1[100] did not run for 0.572 s",
        f"triggered  in {stall.trigger.comm}[{stall.trigger.pid}] on CPU {stall.cpu}",  # type: ignore[union-attr]
        "program    ended with status 3",
    ]
    assert lines[5] == f"backtrace  {stall.backtrace[0]}"
    assert lines[6] == f"           {stall.backtrace[1]}"


def text(guest: GuestReport, console: str = "") -> list[str]:
    return failure_text("header", [VIOLATION], guest, console, summary="what it was").splitlines()


def sections(lines: list[str]) -> list[str]:
    return [line.strip("- ") for line in lines if line.startswith("--- ")]


@pytest.mark.parametrize(
    ("guest", "ending", "missing"),
    [
        (report(), Ending.DONE, None),
        (
            report(workers=()),
            Ending.PANIC,
            "the guest ended before it could report the workers' statistics, the scheduler's maps and sched_ext's debug"
            " dump; its log is what its kernel repeated on the console as it panicked",
        ),
        (
            report(workers=(), states=()),
            Ending.HANG,
            "the guest ended before it could report the workers' statistics; its log is what was on the console,"
            " which has errors only",
        ),
        (report(states=()), Ending.TIMEOUT, "its log is what was on the console, which has errors only"),
    ],
)
def test_a_failure_says_what_the_guest_could_not_report(
    guest: GuestReport, ending: Ending, missing: str | None
) -> None:
    lines = failure_text("header", [VIOLATION], guest, "", ending=ending).splitlines()
    missed = [line for line in lines if line.startswith("  untold: ")]
    assert missed == ([f"  untold: {missing}"] if missing else [])


def test_a_failure_begins_with_its_cause_and_has_a_section_for_each_source() -> None:
    lines = text(captured("printed-7.0.13"))
    assert lines[:3] == ["BUG SUMMARY: what it was", "header", f"  attached: {VIOLATION.message}"]
    assert sections(lines) == ["scheduler exit", "scheduler log", "kernel log", "sched_ext dump"]


def test_a_dump_is_shown_once() -> None:
    guest = captured("printed-7.0.13")
    assert len(printed_dump(guest.log)) > 50
    log = text(guest)
    assert log.count("CPU states") == 1
    assert "[the debug dump: see below]" in log


def test_a_kernel_bug_is_shown_completely_and_once() -> None:
    console = gzip.decompress((DATA / "panic-7.0.13.console.gz").read_bytes()).decode()
    lines = text(captured("panic-7.0.13", console), console)
    assert sections(lines) == ["kernel bug", "kernel log"]
    bug = lines[lines.index("--- kernel bug ---") + 1 :]
    assert bug[0].endswith("Kernel panic - not syncing: sysrq triggered crash")
    assert sum("Kernel panic" in line for line in lines) == 1
    assert "[the bug: see above]" in lines


def test_a_sidecar_has_the_exit_as_plain_data() -> None:
    data = json.loads(json.dumps(captured("stall-7.3.4").as_json()))
    assert data["scheduler_exit"]["task"] == {"comm": "ktstr-w1", "pid": 100, "stalled_s": 0.572}
    assert data["scheduler_exit"]["kind"] == "stall"
