"""As many workers as there are tests to run, and none for one; what cannot be counted gets all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ktstr.plugin.workers import most_tests, workers_for

TWO = """from ktstr import ktstr_test

@ktstr_test(scheduler=MINE)
def fair(ctx): ...

@ktstr_test(
    scheduler=MINE,
)
async def quick(ctx): ...

def helper(): ...
"""
PLAIN = "import ktstr\n\n@ktstr.ktstr_test()\n@other\ndef odd(ctx): ...\n\ndef test_plain(): ...\n"
UNKNOWN = "@pytest.mark.parametrize('a', [1, 2])\ndef test_many(a): ...\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in (("test_two.py", TWO), ("sub/test_plain.py", PLAIN), ("odd/test_unknown.py", UNKNOWN)):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "keyword", "variants", "most"),
    [
        (["test_two.py"], "", 1, 2),
        (["test_two.py"], "", 3, 6),
        (["test_two.py::fair"], "", 1, 1),
        (["test_two.py::fair[7.0]"], "", 1, 1),
        (["test_two.py"], "QUICK", 1, 1),
        (["test_two.py"], "two", 1, 2),
        (["test_two.py"], "fair or quick", 1, 2),
        (["sub", "test_two.py"], "", 1, 4),
        (["sub"], "odd", 1, 1),
        (["test_two.py"], "nothing", 1, None),
        (["."], "", 1, None),
        (["odd"], "", 1, None),
        (["no_such.py"], "", 1, None),
        ([], "", 1, None),
    ],
)
def test_tests_are_counted_in_the_text(
    project: Path, arguments: list[str], keyword: str, variants: int, most: int | None
) -> None:
    assert most_tests(arguments, keyword, variants) == most


def test_a_huge_folder_is_not_read(project: Path) -> None:
    for number in range(201):
        (project / "sub" / f"test_{number}.py").write_text("def test_one(): ...\n")
    assert most_tests(["sub"], "", 1) is None


@pytest.mark.parametrize(
    ("default", "tests", "workers"),
    [(8, None, 8), (8, 100, 8), (8, 8, 8), (8, 3, 3), (8, 1, 0), (1, 1, 1), (2, 0, 0)],
)
def test_no_more_workers_than_tests_and_none_for_one(default: int, tests: int | None, workers: int) -> None:
    assert workers_for(default, tests) == workers
