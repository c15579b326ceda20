"""`ktstr runs --import`: what others wrote comes into the history, once it is known to be what it should."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from invoke import Context
from kept_runs import a_record, keep
from report_case import a_case

from ktstr import KtstrError
from ktstr.compare.choice import chosen
from ktstr.compare.intake import Limits, import_runs
from ktstr.compare.runs import all_runs
from ktstr.tasks.runs import runs


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    """A folder as CI leaves it: the results of a run, with the link to the newest one."""
    place = keep(tmp_path / "ci", [a_case(runs=[a_record()])])
    (place / "basic-1").mkdir()
    (place / "basic-1" / "failure.txt").write_text("why\n")
    results = place.parents[2]
    (results / "7.0.13-1a2b3c4").symlink_to(place.relative_to(results))
    return results


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project without runs."""
    (tmp_path / "here").mkdir()
    return tmp_path / "here"


def refusal(root: Path, artifact: Path, limits: Limits | None = None) -> str:
    """Why the artifact is refused; nothing of it may have been kept."""
    with pytest.raises(KtstrError) as error:
        import_runs(root, artifact, limits or Limits())
    assert not all_runs(root)
    return str(error.value).replace(str(artifact), "DIR")


def only(artifact: Path, name: str) -> Path:
    return next(artifact.glob(f"history/*/*/{name}"))


def test_a_run_comes_with_all_its_files_and_is_marked(root: Path, artifact: Path) -> None:
    (taken,) = import_runs(root, artifact)
    assert taken.new
    assert (taken.place / "basic-1" / "failure.txt").read_text() == "why\n"
    assert [run.imported for run in all_runs(root)] == [True]
    assert chosen(root, "7.0.13-1a2b3c4").outcomes == {"passed": 1}
    with pytest.raises(KtstrError, match="latest: no such run"):
        chosen(root, "latest")


def test_the_same_run_is_taken_once(
    root: Path, artifact: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(root)
    runs(Context(), import_=str(artifact))
    runs(Context(), import_=str(artifact))
    place = "target/ktstr/history/7.0.13-1a2b3c4/20261129T024038.770350Z"
    assert capsys.readouterr().out == f"imported: {place}\nwas here already: {place}\n"
    assert len(all_runs(root)) == 1
    assert sorted(path.name for path in (root / "target" / "ktstr").iterdir()) == [
        ".gitignore",
        ".lock",
        "history",
    ]


def test_a_link_in_a_run_is_refused(root: Path, artifact: Path) -> None:
    for target in ("/etc/passwd", "/etc"):
        link = only(artifact, "run.json").with_name("out")
        link.symlink_to(target)
        assert refusal(root, artifact).endswith("/out: must be a plain file, neither a link nor a device")
        link.unlink()


def test_a_pipe_is_refused(root: Path, artifact: Path) -> None:
    os.mkfifo(only(artifact, "basic-1") / "console")
    assert refusal(root, artifact).endswith("/console: must be a plain file, neither a link nor a device")


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (Limits(files=2), "--import DIR: must have at most 2 files and"),
        (Limits(file_bytes=100), " bytes: must be 100 at most"),
        (Limits(bytes=1000), "--import DIR: must have at most 200000 files and 1000 bytes in all"),
    ],
)
def test_sizes_are_bounded(root: Path, artifact: Path, limits: Limits, message: str) -> None:
    assert message in refusal(root, artifact, limits)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", "../../escape", "name: '../../escape': must be letters, digits and _ . + ~ -, 128 at most"),
        ("name", "..", "name: '..': must be letters"),
        ("name", ".hidden", "name: '.hidden': must be letters"),
        ("started", "yesterday", "started: 'yesterday': must be a time with its zone, ISO 8601"),
        ("started", "2026-11-29T02:40:38", "must be a time with its zone"),
        ("tests", {"outcomes": 3}, "does not describe a run: Expected `object`, got `int`"),
    ],
)
def test_what_a_run_says_of_itself_is_checked(
    root: Path, artifact: Path, field: str, value: object, message: str
) -> None:
    file = only(artifact, "run.json")
    file.write_text(json.dumps({**json.loads(file.read_text()), field: value}))
    assert message in refusal(root, artifact)


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-30])


def change_field(file: Path) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), "outcome": "green"}))


def nest(file: Path) -> None:
    file.write_text("[" * 100_000)


@pytest.mark.parametrize("damage", [truncate, change_field, nest])
def test_a_sidecar_must_have_the_schema(root: Path, artifact: Path, damage: Callable[[Path], None]) -> None:
    damage(only(artifact, "basic_steady-*.json"))
    assert ".json: is no sidecar of schema 1: " in refusal(root, artifact)


def test_a_folder_without_runs_is_refused(root: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert refusal(root, tmp_path / "empty") == "--import DIR: no run is in there; a run has a run.json"
    assert refusal(root, tmp_path / "gone") == "--import DIR: must be a folder with runs in it"


def test_import_goes_alone(root: Path) -> None:
    with pytest.raises(KtstrError, match="runs: --import goes with no other option"):
        runs(Context(), json=True, import_=str(root))
