"""`ktstr compare A B`: what the words name, what filters leave, and the command's output and status."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import textwrap
from pathlib import Path

import pytest
from command_line import ktstr
from recorded_runs import AFTER, BEFORE, keep_recorded

from ktstr import KtstrError
from ktstr.compare.choice import chosen
from ktstr.compare.samples import Axis
from ktstr.compare.sides import Only, Side, sides_of_axis, sides_of_runs
from ktstr.kernel.sources import git

PAGE = (Path(__file__).parents[2] / "docs" / "compare.md").read_text()
FIRST, SECOND = "2026-11-29T07:11:16", "2026-11-29T07:14:09"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the two recorded runs, which no test changes."""
    root = tmp_path_factory.mktemp("project")
    keep_recorded(root)
    return root


@pytest.fixture
def root(kept: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(kept)
    return kept


def times(sides: tuple[Side, Side]) -> list[str]:
    return [f"{side.runs[-1].began:%Y-%m-%dT%H:%M:%S}" for side in sides]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("previous", "latest"),
        (BEFORE, AFTER),
        ("c7d1775f869", "7d992b852d"),
        (FIRST, SECOND),
        (f"7.0.13-{BEFORE}", f"7.3.4-{AFTER}"),
        ("latest~1", "latest"),
        ("previous", AFTER),
    ],
)
def test_words_for_sides(root: Path, before: str, after: str) -> None:
    sides = sides_of_runs(root, before, after, Only())
    assert times(sides) == [FIRST, SECOND]
    assert sides[0].title == f"{BEFORE}, {FIRST}"
    assert len(sides[1].sidecars) == 40


