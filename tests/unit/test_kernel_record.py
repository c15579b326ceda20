"""What a fetch or a build leaves in the project's results."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from ktstr.base.errors import KtstrError
from ktstr.kernel.record import recording


def case(root: Path, key: str) -> ElementTree.Element:
    document = ElementTree.parse(root / "target/ktstr/kernels" / key / "junit.xml")
    (found,) = document.iter("testcase")
    return found


def test_a_build_leaves_a_passed_case_its_log_and_files(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("CONFIG_X=y\n")
    with recording("build", "1a2b3c4d", tmp_path) as record:
        record.key = "6.12.107-built-1a2b3c4d"
        record.log.append("built from the test")
        record.files = {"config": config, "build.log": tmp_path / "none"}
    folder = tmp_path / "target/ktstr/kernels/6.12.107-built-1a2b3c4d"
    assert {path.name for path in folder.iterdir()} == {"junit.xml", "build.log", "config"}
    assert (folder / "build.log").read_text() == "built from the test\n"
    assert (folder / "config").read_text() == "CONFIG_X=y\n"
    found = case(tmp_path, folder.name)
    assert (found.get("name"), found.get("classname")) == (f"build {folder.name}", "ktstr.kernels.build")
    assert list(found) == []
    assert (tmp_path / "target/ktstr/.gitignore").read_text() == "*\n"


def test_a_failure_is_recorded_in_the_case_and_in_the_log(tmp_path: Path) -> None:
    with pytest.raises(KtstrError), recording("build", "1a2b3c4d", tmp_path):
        raise KtstrError("kernel 6.12.107: does not build: x.c:1: error: y")
    (error,) = case(tmp_path, "1a2b3c4d")
    assert (error.tag, error.get("message")) == ("error", "kernel 6.12.107: does not build: x.c:1: error: y")
    log = tmp_path / "target/ktstr/kernels/1a2b3c4d/build.log"
    assert log.read_text() == "kernel 6.12.107: does not build: x.c:1: error: y\n"
