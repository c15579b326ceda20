"""Building the kernel tree's schedulers: what can be tested without building them."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from ktstr.base.cache import cache_dir
from ktstr.base.errors import KtstrError
from ktstr.kernel import tools
from ktstr.kernel.model import Kernel
from ktstr.kernel.source_tree import SourceTree
from ktstr.kernel.spec import parse_version
from ktstr.toolchain.compiler import Compiler
from ktstr.toolchain.llvm import Toolchain
from ktstr.toolchain.make import first_error


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KTSTR_CACHE_DIR", str(tmp_path / "cache"))


def built(key: str, version: str, *names: str, mtime: int) -> Path:
    folder = cache_dir() / "schedulers" / key
    (folder / "bin").mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps({"version": version}))
    for name in names:
        (folder / "bin" / name).touch()
    os.utime(folder, (mtime, mtime))
    return folder / "bin"


def test_a_scheduler_is_found_in_the_newest_build_that_has_it() -> None:
    built("7.3-rc7-a", "7.3-rc7", "scx_simple", mtime=3)
    old = built("7.3.4-b", "7.3.4", "scx_simple", "scx_gone", mtime=1)
    new = built("7.3.4-c", "7.3.4", "scx_simple", mtime=2)
    built(".7.4-d.partial", "7.4", "scx_simple", mtime=4)
    assert tools.find_tool("scx_simple") == new / "scx_simple"
    assert tools.find_tool("scx_gone") == old / "scx_gone"
    with pytest.raises(KtstrError, match=r"scheduler scx_x: .*; built are scx_gone, scx_simple$"):
        tools.find_tool("scx_x")


def test_without_a_build_the_command_is_named() -> None:
    with pytest.raises(KtstrError, match="`ktstr sched-build` builds"):
        tools.find_tool("scx_simple")


# The ends of real failed builds.
NO_SCRIPT = """\
make[1]: Entering directory '/tree/tools/lib/bpf'
  GEN     /out/libbpf/bpf_helper_defs.h
/bin/sh: 1: /tree/scripts/bpf_doc.py: not found
make[1]: *** [Makefile:156: /out/libbpf/bpf_helper_defs.h] Error 127
make: *** [Makefile:152: /out/libbpf/libbpf.a] Error 2
"""
NO_HEADER = """\
  CC      /out/bpftool/xlated_dumper.o
clang-16 -Wno-error=x -Werror -c scx_simple.c
xlated_dumper.c:15:10: fatal error: 'disasm.h' file not found
#include "disasm.h"
1 warning and 1 error generated.
make[1]: *** [Makefile:297: /out/bpftool/xlated_dumper.o] Error 1
"""


@pytest.mark.parametrize(
    ("output", "line"),
    [
        (NO_SCRIPT, "/bin/sh: 1: /tree/scripts/bpf_doc.py: not found"),
        (NO_HEADER, "xlated_dumper.c:15:10: fatal error: 'disasm.h' file not found"),
        ("make: *** No rule to make target 'x'.  Stop.\n", "make: *** No rule to make target 'x'.  Stop."),
        ("one\ntwo\n\n", "two"),
        ("", "no output"),
    ],
)
def test_the_first_error_of_a_build(output: str, line: str) -> None:
    assert first_error(output) == line


def test_missing_tools_are_named_with_their_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clang = tmp_path / "clang-16"
    clang.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "clang version 16.0.6"\n')
    clang.chmod(0o755)
    (tmp_path / "sh").symlink_to("/bin/sh")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("KTSTR_CLANG", raising=False)
    with pytest.raises(KtstrError) as caught:
        tools.build_tools()
    assert str(caught.value) == (
        "building the kernel's schedulers needs ld.lld-16, llvm-ar-16, llvm-strip-16, make, python3, gelf.h, zlib.h "
        "(Debian: libelf-dev lld-16 llvm-16 make python3 zlib1g-dev)"
    )
    clang.write_text('#!/bin/sh\necho "clang version 14.0.6"\n')
    with pytest.raises(KtstrError, match=r"clang 14\.0\.6 is too old .* install 16 or later"):
        tools.build_tools()


def toolchain(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clang and its companions that only print their version, before the real programs in PATH."""
    for name in ("clang-99", "ld.lld-99", "llvm-ar-99", "llvm-strip-99"):
        path = folder / name
        path.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "clang version 99.0.1"\nexit 0\n')
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.delenv("KTSTR_CLANG", raising=False)


