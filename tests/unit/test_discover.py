"""What a project's tests declare: schedulers for a sweep, and tests by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from ktstr.base.errors import KtstrError
from ktstr.declare import scheduler
from ktstr.declare.discovery import declared_schedulers, declared_tests, find_test


@pytest.fixture(autouse=True)
def _registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "_registry", {})


TEST = """
from ktstr import declare_scheduler, ktstr_test
{name} = declare_scheduler(name="{name}", binary="scx_{name}")

@ktstr_test(scheduler={name}, ignore=True)
def ignored(ctx):
    raise AssertionError("a sweep runs no test")
"""


def test_schedulers_are_found_in_test_modules_ignored_tests_or_not(tmp_path: Path) -> None:
    (tmp_path / "test_one.py").write_text(TEST.format(name="one"))
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "test_one.py").write_text(TEST.format(name="two"))
    (tmp_path / "helper.py").write_text("raise AssertionError('no test module')")
    assert [one.name for one in declared_schedulers([tmp_path])] == ["one", "two"]


def test_a_module_may_use_the_one_beside_it(tmp_path: Path) -> None:
    (tmp_path / "names_of_mine.py").write_text("NAME = 'three'\n")
    (tmp_path / "test_three.py").write_text(
        "from names_of_mine import NAME\n"
        "from ktstr import declare_scheduler\n"
        "declare_scheduler(name=NAME, binary='x')\n"
    )
    assert [one.name for one in declared_schedulers([tmp_path])] == ["three"]


def test_a_module_that_cannot_be_imported_is_reported_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "test_broken.py").write_text("\n\nimport no_such_module_of_mine\n")
    with pytest.raises(KtstrError) as error:
        declared_schedulers([tmp_path])
    assert str(error.value) == (
        f"{tmp_path}/test_broken.py:3: ModuleNotFoundError: No module named 'no_such_module_of_mine'"
    )
    with pytest.raises(KtstrError, match=r"absent: no such file or folder of tests"):
        declared_schedulers([tmp_path / "absent"])


# Tests by name

TESTS = """
from ktstr import ktstr_test

@ktstr_test(llcs=1, cores=3)
def steady(ctx):
    pass

@ktstr_test()
def mixed(ctx):
    pass

def not_one():
    pass
"""


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A project with two test files, one of which imports a test of the other, and things that are no tests."""
    monkeypatch.chdir(tmp_path)
    tests = tmp_path / "tests"
    for name in ("venv", ".hidden"):
        (tests / name).mkdir(parents=True)
    (tests / "test_first.py").write_text(TESTS)
    (tests / "second_test.py").write_text(
        TESTS.replace("steady", "smt_steady") + "from test_first import steady\n"
    )
    for folder in ("venv", ".hidden"):
        (tests / folder / "test_theirs.py").write_text("raise AssertionError('not of this project')")
    return tests


def test_a_test_belongs_to_the_module_that_defines_it_not_to_one_that_imports_it(project: Path) -> None:
    found = declared_tests([project])
    assert [test.nodeid for test in found] == [
        f"{project}/second_test.py::smt_steady",
        f"{project}/second_test.py::mixed",
        f"{project}/test_first.py::steady",
        f"{project}/test_first.py::mixed",
    ]


@pytest.mark.parametrize("name", ["steady", "tests/test_first.py::steady", "steady[7.0-wide]"])
@pytest.mark.usefixtures("project")
def test_a_test_is_found_by_its_function_or_its_id(name: str) -> None:
    found = find_test(name)
    assert found.nodeid == "tests/test_first.py::steady"
    assert found.test.topology.cores == 3


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("mixed", "test mixed: means several: tests/second_test.py::mixed, tests/test_first.py::mixed"),
        ("staedy", "test staedy: not in tests; near is steady, smt_steady; elsewhere, name its file:"),
        (
            "tests/test_first.py::not_one",
            "test tests/test_first.py::not_one: not in tests/test_first.py; near is",
        ),
        ("tests/absent.py::steady", "tests/absent.py: no such file or folder of tests"),
    ],
)
@pytest.mark.usefixtures("project")
def test_a_name_of_no_test_or_of_several_is_reported(name: str, message: str) -> None:
    with pytest.raises(KtstrError) as error:
        find_test(name)
    assert str(error.value).startswith(message)


def test_a_folder_without_tests_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(KtstrError, match=r"test steady: not in \., which has none made with @ktstr_test"):
        find_test("steady")
