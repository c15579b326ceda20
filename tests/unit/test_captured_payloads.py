"""The ready payloads read what programs of distributions really printed in a guest: tests/unit/data/payloads."""

from __future__ import annotations

from pathlib import Path

import pytest

from ktstr import Payload, payloads
from ktstr.events.metrics import read_metrics
from ktstr.events.report import read_report
from ktstr.vm.result import parse_events

CAPTURED = Path(__file__).with_name("data") / "payloads"


def numbers(file: str, *several: Payload) -> dict[str, float | None]:
    """The metrics of `several` in a captured stream."""
    report = read_report(parse_events((CAPTURED / f"{file}.jsonl").read_text()))
    assert {one.name for one in report.payloads} == {one.name for one in several}
    assert all((one.how, one.status, one.left) == ("exited", 0, 0) for one in report.payloads)
    found = read_metrics(report.phases, {one.name: one for one in several})
    return {f"{one.payload}.{one.name}": one.value for one in found}


@pytest.mark.parametrize(
    ("file", "values"),
    [("rt-tests-7.0.13", (0.225, 12, 103.5, 6998)), ("rt-tests-7.3.4", (0.259, 22, 43, 523))],
)
def test_hackbench_and_cyclictest(file: str, values: tuple[float, ...]) -> None:
    names = ("hackbench.time", "cyclictest.min", "cyclictest.avg", "cyclictest.max")
    found = numbers(file, payloads.hackbench(), payloads.cyclictest())
    assert found == dict(zip(names, values, strict=True))


def test_stress_ng_and_sysbench() -> None:
    tests = [payloads.sysbench(test, name=f"sysbench-{test}") for test in ("cpu", "threads", "mutex")]
    found = numbers("loads-7.0.13", payloads.stress_ng("cpu", "switch", "pipe", "futex", "mutex"), *tests)
    stressors = {name: value for name, value in found.items() if name.startswith("stress-ng")}
    assert stressors == {
        "stress-ng.cpu.ops": 51,
        "stress-ng.cpu.rate": 51,
        "stress-ng.cpu.cpu_rate": 53.43,
        "stress-ng.switch.ops": 50,
        "stress-ng.switch.rate": 838.62,
        "stress-ng.switch.cpu_rate": 1679.66,
        "stress-ng.pipe.ops": 50,
        "stress-ng.pipe.rate": 1262.64,
        "stress-ng.pipe.cpu_rate": 2179.31,
        "stress-ng.futex.ops": 50,
        "stress-ng.futex.rate": 823.66,
        "stress-ng.futex.cpu_rate": 806.91,
        "stress-ng.mutex.ops": 51,
        "stress-ng.mutex.rate": 3032.41,
        "stress-ng.mutex.cpu_rate": 5189.78,
    }
    assert {name: value for name, value in found.items() if name.startswith("sysbench-threads")} == {
        "sysbench-threads.time": 0.0159,
        "sysbench-threads.events": 20,
        "sysbench-threads.latency_avg": 1.37,
        "sysbench-threads.latency_p95": 1.73,
        "sysbench-threads.latency_max": 1.8,
    }
    assert (found["sysbench-cpu.time"], found["sysbench-mutex.time"]) == (0.0205, 0.0011)