@pytest.mark.parametrize(
    ("llvm", "linker"), [("1", "ld.lld"), ("-16", "ld.lld-16"), ("/opt/llvm/bin/", "/opt/llvm/bin/ld.lld")]
)
def test_the_linker_is_the_one_that_the_makefiles_take(llvm: str, linker: str) -> None:
    assert Toolchain(Compiler(("clang",), "16.0.6", "clang of the test"), llvm).linker == linker


def tree(folder: Path, makefile: str) -> SourceTree:
    (folder / "tools/sched_ext").mkdir(parents=True)
    (folder / "tools/sched_ext/Makefile").write_text(makefile)
    return SourceTree(parse_version("7.3.4"), "1a2b3c4d", folder)


def kernel(folder: Path, version: str) -> Kernel:
    return Kernel("key", version, version, "source", folder / "vmlinux", version, folder / "config", True)


MAKEFILE = "all:\n\tmkdir -p $(O)/build/bin && echo $(LLVM) $(VMLINUX_BTF) > $(O)/build/bin/scx_simple\n"


@pytest.mark.skipif(not shutil.which("make"), reason="needs make")
def test_a_build_is_kept_by_what_went_into_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toolchain(tmp_path, monkeypatch)
    source = tree(tmp_path / "tree", MAKEFILE)
    monkeypatch.setattr(tools, "fetch_tree", lambda series: source)
    folder = tools.build_tools(kernel(tmp_path, "7.3.4"))
    assert (folder / "scx_simple").read_text() == f"-99 {tmp_path / 'vmlinux'}\n"
    assert "VMLINUX_BTF" in (folder.parent / "build.log").read_text()
    (source.path / "tools/sched_ext/Makefile").write_text("not built again\n")
    assert tools.build_tools(kernel(tmp_path, "7.3.4")) == folder
    assert tools.find_tool("scx_simple") == folder / "scx_simple"


@pytest.mark.skipif(not shutil.which("make"), reason="needs make")
def test_a_failed_build_is_its_first_error_and_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toolchain(tmp_path, monkeypatch)
    source = tree(tmp_path / "tree", "all:\n\t@echo \"x.c:1: error: no type 'struct y'\"; false\n")
    monkeypatch.setattr(tools, "fetch_tree", lambda series: source)
    with pytest.raises(KtstrError) as caught:
        tools.build_tools(kernel(tmp_path, "7.0.1"))
    message = str(caught.value)
    assert message.startswith(
        "schedulers of 7.3.4: x.c:1: error: no type 'struct y'; it needs the types of a kernel 7.3, not 7.0.1"
    )
    log = Path(message.rpartition("(full log: ")[2].rstrip(")"))
    assert "error: no type" in log.read_text()
    assert not [path for path in (cache_dir() / "schedulers").iterdir() if not path.name.endswith(".lock")]


def test_types_without_sched_ext_are_refused_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = SourceTree(parse_version("6.12.107"), "0123abcd", tmp_path)
    monkeypatch.setattr(tools, "find_toolchain", lambda: None)
    monkeypatch.setattr(tools, "fetch_tree", lambda series: tree)
    kernel = Kernel(
        "k", "6.12.107", "r", "s", tmp_path / "vmlinux", "0", tmp_path / "config", sched_ext=False
    )
    with pytest.raises(
        KtstrError, match=r"^kernel 6\.12\.107: built without CONFIG_SCHED_CLASS_EXT, .*kernel-build"
    ):
        tools.build_tools(kernel, "6.12")
