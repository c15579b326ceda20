"""The documents of the first hour, followed word by word: `nox -s docs`."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest
from outside import ROOT, outside, run
from pages import rewritten, run_page, same_every_time

pytest_plugins = "installed"


def test_the_readmes_first_test_passes(tmp_path: Path) -> None:
    """The page, as a user pastes it into a file at the top of a checkout."""
    (code,) = re.findall(
        r"^```python\n(.*?)^```$", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE
    )
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    (tmp_path / "test_mine.py").write_text(code)
    said = run(sys.executable, "-m", "pytest", "test_mine.py", "--kernel", "7.0", cwd=tmp_path)
    assert re.search(r"^kernel 7\.0\.\d+ +2 passed", said, re.MULTILINE), said


@pytest.mark.parametrize("name", ["getting-started", "tutorial"])
def test_a_document_can_be_followed(name: str, wheel: Path, installed: Path, tmp_path: Path) -> None:
    """KTSTR_REWRITE_DOCS=1 puts what was printed into the document, instead of comparing."""
    page = ROOT / "docs" / f"{name}.md"
    settings = dict(outside())
    settings["KTSTR"] = str(wheel)
    if name == "tutorial":
        settings["PATH"] = os.pathsep.join([str(installed), settings["PATH"]])
    pairs = [
        (said, printed.replace(str(wheel.parent), "/home/me"))
        for said, printed in run_page(page, tmp_path, settings)
    ]
    if os.environ.get("KTSTR_REWRITE_DOCS"):
        page.write_text(rewritten(page, [printed for _, printed in pairs]))
    else:
        assert [same_every_time(said) for said, _ in pairs] == [
            same_every_time(printed) for _, printed in pairs
        ]
