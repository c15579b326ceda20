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
