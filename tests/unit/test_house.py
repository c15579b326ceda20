"""The house as docs/design.md shows it: rooms, the direction of imports, sizes, docstrings of public names."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest
from house import (
    imports,
    modules,
    room,
    rooms_of_page,
    rooms_that_import_upwards,
    strongly_connected,
    undocumented,
)

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "ktstr"
MOST_LINES = 400
# At the top of the package: the public names, the command, and the sessions that a project's noxfile imports.
LOOSE = {"__init__.py", "__main__.py", "nox.py"}


@pytest.fixture(scope="module")
def trees() -> dict[str, ast.Module]:
    return modules(PACKAGE)


@pytest.fixture(scope="module")
def order() -> list[str]:
    return rooms_of_page((ROOT / "docs" / "design.md").read_text())


def python_files() -> list[Path]:
    return [path for folder in (PACKAGE, ROOT / "tests") for path in sorted(folder.rglob("*.py"))]


def none(found: Iterable[str]) -> None:
    """Fail with every line of `found`, which pytest's own comparison would cut short."""
    listed = list(found)
    assert not listed, f"{len(listed)} found:\n" + "\n".join(listed)


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def test_the_page_shows_every_room(order: list[str]) -> None:
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert sorted(order) == sorted(folders)
    assert {path.name for path in PACKAGE.glob("*.py")} <= LOOSE


def test_there_is_no_import_circle(trees: dict[str, ast.Module]) -> None:
    none(" <-> ".join(circle) for circle in strongly_connected(imports(trees)))


def test_no_room_imports_a_higher_one(trees: dict[str, ast.Module], order: list[str]) -> None:
    none(rooms_that_import_upwards(imports(trees), order))


def test_only_vm_names_the_emulator() -> None:
    none(
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if not path.is_relative_to(PACKAGE / "vm")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search("qemu|qmp", line, re.IGNORECASE)
    )


def test_a_file_fits_in_the_head() -> None:
    none(f"{path.relative_to(ROOT)}: {lines(path)}" for path in python_files() if lines(path) > MOST_LINES)


def test_no_room_holds_a_quarter_of_the_lines() -> None:
    held = Counter[str]()
    for path in PACKAGE.rglob("*.*"):
        if path.suffix in (".py", ".c", ".h"):
            held[path.relative_to(PACKAGE).parts[0]] += lines(path)
    largest, most = held.most_common(1)[0]
    assert 4 * most < held.total(), f"{largest} has {most} of {held.total()} lines"


def test_public_names_are_documented() -> None:
    none(
        missing
        for path in sorted(PACKAGE.rglob("*.py"))
        for missing in undocumented(str(path.relative_to(ROOT)), path.read_text())
    )


def test_imports_of_every_kind_count() -> None:
    graph = imports(
        {
            "p": ast.parse(""),
            "p.a.one": ast.parse("from p.a import two\nimport os"),
            "p.a.two": ast.parse("def f():\n    from p.b.three import name"),
            "p.b.three": ast.parse("if TYPE_CHECKING:\n    import p.a.one"),
        }
    )
    assert graph["p.a.one"] == {"p.a.two"}
    assert strongly_connected(graph) == [["p.a.one", "p.a.two", "p.b.three"]]
    assert rooms_that_import_upwards(graph, ["a", "b"]) == ["p.a.two imports p.b.three"]
    assert rooms_that_import_upwards(graph, ["b", "a"]) == ["p.b.three imports p.a.one"]
    assert room("p.a.one") == "a"
    assert room("p") == ""


def test_a_public_name_without_a_docstring_is_found() -> None:
    source = '''
__all__ = ["A", "B", "LIMIT", "OTHER", "Report", "f", "imported"]
from elsewhere import imported
LIMIT = 3
# How many there may be.
OTHER = 4
Report = int
"""What the guest reported."""
class A:
    """Documented."""
class B: ...
def f(): ...
def private(): ...
'''
    assert undocumented("m", source) == ["m: LIMIT", "m: B", "m: f"]


def test_names_of_other_modules_need_no_docstring_here() -> None:
    source = '_HOMES = {"Topology": "base.topology"}\n__all__ = sorted((*_HOMES, "f"))\ndef f(): ...\n'
    assert undocumented("m", source) == ["m: f"]
