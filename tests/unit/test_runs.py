"""`ktstr runs`: the list of runs, and which of them a word means."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from invoke import Context
from kept_runs import BEGIN, a_record, keep
from report_case import KERNEL, a_case

from ktstr import KtstrError
from ktstr.compare.choice import chosen
from ktstr.compare.listing import run_lines, runs_lines
from ktstr.compare.runs import all_runs
from ktstr.tasks.runs import runs

LATER = BEGIN + timedelta(minutes=5)
FAILED = a_case(
    nodeid="tests/test_a.py::basic[7.0]", outcome="failed", runs=[a_record()], started=1_790_000_020
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with two runs; the first took two kernels."""
    keep(tmp_path, [a_case(runs=[a_record()]), FAILED])
    newer = replace(KERNEL, version="7.3.4")
    keep(tmp_path, [a_case(kernel=newer, runs=[a_record()])], name="7.3.4")
    keep(tmp_path, [FAILED], LATER, dirty=True)
    return tmp_path


def test_a_session_is_one_run_with_all_its_kernels(root: Path) -> None:
    assert runs_lines(all_runs(root)) == [
        "STARTED (UTC)        COMMIT         KERNEL         CLOCK    TESTS  VERDICTS            SECONDS",
        "2026-11-29T02:40:38  1a2b3c4        7.0.13, 7.3.4  virtual      3  1 failed, 2 passed     32.1",
        "2026-11-29T02:45:38  1a2b3c4-dirty  7.0.13         virtual      1  1 failed               12.3",
    ]


def test_a_run_that_says_nothing_of_its_tests_is_read_from_its_sidecars(root: Path) -> None:
    table = runs_lines(all_runs(root))
    for file in root.glob("target/ktstr/history/*/*/run.json"):
        about = json.loads(file.read_text())
        file.write_text(json.dumps({key: about[key] for key in ("schema", "name", "started", "status")}))
    assert runs_lines(all_runs(root)) == table


def test_a_run_may_lie_anywhere(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    place = tmp_path_factory.mktemp("elsewhere") / "moved"
    (root / "target" / "ktstr" / "history" / "7.3.4-1a2b3c4").rename(place)
    run = chosen(root, f"{place}/")
    assert (run.kernels, run.commit) == (["7.3.4"], "1a2b3c4")
    assert chosen(root, "latest~1").kernels == ["7.0.13"]


def test_a_damaged_run_hides_no_other(root: Path) -> None:
    file = next(root.glob("target/ktstr/history/7.0.13-1a2b3c4/*/run.json"))
    file.write_text('{"schema": 1')
    lines = runs_lines(all_runs(root))
    assert len(lines) == 3
    assert [line.rsplit(maxsplit=1)[-1] for line in lines].count("damaged") == 1
    with pytest.raises(KtstrError, match=r"run\.json: does not describe a run: Input data was truncated"):
        chosen(root, str(file.parent))


@pytest.mark.parametrize(
    ("word", "started"),
    [
        ("latest", LATER),
        ("latest~1", BEGIN),
        ("2026-11-29T02:40:38", BEGIN),
        ("20261129T024538", LATER),
        ("7.3.4-1a2b3c4", BEGIN),
        ("7.0.13-1a2b3c4-dirty", LATER),
        ("1a2b3c4", BEGIN),
        ("1a2b3c4d1a2b", BEGIN),
        ("1a2b3c4-dirty", LATER),
    ],
)
def test_words_for_runs(root: Path, word: str, started: object) -> None:
    assert chosen(root, word).began == started


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("latest~2", "latest~2: no such run: of this project there are 2 complete ones"),
        ("2026-11-29T02", "2026-11-29T02: began 2 runs: 20261129T024038.770350Z, 20261129T024538.770350Z"),
        ("./nowhere", "./nowhere: no run is in there"),
        (
            "1a2b",
            "1a2b: no such run; must be latest, latest~1, a time as `ktstr runs` shows it, a folder's name, a commit, "
            "or a path",
        ),
    ],
)
def test_words_that_name_no_run(root: Path, word: str, message: str) -> None:
    with pytest.raises(KtstrError) as error:
        chosen(root, word)
    assert str(error.value) == message


def test_a_run_in_full_has_its_host(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = next(root.glob("target/ktstr/history/7.0.13-1a2b3c4/*/run.json"))
    about = json.loads(file.read_text())
    about["host"] |= {"cpu": "A CPU", "cores": 2, "governor": "powersave", "kernel": "6.12.1", "memory_mb": 9}
    about["host"]["tools"] = {"qemu": "7.2.22"}
    file.write_text(json.dumps(about))
    monkeypatch.chdir(root)
    assert run_lines(chosen(Path.cwd(), "latest~1"))[3:] == [
        "tests       3: 1 failed, 2 passed in 32.1 s",
        "kernels     7.0.13, 7.3.4",
        "schedulers  my_sched",
        "topologies  1n2l4c1t",
        "seeds       1",
        "clock       virtual",
        "host        A CPU, 2 CPUs, governor powersave, 9 MiB, Linux 6.12.1",
        "qemu        7.2.22",
        "folder      target/ktstr/history/7.0.13-1a2b3c4/20261129T024038.770350Z",
        "folder      target/ktstr/history/7.3.4-1a2b3c4/20261129T024038.770350Z",
    ]


def test_the_command_prints_the_list_as_json(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(root)
    runs(Context(), json=True)
    first, second = json.loads(capsys.readouterr().out)
    assert (first["outcomes"], first["kernels"]) == ({"passed": 2, "failed": 1}, ["7.0.13", "7.3.4"])
    assert second["started"] == LATER.isoformat()


def test_a_project_without_runs_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    runs(Context())
    assert capsys.readouterr().out == "No run is kept here; `ktstr test` makes one.\n"


def test_a_list_reads_no_sidecar_of_a_run_that_says_what_is_in_it(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that 20 runs of 500 tests take 20 small files, not 10,000 large ones."""
    monkeypatch.delattr("ktstr.compare.runs.sidecars_of")
    assert len(runs_lines(all_runs(root))) == 3
