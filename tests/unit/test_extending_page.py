"""docs/extending.md shows the files of the project that tests/guest/test_extending.py runs, and says what they do."""

import importlib
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ktstr import KtstrError
from ktstr.checks import registry
from ktstr.guest.agent import INCLUDE

ROOT = Path(__file__).parents[2]
PROJECT = ROOT / "tests" / "guest" / "extending"
PAGE = (ROOT / "docs" / "extending.md").read_text()
FILES = sorted(path for path in PROJECT.iterdir() if path.suffix in (".c", ".py"))


@pytest.fixture(autouse=True)
def _imported_as_by_a_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(PROJECT))
    monkeypatch.setattr(registry, "_registry", dict(registry._registry))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_page_shows_the_file(file: Path) -> None:
    assert re.search(rf"```(?:c|python)\n{re.escape(file.read_text())}```", PAGE)


@pytest.mark.parametrize("compiler", ["gcc", "clang", "clang-14", "clang-16", "clang-19"])
@pytest.mark.parametrize("file", [one for one in FILES if one.suffix == ".c"], ids=lambda file: file.name)
def test_c_is_free_of_warnings(file: Path, compiler: str) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed")
    command = [
        compiler,
        "-std=gnu11",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-fsyntax-only",
        f"-I{INCLUDE}",
        str(file),
    ]
    assert subprocess.run(command, capture_output=True, text=True, check=False).stderr == ""


def test_the_scenario_has_the_sources_and_prints_as_the_page_says() -> None:
    forks = importlib.import_module("forks")
    assert [source.name for source in forks.STORM.sources] == ["fork_storm.c", "stride.c"]
    assert "".join(f"    {line}\n" for line in str(forks.STORM).splitlines()) in PAGE


def test_a_wrong_parameter_is_refused_as_the_page_says() -> None:
    stride = importlib.import_module("stride")
    with pytest.raises(KtstrError) as refused:
        stride.Stride(bytes=0)
    assert f"`{refused.value}`" in PAGE
