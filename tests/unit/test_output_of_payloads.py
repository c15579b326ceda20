"""What becomes of a payload's events: the run, its checks, its part of a failure; and the agent's bounds on output."""

from __future__ import annotations

import subprocess
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from native_agent import build_native
from report_data import report

from ktstr import Evidence, Metric, Payload, RunReport, Topology
from ktstr.checks.judge import judge
from ktstr.checks.thresholds import Checks
from ktstr.events.metrics import read_metrics
from ktstr.events.payload import PayloadRun, read_payloads
from ktstr.events.phase import Phase
from ktstr.report.payloads import metric_table, output_lines, payload_table
from ktstr.vm.result import Event, parse_events

MS = 1_000_000
BEGAN: Event = {"ev": "payload", "t": 9, "name": "p", "cgroup": "a", "began_ns": 5 * MS, "cpu_ns": 3 * MS}
RUNS: Event = {**BEGAN, "tasks": 4, "runnable": 2}
ENDED: Event = {**RUNS, "ended_ns": 25 * MS, "status": 0, "how": "exited", "left": 0, "stdout_bytes": 9}


def said(stream: str, text: str, **more: Any) -> Event:
    return {"ev": "payload_output", "name": "p", "stream": stream, "text": text, **more}


def test_its_output_is_put_together() -> None:
    events = [ENDED, said("stdout", "one\n"), said("stderr", "oh"), said("stdout", "last\n", lost=12)]
    (run,) = read_payloads(events)
    assert run.stdout == "one\n\n(ktstr: 12 bytes are left out)\nlast\n"
    assert (run.stderr, run.took_ns, run.stdout_bytes) == ("oh", 20 * MS, 9)


def test_what_is_reported_twice_in_a_phase_is_one() -> None:
    (run,) = read_payloads([RUNS, ENDED, said("stdout", "x")])
    assert (run.how, run.cpu_ns, run.stdout) == ("exited", 6 * MS, "x")


def test_output_of_nothing_is_passed_over() -> None:
    assert read_payloads([said("stdout", "x")]) == ()


def run(**changes: Any) -> PayloadRun:
    fields: dict[str, Any] = {"ended_ns": 250 * MS, "status": 0, "how": "exited", **changes}
    return PayloadRun("p", "", 0, 100 * MS, **fields)


def judged(one: PayloadRun, *metrics: Metric, kernel_log: tuple[str, ...] = (), **declared: Any) -> list[str]:
    """The violations of a run in which this payload ran."""
    payload = Payload("p", binary="p", metrics=metrics, **declared)
    phase = Phase("s", 0, 500 * MS, 500 * MS, (), (), payloads=(one,))
    evidence = Evidence(
        report(phases=(phase,), workers=(), kernel_log=kernel_log),
        Topology(1, 1, 2, 1),
        sched_ext=False,
        payloads={"p": payload},
        metrics=read_metrics([phase], {"p": payload}),
    )
    return [f"{one.check}: {one.line}" for one in judge(evidence, Checks())]


TIME = Metric("time", pattern=r"^Time: (?P<value>[\d.]+)$", unit="s", most=2)


@pytest.mark.parametrize(
    ("one", "declared", "found"),
    [
        (run(), {}, []),
        (run(status=3), {"expect_status": 3}, []),
        (run(status=3), {"expect_status": None}, []),
        (run(how="told", status=1), {}, []),
        (run(how="told", status=None, signal=15), {}, []),
        (
            run(status=3, stderr="\033[31mbad\n\n"),
            {},
            [
                "payloads: payload p ended with status 3, expected 0 after 0.25 guest seconds: '\\x1b[31mbad'"
                " (in step s, at 0.250 s)"
            ],
        ),
        (
            run(status=None, signal=9, stdout="half\n"),
            {"expect_status": None},
            [
                "payloads: payload p was killed by signal 9 (SIGKILL) after 0.25 guest seconds: half"
                " (in step s, at 0.250 s)"
            ],
        ),
        (
            run(status=None, signal=9, how="timeout"),
            {},
            ["payloads: payload p did not end in 0.25 guest seconds, and was killed (in step s, at 0.250 s)"],
        ),
        (
            PayloadRun("p", "", 0, 0, tasks=3, runnable=2),
            {},
            [
                "payloads: payload p did not run in 0.50 guest seconds: starved (2 of its 3 tasks wanted to)"
                " (in step s, at 0.500 s)"
            ],
        ),
        (PayloadRun("p", "", 0, 0, tasks=3, runnable=0), {}, []),
    ],
)
def test_the_check_of_ends(one: PayloadRun, declared: dict[str, Any], found: list[str]) -> None:
    assert judged(one, **declared) == found


def test_a_kill_for_want_of_memory_says_what_to_do() -> None:
    log = ("[    1.000000] Out of memory: Killed process 77 (p) total-vm:9kB",)
    (line,) = judged(run(status=None, signal=9), kernel_log=log)
    assert "; the kernel was out of memory, memory_mb= gives the guest more" in line


