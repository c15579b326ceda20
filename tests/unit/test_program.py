"""A scheduler as a program of the guest: where it is searched for, what is packed with it, and the initramfs."""

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from vm_stand_in import a_job

from ktstr import EEVDF, KtstrError, Scheduler
from ktstr.guest.cpio import read_newc
from ktstr.guest.initramfs import LIBRARY_FOLDER, Packed, base_files, initramfs, program_files
from ktstr.run.program import Program, find_binary, scheduler_program
from ktstr.toolchain.compiler import host_compiler

SH = Path("/bin/sh")  # a dynamic program that every host has


@pytest.fixture(autouse=True)
def workspace(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A project's folder; there is no program anywhere else."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setenv("KTSTR_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("KTSTR_SCHEDULER", raising=False)
    return folder


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(SH, path)
    return path


# Looking for it


@pytest.mark.parametrize("folder", ["target/release", "target/debug", "build", "."])
def test_a_build_of_the_workspace_is_found(workspace: Path, folder: str) -> None:
    built = program(workspace / folder / "scx_mine")
    assert find_binary("scx_mine") == built


def test_a_release_build_comes_before_a_debug_build(workspace: Path) -> None:
    program(workspace / "target" / "debug" / "scx_mine")
    released = program(workspace / "target" / "release" / "scx_mine")
    assert find_binary("scx_mine") == released


def test_an_installed_program_is_found(tmp_path: Path) -> None:
    installed = program(tmp_path / "path" / "scx_mine")
    assert find_binary("scx_mine") == installed


def test_a_file_that_cannot_be_executed_is_not_found(workspace: Path) -> None:
    (workspace / "scx_mine").write_text("notes")
    with pytest.raises(KtstrError, match="'scx_mine' was not found"):
        find_binary("scx_mine")


def test_a_variable_of_its_name_comes_first(
    monkeypatch: pytest.MonkeyPatch, workspace: Path, tmp_path: Path
) -> None:
    program(workspace / "target" / "release" / "scx-mine")
    chosen = program(tmp_path / "elsewhere" / "mine")
    monkeypatch.setenv("KTSTR_SCHEDULER", str(program(tmp_path / "any")))
    monkeypatch.setenv("KTSTR_SCHEDULER_BIN_SCX_MINE", str(chosen))
    assert find_binary("scx-mine") == chosen


def test_a_variable_that_names_no_file_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KTSTR_SCHEDULER", "/nowhere/mine")
    with pytest.raises(KtstrError, match=r"^KTSTR_SCHEDULER=/nowhere/mine: no such file$"):
        find_binary("mine")


def test_a_missing_program_is_reported_with_the_places_searched() -> None:
    with pytest.raises(KtstrError) as refused:
        find_binary("scx_mine")
    assert str(refused.value) == (
        "binary 'scx_mine' was not found: looked in $KTSTR_SCHEDULER_BIN_SCX_MINE, $KTSTR_SCHEDULER,"
        " target/release/, target/debug/, build/, ./ and PATH; build it, or set binary_path="
    )


# Packing it


def test_the_kernels_default_needs_no_program(tmp_path: Path) -> None:
    assert scheduler_program(EEVDF, a_job(tmp_path).kernel, ()) == Program((), ())


def test_a_program_is_packed_and_run_with_its_arguments(tmp_path: Path) -> None:
    mine = Scheduler("mine", binary_path=program(tmp_path / "scx_mine"))
    packed = scheduler_program(mine, a_job(tmp_path).kernel, ("-v",))
    assert packed.command == ("/ktstr/bin/scx_mine", "-v")
    assert (packed.files[0].path, packed.files[0].why) == ("/ktstr/bin/scx_mine", "scheduler mine")


def test_libraries_go_to_one_folder_and_the_loader_where_programs_ask_for_it() -> None:
    folders = {str(Path(file.path).parent) for file in program_files(SH, "/ktstr/bin/sh", "a test")[1:]}
    assert LIBRARY_FOLDER in folders
    assert folders - {LIBRARY_FOLDER, "/lib64", "/lib"} == set()


def test_a_library_needed_by_its_path_is_packed_at_that_path(
    monkeypatch: pytest.MonkeyPatch, workspace: Path
) -> None:
    monkeypatch.setenv("PATH", os.defpath)
    (workspace / "library.c").write_text("int f(void) { return 0; }")
    (workspace / "main.c").write_text("int f(void); int main(void) { return f(); }")
    (workspace / "out").mkdir()
    for arguments in (
        ["-shared", "-fPIC", "library.c", "-o", "out/f.so"],
        ["main.c", "out/f.so", "-o", "main"],
    ):
        subprocess.run([*host_compiler().command, *arguments], check=True)
    files = program_files(workspace / "main", "/ktstr/bin/main", "a test")
    assert "/out/f.so" in [file.path for file in files]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"#!/bin/sh\nexec mine\n", "not an ELF program; the guest has no interpreter for anything else"),
        (b"", "not an ELF program"),
        (b"\x7fELF\x02\x01" + b"\xff" * 60, "a damaged ELF file"),
        (None, "no such file"),
    ],
)
def test_a_file_that_is_not_a_program_is_refused_by_scheduler(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    path = tmp_path / "scx_mine"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(KtstrError, match=rf"^scheduler mine: {path}: {message}"):
        scheduler_program(Scheduler("mine", binary_path=path), a_job(tmp_path).kernel, ())


# The initramfs


def files(folder: Path) -> list[Packed]:
    for name in ("agent", "config"):
        (folder / name).write_text(name)
    return base_files(folder / "agent", folder / "config", "7.0.13")


def test_a_guest_has_the_agent_as_init_and_its_kernels_configuration(tmp_path: Path) -> None:
    entries = {entry.path: entry for entry in read_newc(initramfs(files(tmp_path)).read_bytes())}
    assert (entries["/init"].data, entries["/init"].mode) == (b"agent", stat.S_IFREG | 0o755)
    assert entries["/boot/config-7.0.13"].data == b"config"
    assert entries["/dev/console"].rdev == (5, 1)
    assert {"/proc", "/sys", "/tmp", "/run"} <= set(entries)


def test_the_same_files_are_packed_once_whatever_their_order(tmp_path: Path) -> None:
    assert initramfs(files(tmp_path)) == initramfs(files(tmp_path)[::-1])


@pytest.mark.parametrize("name", ["agent", "config"])
def test_another_content_is_another_initramfs(tmp_path: Path, name: str) -> None:
    packed = files(tmp_path)
    before = initramfs(packed)
    (tmp_path / name).write_text("another")
    again = base_files(tmp_path / "agent", tmp_path / "config", "7.0.13")
    assert initramfs(again) != before
