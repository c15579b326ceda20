"""The shared libraries of a program: the dynamic loader agrees, and damaged files are refused."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ktstr import KtstrError
from ktstr.guest.elf import closure, read_elf
from ktstr.toolchain.compiler import host_compiler


def as_the_loader_says(program: Path, **environment: str) -> set[Path]:
    """The libraries that ld.so loads for `program`; "not found" ones are not among them."""
    traced = subprocess.run(
        [str(program)],
        env={**os.environ, "LD_TRACE_LOADED_OBJECTS": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    return {Path(path).resolve() for path in re.findall(r"(/\S+) \(0x", traced)}


def ours(program: Path) -> set[Path]:
    return {library.source for library in closure(program)}


PROGRAMS = [path for name in ("ls", "bash", "git", "tar", sys.executable) if (path := shutil.which(name))]


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_programs_libraries_are_those_that_the_loader_loads(program: str) -> None:
    assert ours(Path(program)) == as_the_loader_says(Path(program))


# Programs built for the test: main needs libouter, which needs libinner.

SOURCES = {
    "inner": "int inner(void) { return 0; }",
    "outer": "int inner(void); int outer(void) { return inner(); }",
    "main": "int outer(void); int main(void) { return outer(); }",
}


def link(output: Path, *arguments: str) -> Path:
    subprocess.run([*host_compiler().command, "-o", str(output), *arguments], check=True)
    return output


class Parts:
    """What the programs are linked from, compiled once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name, source in SOURCES.items():
            command = [
                *host_compiler().command,
                "-c",
                "-fPIC",
                "-x",
                "c",
                "-",
                "-o",
                str(folder / f"{name}.o"),
            ]
            subprocess.run(command, input=source.encode(), check=True)
        link(folder / "libinner.so", "-shared", str(folder / "inner.o"))

    def build(self, folder: Path, *flags: str, outer_flags: tuple[str, ...] = ()) -> Path:
        """`main` in `folder`, linked with `flags`; the libraries are in `folder`/lib."""
        lib = folder / "lib"
        lib.mkdir()
        shutil.copy(self.folder / "libinner.so", lib)
        found = (f"-L{lib}", f"-Wl,-rpath-link,{lib}")
        outer = ("-shared", str(self.folder / "outer.o"), "-linner")
        link(lib / "libouter.so", *found, *outer, *outer_flags)
        return link(folder / "main", *found, str(self.folder / "main.o"), "-louter", *flags)


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Parts:
    return Parts(tmp_path_factory.mktemp("parts"))


RPATH = ("-Wl,--disable-new-dtags", "-Wl,-rpath,$ORIGIN/lib")
RUNPATH = ("-Wl,--enable-new-dtags", "-Wl,-rpath,$ORIGIN/lib")
OUTER_RUNPATH = ("-Wl,--enable-new-dtags", "-Wl,-rpath,$ORIGIN")


def names(program: Path) -> list[str]:
    return [library.name for library in closure(program) if library.name.startswith(("libouter", "libinner"))]


def test_a_librarys_own_libraries_are_needed_too(parts: Parts, tmp_path: Path) -> None:
    main = parts.build(tmp_path, *RUNPATH, outer_flags=OUTER_RUNPATH)
    assert names(main) == ["libouter.so", "libinner.so"]
    assert ours(main) == as_the_loader_says(main)
    assert [library.needed_by for library in closure(main) if library.name == "libinner.so"] == [
        "libouter.so"
    ]


def test_an_rpath_counts_for_the_libraries_libraries(parts: Parts, tmp_path: Path) -> None:
    main = parts.build(tmp_path, *RPATH)
    assert ours(main) == as_the_loader_says(main)
    assert names(main) == ["libouter.so", "libinner.so"]


def test_a_runpath_counts_for_its_own_file_only(parts: Parts, tmp_path: Path) -> None:
    main = parts.build(tmp_path, *RUNPATH)
    assert tmp_path / "lib" / "libinner.so" not in as_the_loader_says(main)
    with pytest.raises(
        KtstrError, match=r"main: library libinner.so \(needed by libouter.so\) is not on this"
    ):
        closure(main)


