"""`ktstr report`: what it writes where, and what it refuses."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from command_line import Told, ktstr
from kept_runs import BEGIN, keep
from page_html import a_test, seen

FIRST, SECOND = "2026-11-29T02:40:38", "2026-11-29T03:40:38"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with two runs."""
    for number in range(2):
        keep(tmp_path, [a_test()], BEGIN + timedelta(hours=number))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def report(project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Reporting:
    return Reporting(capsys, monkeypatch)


class Reporting:
    """The command."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._given = capsys, monkeypatch

    def __call__(self, *words: str) -> Told:
        return ktstr(*self._given, "report", *words)


def test_a_run_s_report_is_in_its_folder(project: Path, report: Reporting) -> None:
    told = report("latest")
    assert (told.status, told.err) == (0, "")
    assert told.out == "target/ktstr/history/7.0.13-1a2b3c4/20261129T034038.770350Z/report.html\n"
    assert "basic_steady" in seen(project / told.out.strip()).text


def test_that_of_several_is_beside_the_history_and_compares_two(project: Path, report: Reporting) -> None:
    assert report(FIRST, SECOND).out == "target/ktstr/report.html\n"
    assert "What changed" in seen(project / "target/ktstr/report.html").text
    assert report("--run", FIRST, f"--run={SECOND}").out == "target/ktstr/report.html\n"


@pytest.mark.parametrize(
    "words",
    [("latest", "--output", "p/q.html"), ("--output", "p/q.html", "latest"), ("latest", "--output=p/q.html")],
)
def test_it_is_written_where_it_is_wanted(project: Path, report: Reporting, words: tuple[str, ...]) -> None:
    assert report(*words).out == "p/q.html\n"
    assert (project / "p" / "q.html").is_file()


def test_a_site_is_of_all_runs_or_of_those_that_are_named(project: Path, report: Reporting) -> None:
    assert report("--site", "all").out == "all/index.html\n"
    assert report(FIRST, "--site", "one").out == "one/index.html\n"
    assert [len(list(project.glob(f"{name}/runs/*"))) for name in ("all", "one")] == [2, 1]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ((), "report: needs RUN; `ktstr report --help` says what that is"),
        (("lately",), "lately: no such run; must be latest"),
        (("latest", "latest"), "report: latest latest: must be different runs"),
        (("latest", "--output", "a", "--site", "b"), "report: --output a: does not go with --site"),
        (("latest", "--output", "target"), "report: --output target: must be a file, and is a folder"),
        (("latest", "--outptu", "a"), "report: --outptu: no such option; near is --output"),
    ],
)
@pytest.mark.usefixtures("project")
def test_a_mistake_is_one_line_and_status_2(report: Reporting, words: tuple[str, ...], line: str) -> None:
    told = report(*words)
    assert (told.status, told.err.count("\n")) == (2, 1)
    assert told.err.startswith(f"ktstr: {line}")
