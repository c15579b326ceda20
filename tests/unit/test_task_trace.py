"""`ktstr trace`: what it runs, prints and returns."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from invoke import Context, Exit
from test_replay import a_run, a_sidecar

from ktstr import KtstrError
from ktstr.tasks import again as running
from ktstr.tasks.trace import trace


@pytest.fixture
def again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The second run: its sidecar's `runs` and pytest's `status` can be set, and what was `asked` be read."""
    folder = tmp_path / "replayed"
    folder.mkdir()
    state = SimpleNamespace(asked=[], status=0, runs=[{**a_run(), "trace": "steady.run-1.pftrace"}])
    (folder / "steady.run-1.pftrace").write_bytes(b"trace")

    def run(command: list[str], **_more: object) -> Any:
        state.asked += command
        data = {"test": "steady", "outcome": "failed", "clock": "virtual", "runs": state.runs}
        (folder / "steady.json").write_text(json.dumps(data))
        return SimpleNamespace(returncode=state.status)

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(running, "project_of", lambda _root: SimpleNamespace(label="nogit"))
    monkeypatch.setattr(running, "replayed_sidecar", lambda *_: folder / "steady.json")
    return state


def test_the_trace_is_beside_the_new_sidecar(
    again: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace(Context(), str(a_sidecar(tmp_path)))
    assert "--ktstr-timeline" in again.asked
    assert capsys.readouterr().out == f"{tmp_path}/replayed/steady.run-1.pftrace\n"


def test_it_is_copied_to_a_file(again: Any, tmp_path: Path) -> None:
    trace(Context(), str(a_sidecar(tmp_path)), out=str(tmp_path / "mine.pftrace"))
    assert (tmp_path / "mine.pftrace").read_bytes() == b"trace"


def test_that_the_run_is_another_one_is_said(
    again: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again.runs[0]["result"]["events_sha256"] = "bb"
    with pytest.raises(Exit) as exit_:
        trace(Context(), str(a_sidecar(tmp_path)))
    assert exit_.value.code == 2
    assert capsys.readouterr().out.startswith("trace: run 1: other events\n")


def test_a_run_that_could_not_be_made_has_its_status(again: Any, tmp_path: Path) -> None:
    again.status = 2
    with pytest.raises(Exit) as exit_:
        trace(Context(), str(a_sidecar(tmp_path)))
    assert exit_.value.code == 2


@pytest.mark.parametrize(
    ("runs", "out", "message"),
    [
        ([a_run()], None, r"no run of steady has a timeline"),
        ([{**a_run(), "trace": "steady.run-1.pftrace"}] * 2, "x", r"^trace: --out x: the test has 2 runs; "),
        ([{**a_run(), "trace": "steady.run-1.pftrace"}], "no/x", r"^trace: --out no/x: No such file"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    again: Any, tmp_path: Path, runs: list[Any], out: str | None, message: str
) -> None:
    again.runs = runs
    with pytest.raises(KtstrError, match=message):
        trace(Context(), str(a_sidecar(tmp_path)), out=out)
