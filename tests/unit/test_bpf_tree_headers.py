"""Which sources get the headers of the kernel tree's schedulers."""

from __future__ import annotations

from pathlib import Path

import pytest

from ktstr.bpf.tree_headers import needs_tree_headers

COMMON = "#include <scx/common.bpf.h>\n"


def needs(folder: Path, text: str, *cflags: str, name: str = "mine.bpf.c") -> bool:
    source = folder / name
    source.write_text(text)
    return needs_tree_headers([folder / "none.bpf.c", source], cflags)


@pytest.mark.parametrize(
    "text", [COMMON, '/* mine */\n#include "scx/common.bpf.h"\n', "\t# include <scx/compat.bpf.h>\n"]
)
def test_a_source_that_includes_them_gets_them(text: str, tmp_path: Path) -> None:
    assert needs(tmp_path, text, "-DA", "-O3")


@pytest.mark.parametrize(
    "text", ["#include <ktstr/sched_ext.bpf.h>\n", "/* as scx/common.bpf.h */\n", "#include <my/scx/a.h>\n"]
)
def test_one_that_does_not_gets_none(text: str, tmp_path: Path) -> None:
    assert not needs(tmp_path, text)


@pytest.mark.parametrize(
    "cflags",
    [("-Iinclude",), ("-I", "include"), ("-DA", "-isystem", "{}/include"), ("-I{}/include", "-I")],
)
def test_a_projects_own_come_first(cflags: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "include/scx").mkdir(parents=True)
    (tmp_path / "include/scx/common.bpf.h").touch()
    assert not needs(tmp_path, COMMON, *(flag.format(tmp_path) for flag in cflags))
    assert needs(tmp_path, COMMON, "-I.", "-Iother")


def test_those_beside_the_source_are_its_own(tmp_path: Path) -> None:
    (tmp_path / "scx").mkdir()
    (tmp_path / "scx/common.bpf.h").touch()
    assert not needs(tmp_path, COMMON)


def test_an_object_is_not_read(tmp_path: Path) -> None:
    assert not needs(tmp_path, COMMON, name="mine.bpf.o")
