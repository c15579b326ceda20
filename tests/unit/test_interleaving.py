"""Interleavings as data: what the plugin is told, what it reports, and whose results know of it."""

import struct
from dataclasses import replace
from pathlib import Path

import pytest
from vm_stand_in import a_job

from ktstr.base.errors import KtstrError
from ktstr.instrument.explored import Block, Stop, read_explored
from ktstr.instrument.interleaving import Draws, Interleaving, SwitchPoint
from ktstr.instrument.parts import Part
from ktstr.vm.qemu.plugins import why_not_interleaved
from ktstr.vm.qemu.program import Qemu
from ktstr.vm.stored import job_from_json, job_to_json

POINTS = (SwitchPoint(0, 3, 0, 1000), SwitchPoint(0xABC, 70, 12, 2_000_000))
DRAWS = Draws(7, 50_000, True, 1000, 2000, 12, 400, start=71, of_cpus=(0, 63))
HEAD = b"ktstr-explore-1\n"


@pytest.mark.parametrize("one", [Interleaving(), Interleaving(POINTS), Interleaving(POINTS, DRAWS)])
def test_what_is_written_for_the_plugin_is_read_again(one: Interleaving) -> None:
    assert Interleaving.parse(str(one)) == one


def test_the_plugins_lines() -> None:
    assert str(Interleaving(POINTS, DRAWS)) == (
        "point 0 3 0 1000\npoint abc 70 12 2000000\ndraw 7 71 50000 1 1000 2000 12 400 9223372036854775809\n"
    )


@pytest.mark.parametrize(
    "text", ["point 3 0", "point 1 2 3 -4", "stand 1 2 3", "draw 1 2", "\n", "point a 5 0 1\npoint a 5 9 9"]
)
def test_another_text_is_refused(text: str) -> None:
    with pytest.raises(KtstrError, match=r"^interleaving: "):
        Interleaving.parse(text)


def test_a_job_with_another_interleaving_is_another_job_and_one_without_is_as_it_was(tmp_path: Path) -> None:
    job = a_job(tmp_path)
    other = replace(job, interleaving=str(Interleaving(POINTS)))
    third = replace(job, interleaving=str(Interleaving(POINTS[:1])))
    assert len({job.digest(), other.digest(), third.digest()}) == 3
    assert job_from_json(job_to_json(other)).interleaving == other.interleaving
    older = job_to_json(job).replace('"interleaving": "",\n', "")
    assert "interleaving" not in older
    assert job_from_json(older) == job


def test_without_the_virtual_clock_or_plugins_it_cannot_be_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    qemu = Qemu(Path("/usr/bin/qemu"), "7.2.22", True, "a digest")
    job = replace(a_job(tmp_path), clock="real", interleaving=str(Interleaving(POINTS)))
    assert why_not_interleaved(qemu, replace(job, interleaving=""), "kvm") is None
    assert why_not_interleaved(qemu, job, "kvm") == (
        "an interleaving can only be chosen with the virtual clock; give --clock virtual"
    )
    monkeypatch.setattr("ktstr.vm.qemu.plugins.help_of", lambda _path: "-monitor dev\n")
    assert why_not_interleaved(qemu, replace(job, clock="virtual"), "tcg") == (
        "an interleaving cannot be chosen: /usr/bin/qemu was built without TCG plugins"
    )


def part(kind: Part, data: bytes) -> bytes:
    return struct.pack("<QQ", kind, len(data)) + data


def test_the_report_of_a_run(tmp_path: Path) -> None:
    owner = struct.pack("<IIQQQQQ128s", 0, 1, 1, 16, 32, 0x1000, 0x1100, b"bpf_prog_1_mine_enqueue")
    stop = struct.pack("<QQQQQQIIII", 0xABC, 70, 99, 2_000_000, 123, 0x1008, 0, 12, 2, 0)
    path = tmp_path / "explore-1.bin"
    whole = (
        HEAD
        + part(Part.OWNER, owner)
        + part(Part.STOPS, stop)
        + part(Part.BLOCKS, struct.pack("<QQIIQ", 0x1000, 5, 0, 0, 0xABC))
        + part(Part.NEWS, struct.pack("<QQ", 8, 9))
        + part(Part.END, b"")
    )
    path.write_bytes(whole)
    explored = read_explored(path)
    assert explored.stops == (Stop(POINTS[1], 99, 2, 123, 0x1008, 0),)
    assert explored.points == POINTS[1:]
    assert (explored.stood_ns, explored.entries) == (2_000_000, 5)
    assert explored.blocks == (Block(0x1000, 5, 0, 0xABC),)
    assert explored.news == {8, 9}
    assert [one.name for one in explored.owners] == ["bpf_prog_1_mine_enqueue"]
    path.write_bytes(whole[:-8])
    with pytest.raises(KtstrError, match="end early"):
        read_explored(path)
