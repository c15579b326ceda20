"""`ctx.record`: numbers of one's own, kept with the run that they are of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from run_data import a_test
from vm_stand_in import a_job

from ktstr import Ctx, KtstrError
from ktstr.run.own_metric import add_own_metric


def a_run() -> dict[str, Any]:
    return {"job": {}, "verdict": {}}


def refusal(runs: list[dict[str, object]], name: Any, value: Any, **more: Any) -> str:
    with pytest.raises(KtstrError) as error:
        add_own_metric(runs, name, value, more.get("unit", ""), more.get("better", ""))
    return str(error.value)


def test_a_number_is_kept_with_the_last_run() -> None:
    runs = [a_run(), a_run()]
    add_own_metric(runs, "frames", 3, "1/s", "higher")
    add_own_metric(runs, "late", 0.5, "", "")
    assert "recorded" not in runs[0]
    assert runs[1]["recorded"] == [
        {"name": "frames", "value": 3.0, "unit": "1/s", "better": "higher"},
        {"name": "late", "value": 0.5, "unit": "", "better": ""},
    ]


def test_a_context_records_for_its_runs(tmp_path: Path) -> None:
    ctx = Ctx(a_test(), a_job(tmp_path).kernel, "virtual", seed=1, artifacts=tmp_path / "run")
    ctx.runs.append(a_run())
    ctx.record("frames", 3, unit="1/s", better="higher")
    assert ctx.runs[0]["recorded"] == [{"name": "frames", "value": 3.0, "unit": "1/s", "better": "higher"}]


def test_before_the_first_run_there_is_nothing_to_record_for() -> None:
    assert refusal([], "frames", 3) == (
        "ctx.record('frames'): must come after ctx.run, because a number is recorded with the last run"
    )


def test_a_run_has_a_number_once() -> None:
    runs: list[dict[str, object]] = [a_run()]
    add_own_metric(runs, "frames", 3, "", "")
    assert refusal(runs, "frames", 4) == (
        "ctx.record('frames'): is recorded already for run 1; give it another name"
    )


@pytest.mark.parametrize("value", [True, "3", None, float("nan"), float("inf")])
def test_only_finite_numbers_are_recorded(value: object) -> None:
    assert refusal([a_run()], "frames", value) == (
        f"ctx.record('frames'): value={value!r}: must be a finite number"
    )


def test_names_and_units_are_those_of_metrics() -> None:
    assert refusal([a_run()], "two words", 1).startswith("ctx.record: metric 'two words': name: must be 1 to")
    assert refusal([a_run()], "frames", 1, unit="µs").startswith("ctx.record: metric frames: unit=")
    assert refusal([a_run()], "frames", 1, better="more").startswith("ctx.record: metric frames: better=")
