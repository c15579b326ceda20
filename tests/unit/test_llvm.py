"""Which clang builds the kernel tree's schedulers: the newest that has its companions."""

from __future__ import annotations

from pathlib import Path

import pytest

from ktstr import KtstrError
from ktstr.toolchain import llvm
from ktstr.toolchain.llvm import find_toolchain

COMPANIONS = ("clang", "ld.lld", "llvm-ar", "llvm-strip")


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with make and python3 alone, in which every header is found."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("KTSTR_CLANG", raising=False)
    monkeypatch.setattr(llvm, "has_header", lambda *_: True)
    for name in ("make", "python3"):
        program(tmp_path / name)
    return tmp_path


def program(path: Path, version: str = "1.0") -> None:
    path.write_text(f"#!/bin/sh\necho clang version {version}\n")
    path.chmod(0o755)


def install(folder: Path, major: int, *names: str) -> None:
    for name in names:
        program(folder / f"{name}-{major}", f"{major}.0.1")


def test_a_lone_newer_clang_does_not_hide_a_whole_older_one(tools: Path) -> None:
    install(tools, 16, *COMPANIONS)
    install(tools, 19, "clang")
    found = find_toolchain()
    assert (found.clang.major, found.llvm, found.linker) == (16, "-16", "ld.lld-16")
    install(tools, 19, *COMPANIONS)
    assert find_toolchain().clang.major == 19


def test_without_a_whole_one_the_newest_says_what_it_lacks(tools: Path) -> None:
    install(tools, 16, "clang", "ld.lld")
    install(tools, 19, "clang")
    with pytest.raises(
        KtstrError, match=r"needs ld\.lld-19, llvm-ar-19, llvm-strip-19 \(Debian: lld-19 llvm-19\)$"
    ):
        find_toolchain()


def test_one_that_is_too_old_is_refused(tools: Path) -> None:
    install(tools, 15, *COMPANIONS)
    with pytest.raises(KtstrError, match=r"clang 15\.0\.1 is too old for the kernel's schedulers"):
        find_toolchain()
