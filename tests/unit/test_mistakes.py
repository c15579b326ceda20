"""The table of mistakes, each made."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import mistakes
import mistakes_disk
import mistakes_more
import mistakes_words
import pytest
from command_line import enter_project, ktstr
from plugin_project import CONFTEST, OPTIONS

import ktstr.declare.scheduler as ktstr_scheduler
import ktstr.run.context as ktstr_context
import ktstr.vm.local as ktstr_local

pytest_plugins = ["pytester"]
Run = Callable[..., tuple[int, list[str]]]


def says(pattern: str, text: str) -> bool:
    """Whether `text` is one line of ktstr's that says what the table does."""
    parts = (re.escape(part) for part in pattern.split("..."))
    return re.fullmatch(f"ktstr: {'.*'.join(parts)}\n", text) is not None


TEST = """
from ktstr import declare_scheduler, ktstr_test, scenarios

MINE = declare_scheduler("mine", binary="mine")

@ktstr_test(scheduler=MINE)
def smoke(ctx):
    scenarios.steady(ctx)
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a test and a scheduler, no network, and an empty cache."""
    monkeypatch.setattr(ktstr_scheduler, "_registry", {})
    return enter_project(monkeypatch, tmp_path, TEST)


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("typed", "said", "status"), [*mistakes_words.COMMANDS, *mistakes.COMMANDS, *mistakes_disk.COMMANDS]
)
def test_a_command(
    typed: str, said: str, status: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = ktstr(capsys, monkeypatch, *shlex.split(typed))
    assert says(said, told.err), told.err
    assert (told.status, told.out) == (status, "")


# Tests and settings: pytest runs in this process, on kernels and guests that are stand-ins.

NAMES = "CgroupDef, Checks, Constraints, declare_scheduler, ktstr_test, scenarios"


@pytest.fixture
def suite(
    pytester: pytest.Pytester, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Run:
    """Runs pytest as `ktstr test -n0` does; on the real context, whose guests are not reached."""
    for module, name in ((ktstr_context, "Ctx"), (ktstr_local, "LocalExecutor")):
        monkeypatch.setattr(module, name, getattr(module, name))
    pytester.makeconftest(CONFTEST.replace("ktstr.run.context.Ctx = Ctx\n", ""))
    tests = pytester.mkdir("tests")
    monkeypatch.setenv("KTSTR_SUITE", "1")
    monkeypatch.setenv("KTSTR_RESULTS_DIR", "")  # set back to nothing after --results

    def run(files: Mapping[str, str], *words: str) -> tuple[int, list[str]]:
        monkeypatch.setattr(ktstr_scheduler, "_registry", {})
        for name, text in files.items():
            (tests / name).write_text(f"import ktstr; from ktstr import {NAMES}\n{text}\n")
        capsys.readouterr()
        result = pytester.runpytest_inprocess(*OPTIONS, *words, no_reraise_ctrlc=True)
        return int(result.ret), [*result.outlines, *result.errlines]

    return run


def without_prefix(lines: Sequence[str], prefix: str) -> list[str]:
    """The rest of each line that begins so."""
    return [line.removeprefix(prefix) for line in lines if line.startswith(prefix)]


def test_declarations(suite: Run) -> None:
    """All in one session, a file for each; each is told in one line."""
    declarations = (*mistakes.DECLARATIONS, *mistakes_more.DECLARATIONS)
    files = {f"test_{number:02}.py": text for number, (text, _) in enumerate(declarations)}
    status, lines = suite(files)
    wrong = []
    for name, (text, said) in zip(files, declarations, strict=True):
        told = without_prefix(lines, f"tests/{name}:")
        if len(told) != 1 or not says(said, f"ktstr: {told[0]}\n"):
            wrong.append(f"{text!r}: {told}")
    assert wrong == []
    assert status == 2


def test_bodies(suite: Run) -> None:
    """All in one session, a test for each; each result is one line, and no verdict."""
    bodies = (*mistakes.BODIES, *mistakes_more.BODIES)
    functions = "".join(
        f"@ktstr_test()\ndef body_{number:02}(ctx):\n    {text}\n" for number, (text, _) in enumerate(bodies)
    )
    status, lines = suite({"test_it.py": functions}, "--kernel", "7.0")
    wrong = []
    for number, (text, said) in enumerate(bodies):
        told = [line for line in lines if line.startswith("ERROR [") and f" body_{number:02} " in line]
        # Where it is stands before what is plainly wrong; what ktstr refuses has its own way to say where.
        rest = re.sub(r"tests/test_it.py:[0-9]+: ", "", told[0].partition(" eevdf: ")[2]) if told else ""
        if len(told) != 1 or not says(said, f"ktstr: {rest}\n"):
            wrong.append(f"{text!r}: {rest or told}")
    assert wrong == []
    assert status == 2
    assert not [line for line in lines if line.startswith("FAIL")]


SMOKE = {"test_it.py": "@ktstr_test()\ndef smoke(ctx):\n    scenarios.steady(ctx)"}


@pytest.mark.parametrize(
    ("typed", "said", "status"), [*mistakes.SUITES, *mistakes_disk.SUITES, *mistakes_more.SUITES]
)
def test_a_command_line_of_a_suite(suite: Run, typed: str, said: str, status: int) -> None:
    ended, lines = suite(SMOKE, *shlex.split(typed))
    assert [line for line in lines if says(said, f"{line}\n")] != [], lines
    assert ended == status
    assert not [line for line in lines if "Traceback" in line]


@pytest.mark.parametrize(
    ("variable", "said"), [*mistakes.ENVIRONMENT, *mistakes_disk.ENVIRONMENT, *mistakes_more.ENVIRONMENT]
)
def test_a_variable(suite: Run, monkeypatch: pytest.MonkeyPatch, variable: str, said: str) -> None:
    name, _, value = variable.partition("=")
    monkeypatch.setenv(name, value)
    ended, lines = suite(SMOKE)
    assert [line for line in lines if says(said, f"{line}\n")] != [], lines
    assert ended == 2


@pytest.mark.parametrize(("text", "said"), [*mistakes.PYPROJECTS, *mistakes_more.PYPROJECTS])
def test_a_setting(suite: Run, pytester: pytest.Pytester, text: str, said: str) -> None:
    (pytester.path / "pyproject.toml").write_text(text)
    ended, lines = suite(SMOKE)
    assert [line for line in lines if says(said, f"{line}\n")] != [], lines
    assert ended == 2