def test_a_librarys_runpath_hides_the_programs_rpath(parts: Parts, tmp_path: Path) -> None:
    main = parts.build(tmp_path, *RPATH, outer_flags=("-Wl,--enable-new-dtags", "-Wl,-rpath,/nowhere"))
    assert tmp_path / "lib" / "libinner.so" not in as_the_loader_says(main)
    with pytest.raises(KtstrError, match=r"library libinner\.so"):
        closure(main)


def test_origin_is_where_the_program_really_is(parts: Parts, tmp_path: Path) -> None:
    main = parts.build(tmp_path, *RPATH)
    link = tmp_path / "elsewhere" / "main"
    link.parent.mkdir()
    link.symlink_to(main)
    assert ours(link) == as_the_loader_says(link)
    assert names(link) == ["libouter.so", "libinner.so"]


def test_the_library_path_counts(monkeypatch: pytest.MonkeyPatch, parts: Parts, tmp_path: Path) -> None:
    main = parts.build(tmp_path)
    monkeypatch.setenv("LD_LIBRARY_PATH", f":/nowhere:{tmp_path}/lib")
    assert ours(main) == as_the_loader_says(main)
    assert names(main) == ["libouter.so", "libinner.so"]


def test_a_missing_library_is_named_with_who_needs_it(parts: Parts, tmp_path: Path) -> None:
    main = parts.build(tmp_path)
    with pytest.raises(
        KtstrError, match=rf"^{main}: library libouter.so \(needed by main\) is not on this machine$"
    ):
        closure(main)


def test_a_file_that_is_not_a_library_is_refused(parts: Parts, tmp_path: Path) -> None:
    main = parts.build(tmp_path, *RPATH)
    (tmp_path / "lib" / "libinner.so").write_text("not a library")
    with pytest.raises(KtstrError, match=r"libinner.so \(needed by libouter.so\) is for another machine$"):
        closure(main)


def test_a_static_program_needs_nothing(tmp_path: Path) -> None:
    source = tmp_path / "main.c"
    source.write_text("int main(void) { return 0; }")
    assert closure(link(tmp_path / "main", "-static", str(source))) == []


@pytest.mark.parametrize("content", [b"", b"#!/bin/sh\n", b"\x7fELF", b"\x7fELF\x01\x01" + bytes(60)])
def test_a_file_that_is_not_64_bit_elf_gives_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    assert read_elf(path) is None


# Damage. A small dynamic program has everything that is read: headers, segments, the dynamic section, strings.


@pytest.fixture(scope="module")
def program(parts: Parts, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return parts.build(tmp_path_factory.mktemp("elf"), *RPATH).read_bytes()


def refusal(path: Path) -> str | None:
    """Why `path` is refused, or None if it can be read; any other exception fails the test."""
    try:
        read_elf(path)
        closure(path)
    except KtstrError as error:
        return str(error)
    return None


SHARED_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@SHARED_FOLDER
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused(program: bytes, tmp_path: Path, data: st.DataObject) -> None:
    damaged = bytearray(program)
    strings = program.index(b"libouter.so\0")
    headers = st.integers(0, 64 + 13 * 56)
    places = headers | st.integers(strings - 64, strings + 64) | st.integers(0, len(program) - 8)
    for _ in range(data.draw(st.integers(1, 3))):
        at, size = data.draw(places), data.draw(st.sampled_from([1, 2, 8]))
        extremes = st.sampled_from([bytes(size), b"\xff" * size])
        damaged[at : at + size] = data.draw(extremes | st.binary(min_size=size, max_size=size))
    path = tmp_path / "damaged"
    path.write_bytes(damaged)
    assert (refusal(path) or str(path)).startswith(str(path))


@SHARED_FOLDER
@given(data=st.data())
def test_a_truncated_file_is_read_or_refused(program: bytes, tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "truncated"
    path.write_bytes(program[: data.draw(st.integers(0, len(program) - 1))])
    assert (refusal(path) or str(path)).startswith(str(path))


def test_a_program_header_beyond_the_file_is_refused(program: bytes, tmp_path: Path) -> None:
    path = tmp_path / "beyond"
    path.write_bytes(program[:32] + b"\xff" * 8 + program[40:])
    assert refusal(path) == f"{path}: a damaged ELF file: its program headers lead outside it (is it whole?)"
