"""docs/payloads.md: its example can be declared, and its tables have what there is."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from ktstr import KtstrError, Metric, payloads
from ktstr.declare import scheduler
from ktstr.declare.test import record_of
from ktstr.run.payload_program import payload_program

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "payloads.md").read_text()


def column(head: str) -> set[str]:
    """The words in the first column of the table with that head."""
    rows = PAGE.partition(f"| {head} |")[2].partition("\n\n")[0].splitlines()[2:]
    return {name for row in rows for name in re.findall(r"`(\w+)", row.split("|")[1])}


def test_the_example_can_be_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "_registry", {})
    (block,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    defined: dict[str, Any] = {"__name__": "example"}
    exec(compile(block, str(DOCS / "example.py"), "exec"), defined)
    assert defined["SERVER"].binary_path == DOCS / "build" / "server"
    assert record_of(defined["hackbench_is_fast"]) is not None


def test_a_missing_program_is_told_as_the_page_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("ktstr.run.payload_program._SYSTEM_FOLDERS", "")
    with pytest.raises(KtstrError) as error:
        payload_program(payloads.hackbench())
    assert f"    {error.value}\n" in PAGE


def test_the_page_has_every_field_of_a_metric() -> None:
    assert {field.name for field in fields(Metric)} - {"name"} == column("`Metric`")


def test_the_page_has_every_ready_payload_with_its_arguments() -> None:
    rows = PAGE.partition("## Ready payloads")[2]
    for name in payloads.__all__:
        row = next(line for line in rows.splitlines() if f"`payloads.{name}(" in line)
        for argument, parameter in inspect.signature(getattr(payloads, name)).parameters.items():
            if argument in ("args", "name") or parameter.kind is inspect.Parameter.VAR_POSITIONAL:
                continue
            shown = parameter.default if argument != "test" else "cpu"
            assert f'"{shown}"' in row if argument == "test" else f"{argument}={shown}" in row, (
                name,
                argument,
            )


def test_the_page_has_both_checks() -> None:
    assert column("check") == {"payloads", "metrics"}