@pytest.mark.parametrize(
    ("one", "metric", "found"),
    [
        (run(stdout="Time: 1.5\n"), TIME, []),
        (
            run(stdout="Time: 2.5\n"),
            TIME,
            ["metrics: payload p: time is 2.5 s, limit: at most 2 (in step s, at 0.500 s)"],
        ),
        (
            run(stdout="[1]"),
            Metric("n", json="*", least=2),
            ["metrics: payload p: n is 1, limit: at least 2 (in step s, at 0.500 s)"],
        ),
        (run(stdout="x"), Metric("n", json="a", required=False), []),
        (
            run(stdout="x"),
            Metric("n", json="a"),
            ["metrics: payload p: n: stdout has no JSON (in step s, at 0.500 s)"],
        ),
        (run(stdout="x", how="told"), Metric("n", json="a"), []),
        (
            run(stdout="x", how="told"),
            Metric("n", json="a", most=1),
            ["metrics: payload p: n: stdout has no JSON (in step s, at 0.500 s)"],
        ),
    ],
)
def test_the_check_of_metrics(one: PayloadRun, metric: Metric, found: list[str]) -> None:
    assert judged(one, metric) == found


def test_a_failure_shows_ends_numbers_and_the_last_lines() -> None:
    several = [
        run(stdout="\n".join(f"line {i}" for i in range(30)) + "\n\033[31mred\033[0m\0\n", stdout_bytes=270)
    ]
    assert payload_table(several) == [
        "payload  cgroup  took ms  CPU ms  end",
        "p        -         250.0   100.0  ended with status 0",
    ]
    shown = output_lines(several)
    assert shown[0] == "p, stdout, 270 bytes:"
    assert (shown[1], shown[-1], len(shown)) == ("  line 11", "  red\ufffd", 21)
    phase = Phase("", 0, 1, 1, (), (), payloads=tuple(several))
    payload = Payload(
        "p", binary="p", metrics=(TIME, Metric("n", pattern=r"line (?P<value>\d+)", better="lower"))
    )
    assert metric_table(read_metrics([phase], {"p": payload})) == [
        "payload  metric  value  unit  better",
        "p        time     none  s             no line of stdout matches '^Time: (?P<value>[\\\\d.]+)$'",
        "p        n           0        lower",
    ]
    assert payload_table([]) == metric_table([]) == output_lines([]) == []


def test_a_report_finds_payloads_and_numbers_by_name() -> None:
    phase = Phase("", 0, 1, 1, (), (), payloads=(run(stdout="Time: 1.5\n"),))
    payload = Payload("p", binary="p", metrics=(TIME,))
    metrics = read_metrics([phase], {"p": payload})
    found = RunReport((), report(phases=(phase,)), None, metrics)  # type: ignore[arg-type]
    assert found.payload("p").stdout == "Time: 1.5\n"
    assert found.metric("time") == found.metric("time", "p") == 1.5
    with pytest.raises(Exception, match=r"^report\.payload\('q'\): there is no such payload; there are p$"):
        found.payload("q")
    with pytest.raises(Exception, match=r"^report\.metric\('x'\): there is no such metric; there are time$"):
        found.metric("x")


# The agent's output.c


@pytest.fixture(scope="module")
def keeper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Reads a payload's output from its standard input as the agent does, and reports it."""
    return build_native(tmp_path_factory.mktemp("output"), "payload_output", "output", "emit", "clock")


def kept(keeper: Path, data: bytes, times: int = 1) -> list[str]:
    """What is reported of `data`, of each of so many payloads."""
    done = subprocess.run([keeper, str(times)], input=data, capture_output=True, check=True)
    texts: dict[str, list[Event]] = defaultdict(list)
    for event in parse_events(done.stdout.decode()):
        texts[event["name"]].append(event)
    return [
        "".join((f"<{event['lost']}>" if "lost" in event else "") + event["text"] for event in some)
        for some in texts.values()
    ]


def test_output_is_reported_as_it_is(keeper: Path) -> None:
    text = "".join(f"line {i} \N{GREEK SMALL LETTER ALPHA}\n" for i in range(3000))
    assert kept(keeper, text.encode()) == [text]
    long = "\N{GREEK SMALL LETTER ALPHA}\N{EURO SIGN}" * 5000
    assert kept(keeper, long.encode()) == [long]
    assert kept(keeper, b"") == []


def test_of_much_output_begin_and_end_are_reported(keeper: Path) -> None:
    data = b"".join(b"%09d\n" % i for i in range(100_000))
    head, tail = data[: 192 * 1024].decode(), data[-64 * 1024 :].decode()
    assert kept(keeper, data) == [f"{head}<{len(data) - 256 * 1024}>{tail}"]


def test_all_payloads_together_report_a_bounded_amount(keeper: Path) -> None:
    found = kept(keeper, b"\0\x1b\xff" * 90_000, times=40)
    assert sum(text.count("\0") for text in found) <= 4 * 2**20 / 3
    assert all("<" in text for text in found)
    assert len(found) == 40
