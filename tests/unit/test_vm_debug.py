"""A run that is recorded and replayed: QEMU's commands, and the disk that its snapshots are in."""

from __future__ import annotations

import shutil
import struct
import subprocess
import time
from pathlib import Path

import pytest
from vm_stand_in import a_job

from ktstr.base.stamp import is_settled, stamp_of
from ktstr.toolchain.compiler import compile_shared
from ktstr.vm.qemu.command import record_command, replay_command
from ktstr.vm.qemu.debug import can_record
from ktstr.vm.qemu.disk import empty_disk
from ktstr.vm.qemu.program import Qemu


def commands(folder: Path) -> tuple[list[str], list[str]]:
    """How the run of a job is recorded, and how it is replayed."""
    job, qemu = a_job(folder, "1n1l1c1t"), Qemu(Path("/qemu"), "7.2.0")
    disk, gdb = folder / "snapshots.qcow2", folder / "gdb.sock"
    return (
        record_command(qemu, job, folder, Path("/initramfs"), disk),
        replay_command(qemu, job, folder, Path("/initramfs"), disk, "near", gdb, 7),
    )


def test_a_run_is_replayed_on_the_machine_that_was_recorded(tmp_path: Path) -> None:
    recorded, replayed = commands(tmp_path)
    only_replayed = [word for word in replayed if word not in recorded]
    assert only_replayed == [
        f"shift=2,sleep=off,rr=replay,rrfile={tmp_path}/record.bin,rrsnapshot=near",
        *("-S", "-gdb", f"unix:{tmp_path}/gdb.sock,server=on,wait=off"),
        *("socket,id=qmp,fd=7", "-mon", "chardev=qmp,mode=control"),
    ]
    assert f"shift=2,sleep=off,rr=record,rrfile={tmp_path}/record.bin,rrsnapshot=start" in recorded


def test_only_one_cpu_can_be_recorded(tmp_path: Path) -> None:
    assert can_record(a_job(tmp_path, "1n1l1c1t"))
    assert not can_record(a_job(tmp_path, "1n1l2c1t"))


def test_an_empty_disk_is_a_valid_image(tmp_path: Path) -> None:
    image = empty_disk()
    magic, version = struct.unpack_from(">4sI", image)
    assert (magic, version, len(image)) == (b"QFI\xfb", 3, 4 << 16)
    if qemu_img := shutil.which("qemu-img"):
        (tmp_path / "disk").write_bytes(image)
        checked = subprocess.run(
            [qemu_img, "check", "-f", "qcow2", tmp_path / "disk"], check=True, capture_output=True
        )
        assert b"No errors" in checked.stdout


@pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is missing")
def test_a_library_is_built_again_if_a_part_of_it_has_changed(tmp_path: Path) -> None:
    whole, part = tmp_path / "whole.c", tmp_path / "part.c"
    whole.write_text('#include "part.c"\n')
    while not is_settled(stamp_of(whole)):  # then it is known by its stamp
        time.sleep(0.02)
    built = []
    for text in ("int f(void);", "int f(void);", "int g(void);"):
        part.write_text(text)
        built.append(compile_shared("a-library", [whole], [part]))
    assert built[0] == built[1] != built[2]
