"""The sidecar's JSON Schema: published as generated, and true of what is written."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from report_case import KERNEL, VERSIONS, a_case

from ktstr.base.topology import Topology
from ktstr.events.report import read_report
from ktstr.report.run_record import run_record
from ktstr.report.schema import SCHEMA, ProgramRecord, RunRecord, json_schema
from ktstr.report.sidecar import sidecar, write_json
from ktstr.run.replay import read_sidecar
from ktstr.verifier.cell import Program
from ktstr.vm.job import VmJob
from ktstr.vm.result import Ending, VmResult, parse_events

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "docs" / "sidecar.schema.json"
DATA = Path(__file__).parent / "data"
JOB = VmJob(KERNEL, Topology(), 256, (), (), "hold 1\n", "virtual", 1)


def violations(*files: Path) -> str:
    """What check-jsonschema reports of these documents; empty: nothing."""
    command = [sys.executable, "-m", "check_jsonschema", "--schemafile", str(PUBLISHED), *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def a_run(recorded: Path) -> RunRecord:
    """A run with recorded events."""
    events = parse_events(recorded.read_text())
    result = VmResult(
        Ending.DONE, "", events, "", "", (), "tcg", "virtual", "7.2.22", 100_000, 1.5, "clone", "key"
    )
    return run_record(JOB, result, read_report(events), (), "summary")


def test_the_published_schema_is_the_generated_one() -> None:
    generated = json.dumps(json_schema(), indent=2) + "\n"
    assert PUBLISHED.read_text() == generated, "run: nox -s reference"


def test_the_schema_names_its_version_and_describes_every_field_of_its_own() -> None:
    document = json_schema()
    assert document["$id"] == f"urn:ktstr:sidecar:{SCHEMA}"
    own = (
        "Sidecar",
        "RunRecord",
        "JobRecord",
        "ResultRecord",
        "VerdictRecord",
        "ReproRecord",
        "ProgramRecord",
    )
    for name in own:
        for field, about in document["$defs"][name]["properties"].items():
            assert field == "guest" or about.get("description"), (name, field)


def test_the_schema_can_be_printed_where_ktstr_is_installed() -> None:
    command = [sys.executable, "-m", "ktstr.report.schema"]
    assert (
        subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout
        == PUBLISHED.read_text()
    )


def test_sidecars_of_recorded_runs_are_valid(tmp_path: Path) -> None:
    files = []
    for number, recorded in enumerate([*DATA.glob("*.jsonl"), *sorted((DATA / "exits").glob("*.jsonl"))]):
        again: RunRecord = {**a_run(recorded), "dump": "a.run-1.dump.json", "repro": None}
        run: RunRecord = {
            **again,
            "repro": {"more": "dump", "outcome": "same", "told": "the same exit", "run": again},
        }
        files.append(tmp_path / f"{number}.json")
        write_json(files[-1], sidecar(a_case(runs=(run,)), VERSIONS))
    files.append(tmp_path / "skipped.json")
    skipped = a_case(
        outcome="skipped", message="no", runs=(), clock="", accelerator="", emulator="", clock_reason=""
    )
    write_json(files[-1], sidecar(skipped, VERSIONS))
    assert len(files) > 8
    assert violations(*files) == ""


def test_sidecars_of_earlier_versions_are_valid_and_can_be_replayed() -> None:
    recorded = sorted((DATA / "sidecars").glob("*.json"))
    assert recorded
    assert violations(*recorded) == ""
    for path in recorded:
        assert read_sidecar(path).nodeid.endswith("::eevdf_steady[7.3.4]")


def test_a_program_of_a_sweep_has_the_fields_of_its_record() -> None:
    assert [field.name for field in fields(Program)] == list(ProgramRecord.__annotations__)


@pytest.mark.parametrize(
    ("field", "value"), [("schema", 2), ("seed", "1"), ("outcome", "broken"), ("clock", 3), ("runs", None)]
)
def test_anything_but_a_sidecar_is_invalid(tmp_path: Path, field: str, value: object) -> None:
    document: dict[str, Any] = {**sidecar(a_case(runs=()), VERSIONS), field: value}
    write_json(tmp_path / "bad.json", document)
    assert f"$.{field}" in violations(tmp_path / "bad.json")
