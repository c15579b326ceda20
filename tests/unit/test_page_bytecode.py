"""The byte code of templates: it is used again as long as nothing has changed, and no page fails without it."""

from __future__ import annotations

import sys
from pathlib import Path

import jinja2
import pytest

from ktstr.pages.bytecode import ByteCode


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "maker.py").write_text("1")
    (tmp_path / "page.html").write_text("{{ 1 + 1 }}")
    return tmp_path


def filled_in(folder: Path) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        bytecode_cache=ByteCode(folder, folder / "maker.py"),
    )
    return environment.get_template("page.html").render()


def forbid_compiling(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object, **_named: object) -> None:
        raise AssertionError("compiled")

    monkeypatch.setattr(jinja2.Environment, "compile", refuse)


def test_a_template_is_compiled_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert filled_in(folder) == "2"
    forbid_compiling(monkeypatch)
    assert filled_in(folder) == "2"


@pytest.mark.parametrize("name", ["page.html", "maker.py"])
def test_a_change_of_the_template_or_of_its_maker_compiles_it_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    filled_in(folder)
    (folder / name).write_text("3")
    forbid_compiling(monkeypatch)
    with pytest.raises(AssertionError, match="compiled"):
        filled_in(folder)


def test_a_damaged_one_is_not_used(folder: Path) -> None:
    filled_in(folder)
    (kept,) = (folder / "__pycache__").iterdir()
    for damage in (b"", kept.read_bytes()[:-20], b"\0" * 100):
        kept.write_bytes(damage)
        assert filled_in(folder) == "2"


def test_where_nothing_can_be_written_it_does_without(folder: Path) -> None:
    (folder / "__pycache__").write_text("no folder")
    assert filled_in(folder) == "2"


def test_none_is_written_if_python_is_to_write_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert filled_in(folder) == "2"
    assert not (folder / "__pycache__").exists()