def test_a_git_revision_stands_for_all_runs_of_its_commit(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = {"HEAD~1": chosen(root, BEFORE).full_commit, "main": "9" * 40}
    monkeypatch.setattr("ktstr.compare.sides.commit_of", lambda _root, word: full.get(word))
    assert times(sides_of_runs(root, "HEAD~1", "latest", Only())) == [FIRST, SECOND]
    with pytest.raises(KtstrError) as error:
        sides_of_runs(root, "main", "latest", Only())
    assert str(error.value) == (
        "compare: main: no run is kept of commit 9999999; `nox -s perf` makes one of each side"
    )


def test_several_runs_of_a_commit_are_one_side(kept: Path, tmp_path: Path) -> None:
    shutil.copytree(kept / "target", tmp_path / "target")
    folder = next((tmp_path / "target/ktstr/history").glob(f"7.0.13-{BEFORE}/*"))
    again = folder.with_name("20261129T080000.000000Z")
    shutil.copytree(folder, again)
    about = json.loads((again / "run.json").read_text())
    (again / "run.json").write_text(json.dumps({**about, "started": "2026-11-29T08:00:00+00:00"}))
    before, _ = sides_of_runs(tmp_path, BEFORE, AFTER, Only())
    assert (before.title, len(before.sidecars)) == (f"{BEFORE}, 2026-11-29T08:00:00 and 1 more", 60)


def test_a_sidecar_that_cannot_be_read_is_said(kept: Path, tmp_path: Path) -> None:
    shutil.copytree(kept / "target", tmp_path / "target")
    broken = next((tmp_path / "target/ktstr/history").glob(f"7.0.13-{BEFORE}/*/web*.json"))
    broken.write_text("{")
    before, _ = sides_of_runs(tmp_path, BEFORE, AFTER, Only())
    assert len(before.sidecars) == 39
    assert before.damaged == [f"{broken}: is no sidecar of schema 1: Input data was truncated"]


@pytest.mark.parametrize(
    ("only", "left"),
    [
        (Only(kernels=("7.0",)), 20),
        (Only(kernels=("7.0.13", "7.3")), 40),
        (Only(tests=("web",), schedulers=("mine",)), 20),
        (Only(tests=("test_m*::web",)), 20),
        (Only(schedulers=("e*",)), 20),
    ],
)
def test_filters(root: Path, only: Only, left: int) -> None:
    assert [len(side.sidecars) for side in sides_of_runs(root, BEFORE, AFTER, only)] == [left, left]


@pytest.mark.parametrize(
    ("axis", "before", "after", "titles"),
    [
        ("kernel", "7.0", "7.3.4", ("7.0.13", "7.3.4")),
        ("scheduler", "eevdf", "mine", ("eevdf", "mine")),
    ],
)
def test_an_axis_within_a_run(
    root: Path, axis: Axis, before: str, after: str, titles: tuple[str, str]
) -> None:
    sides = sides_of_axis(chosen(root, "latest"), axis, before, after, Only())
    assert [side.title for side in sides] == [f"{title} in {AFTER}, {SECOND}" for title in titles]
    assert [len(side.sidecars) for side in sides] == [20, 20]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("latest", "latest"), "compare: latest and latest: must be two runs; --by compares within one"),
        (
            ("previous", "latest~1"),
            "compare: previous: of this project no complete run is before latest~1",
        ),
        (
            (BEFORE, "lately"),
            "lately: no such run; must be latest, latest~1, a time as `ktstr runs` shows it, a folder's name, a commit,"
            " or a path, or `previous`, or a git revision",
        ),
        ((BEFORE, AFTER, "--run", "latest"), "compare: --run latest: only with --by"),
        (("7.0", "7.3", "--by", "clock"), "compare: --by clock: must be one of kernel, scheduler, topology"),
        (("7.0", "7", "--by", "kernel"), "compare: --by kernel: 7: is several: 7.0.13, 7.3.4"),
        (("7.0", "7.0.13", "--by", "kernel"), "compare: --by kernel: 7.0 and 7.0.13: both are 7.0.13"),
        (("7.0", "7.0", "--by", "kernel"), "compare: --by kernel: 7.0 and 7.0: must be two"),
        (
            ("eevdf", "mne", "--by", "scheduler"),
            "compare: --by scheduler: mne: not in this run; near is mine; it has eevdf, mine",
        ),
        (
            (BEFORE, AFTER, "--kernel", "6.12"),
            f"compare: {BEFORE}: nothing is left by --kernel 6.12; it has kernels 7.0.13, 7.3.4",
        ),
        (
            (BEFORE, AFTER, "--scheduler", "yours", "--kernel", "7.0"),
            f"compare: {BEFORE}: nothing is left by --kernel 7.0 --scheduler yours;"
            " it has kernels 7.0.13, 7.3.4; schedulers eevdf, mine",
        ),
    ],
)
@pytest.mark.usefixtures("root")
def test_a_mistake_is_one_line_and_status_2(
    words: tuple[str, ...],
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = ktstr(capsys, monkeypatch, "compare", *words)
    assert (told.status, told.out, told.err) == (2, "", f"ktstr: {message}\n")


@pytest.mark.usefixtures("root")
def test_the_command_shows_what_got_worst_first(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = ktstr(capsys, monkeypatch, "compare", "previous", "latest", "--kernel", "7.0")
    lines = told.out.splitlines()
    assert told.status == 1
    assert lines[:6] == [
        f"before  {BEFORE}, {FIRST}",
        f"after   {AFTER}, {SECOND}",
        "",
        "all of mine, 7.0.13, 1n1l2c1t, virtual, tests/test_mine.py",
        "         TEST           METRIC                        BEFORE    AFTER  CHANGE        P",
        "worse    web_and_batch  wakeup_p50_ms[web]               2.1     46.1   x22.0  0.00026",
    ]
    assert lines[-1] == "13 worse, 1 better, 4 changed, 36 same, of 54 metrics of 2 tests; 10 samples a side"


@pytest.mark.usefixtures("root")
def test_the_command_shows_what_is_the_same_if_asked(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = ktstr(capsys, monkeypatch, "compare", BEFORE, AFTER, "--scheduler", "eevdf", "--all")
    assert told.status == 0
    assert sum(line.startswith("same  ") for line in told.out.splitlines()) == 54


@pytest.mark.usefixtures("root")
def test_the_json_has_every_sample(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = ktstr(capsys, monkeypatch, "compare", "7.0", "7.3", "--by", "kernel", "--run", BEFORE, "--json")
    data = json.loads(told.out)
    first = data["differences"][0]
    assert (told.status, data["status"], data["by"], data["tests"]) == (1, 1, "kernel", 44)
    assert (first["result"], first["metric"], first["scheduler"]) == ("worse", "wakeup_p50_ms[web]", "eevdf")
    assert len(first["samples"]["before"]) == len(first["samples"]["after"]) == 10
    assert first["threshold"] == {"relative": 0.15, "absolute": 0.1}


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize(
    "shown", re.findall(r"^    \$ (ktstr compare .*\n(?:    .*\n|\n(?=    ))+)", PAGE, re.MULTILINE)
)
def test_the_page_shows_what_the_command_prints(
    shown: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    command, *lines = textwrap.dedent(f"    {shown}").splitlines()
    assert ktstr(capsys, monkeypatch, *command.split()[1:]).out.splitlines() == lines


@pytest.mark.usefixtures("root")
def test_markdown_is_ready_for_a_comment(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("7.0", "7.3", "--by", "kernel", "--run", BEFORE, "--scheduler", "eevdf", "--markdown")
    lines = ktstr(capsys, monkeypatch, "compare", *words).out.splitlines()
    assert lines[0].startswith(
        "**3 worse, 5 better, 2 changed, 4 unclear, 13 same, of 27 metrics of 1 test; "
    )
    assert lines[2:9] == [
        f"Before: 7.0.13 in {BEFORE}, {FIRST}  ",
        f"After: 7.3.4 in {BEFORE}, {FIRST}",
        "",
        "all of eevdf, 1n1l2c1t, virtual, tests/test_eevdf.py",
        "",
        "|  | TEST | METRIC | BEFORE | AFTER | CHANGE | P |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    assert lines[9].startswith("| worse | web_and_batch | wakeup_p50_ms[web] | 0.0307 | 0.688 | x22.4 |")


def test_other_machines_are_said_with_the_real_clock_only(
    kept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(kept / "target", tmp_path / "target")
    monkeypatch.chdir(tmp_path)
    for file in Path("target/ktstr/history").glob(f"*-{AFTER}/*/run.json"):
        about = json.loads(file.read_text())
        about["host"] |= {"cpu": "A CPU", "tools": {**about["host"]["tools"], "clang": "clang 19"}}
        file.write_text(json.dumps(about))
    clang = "        clang differs: Debian clang version 16.0.6 (15~deb12u1), clang 19"
    lines = ktstr(capsys, monkeypatch, "compare", BEFORE, AFTER).out.splitlines()
    assert lines[2:4] == [clang, ""]
    for file in Path("target/ktstr/history").glob("*/*/run.json"):
        about = json.loads(file.read_text())
        about["tests"]["clocks"] = ["real"]
        file.write_text(json.dumps(about))
    lines = ktstr(capsys, monkeypatch, "compare", BEFORE, AFTER).out.splitlines()
    assert lines[2:5] == ["        CPU differs: AMD EPYC, A CPU", clang, ""]


def test_a_real_revision_is_found(kept: Path, tmp_path: Path) -> None:
    shutil.copytree(kept / "target", tmp_path / "target")
    identity = ("-c", "user.name=a", "-c", "user.email=a@b")
    for words in (("init", "-q"), (*identity, "commit", "-q", "--allow-empty", "-m", "x")):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    commit = git.ask_git(tmp_path, "rev-parse", "HEAD")
    for file in (tmp_path / "target/ktstr/history").glob(f"*-{BEFORE}/*/run.json"):
        about = json.loads(file.read_text())
        file.write_text(json.dumps({**about, "project": {"commit": commit, "dirty": False}}))
    assert times(sides_of_runs(tmp_path, "HEAD", "latest", Only())) == [FIRST, SECOND]
