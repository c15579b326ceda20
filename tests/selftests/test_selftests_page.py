"""docs/selftests.md has the table as it is."""

from __future__ import annotations

from pathlib import Path

from table import page_table

PAGE = Path(__file__).parents[2] / "docs" / "selftests.md"


def test_the_page_has_the_table() -> None:
    assert page_table() in PAGE.read_text()
