"""Templates and their clones, with a stand-in for QEMU that can be kept and cloned."""

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from vm_monitored import monitored, starts
from vm_stand_in import a_job

from ktstr import KtstrError
from ktstr.base import cache, seal
from ktstr.vm.job import RunOptions
from ktstr.vm.qemu.accel import Accel
from ktstr.vm.qemu.program import find_qemu
from ktstr.vm.result import Ending, VmResult
from ktstr.vm.run import run

TCG = Accel("tcg", "virtual", "a test")
FRESH = RunOptions(fresh=True)


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KTSTR_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr("ktstr.vm.run.find_qemu", find_qemu.__wrapped__)


@pytest.fixture
def qemu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    program = monitored(tmp_path)
    monkeypatch.setenv("KTSTR_QEMU", str(program))
    return program


def ran(folder: Path, options: RunOptions = FRESH, **changes: Any) -> VmResult:
    return run(replace(a_job(folder), **changes), TCG, folder / "run", options)


def only_template() -> Path:
    (entry,) = cache.entries("templates")
    return entry.path


# How a job is run


@pytest.mark.usefixtures("qemu")
def test_the_first_job_boots_a_template_and_all_of_them_are_clones(tmp_path: Path) -> None:
    first, second = ran(tmp_path), ran(tmp_path, plan="hold 2\n")
    assert starts(tmp_path) == ["template", "clone", "clone"]
    assert (first.ending, first.start, second.start) == (Ending.DONE, "clone", "clone")
    assert first.template == second.template == only_template().name
    assert first.template_boot_s > second.template_boot_s == 0


@pytest.mark.usefixtures("qemu")
def test_a_clones_events_begin_in_its_template(tmp_path: Path) -> None:
    assert [event["ev"] for event in ran(tmp_path).events] == ["boot", "end"]


@pytest.mark.usefixtures("qemu")
def test_a_job_that_ran_before_is_remembered(tmp_path: Path) -> None:
    computed, remembered = ran(tmp_path, RunOptions()), ran(tmp_path, RunOptions())
    assert starts(tmp_path) == ["template", "clone"]
    assert (remembered.start, remembered.template_boot_s) == ("remembered", 0)
    assert remembered == replace(computed, start="remembered", template_boot_s=0)
    assert (tmp_path / "run" / "events.jsonl").read_text().count("\n") == 2
    assert ran(tmp_path, FRESH).start == "clone"


@pytest.mark.usefixtures("qemu")
def test_a_real_clock_has_no_result_to_remember(tmp_path: Path) -> None:
    real = Accel("tcg", "real", "a test")
    job = replace(a_job(tmp_path), clock="real")
    assert [run(job, real, tmp_path / "run").start for _ in range(2)] == ["clone", "clone"]


@pytest.mark.usefixtures("qemu")
def test_a_cold_job_is_booted_and_has_a_result_of_its_own(tmp_path: Path) -> None:
    assert [ran(tmp_path, RunOptions(cold=True)).start for _ in range(2)] == ["boot", "remembered"]
    assert ran(tmp_path, RunOptions()).start == "clone"


def test_a_guest_that_does_not_boot_is_booted_again_to_show_why(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KTSTR_QEMU", str(monitored(tmp_path, keeps=False)))
    result = ran(tmp_path)
    assert (starts(tmp_path), result.start, result.template) == (["template", "boot"], "boot", "")
    assert cache.entries("templates") == []


def test_a_guest_that_had_to_be_booted_is_not_remembered_as_a_clone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KTSTR_QEMU", str(monitored(tmp_path, keeps=False)))
    assert [ran(tmp_path, RunOptions()).start for _ in range(2)] == ["boot", "boot"]
    assert ran(tmp_path, RunOptions(cold=True)).start == "remembered"
    monitored(tmp_path)
    assert ran(tmp_path, RunOptions()).start == "clone"


def test_a_template_whose_qemu_is_killed_is_booted_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KTSTR_QEMU", str(monitored(tmp_path, killed=1)))
    result = ran(tmp_path, RunOptions())
    assert (starts(tmp_path), result.start) == (["template", "template", "clone"], "clone")
    said = "ktstr: booting 7.0.13 on 1n1l2c1t to clone it: QEMU ended with signal 9; trying again\n"
    assert capfd.readouterr().err == said
    assert ran(tmp_path, RunOptions()).events == result.events


def test_a_template_whose_qemu_is_killed_each_time_is_an_error_of_the_host(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KTSTR_QEMU", str(monitored(tmp_path, killed=9)))
    with pytest.raises(
        KtstrError, match=r"to clone it: QEMU ended with signal 9, 2 times: the host may lack memory, or room"
    ):
        ran(tmp_path, RunOptions())
    assert starts(tmp_path) == ["template", "template"], "no boot in its place"
    assert cache.entries("results", "templates") == []


def test_a_clone_that_qemu_refuses_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KTSTR_QEMU", str(monitored(tmp_path, takes=False)))
    with pytest.raises(KtstrError, match=r"^a clone of template \w{24} could not be started: QEMU refused"):
        ran(tmp_path)


def test_a_disk_without_room_is_one_line(qemu: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(
        KtstrError, match=r"MiB free, and a template of this guest may take 999999999; make room"
    ):
        ran(tmp_path, memory_mb=999_999_999)
    assert starts(tmp_path) == []


# Damaged templates


def truncated(folder: Path) -> None:
    os.truncate(folder / "state", 3)


def longer(folder: Path) -> None:
    with (folder / "node-0").open("ab") as file:
        file.write(b"x")


def of_another_format(folder: Path) -> None:
    with (folder / "state").open("r+b") as file:
        file.write(b"what")


def without_memory(folder: Path) -> None:
    (folder / "node-0").unlink()


def without_a_description(folder: Path) -> None:
    (folder / "template.json").unlink()


def in_one_bit(folder: Path) -> None:
    with (folder / "node-0").open("r+b") as memory:
        memory.seek(700_000)
        memory.write(b"\1")


def in_its_events(folder: Path) -> None:
    events = folder / "events.jsonl"
    before = events.stat()
    events.write_text(events.read_text().replace("1", "2"))
    os.utime(events, ns=(before.st_atime_ns, before.st_mtime_ns))


def without_a_seal(folder: Path) -> None:
    seal.seal_of(folder).unlink()


def sealed_in_half(folder: Path) -> None:
    os.truncate(seal.seal_of(folder), 20)


def sealed_in_other_words(folder: Path) -> None:
    seal.seal_of(folder).write_text("[1]")


DAMAGE: dict[Callable[[Path], None], str] = {
    truncated: "state: 3 bytes, not 22",
    longer: "node-0: 1048577 bytes, not 1048576",
    of_another_format: "state: its content has changed",
    without_memory: "node-0: No such file or directory",
    without_a_description: "template.json: No such file or directory",
    in_one_bit: "node-0: its content has changed",
    in_its_events: "events.jsonl: its content has changed",
    without_a_seal: ".KEY.seal: No such file or directory",
    sealed_in_half: ".KEY.seal: not what was written",
    sealed_in_other_words: ".KEY.seal: not what was written",
}


@pytest.mark.usefixtures("qemu")
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_template_is_noticed_and_replaced(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    before = ran(tmp_path)
    damage(only_template())
    assert seal.damage(only_template(), whole=True) == DAMAGE[damage].replace("KEY", before.template)
    after = ran(tmp_path)
    assert starts(tmp_path) == ["template", "clone"] * 2
    assert after.events == before.events
    assert seal.damage(only_template(), whole=True) is None


@pytest.mark.usefixtures("qemu")
def test_a_copied_cache_is_read_once(tmp_path: Path) -> None:
    ran(tmp_path)
    template = only_template()
    shutil.copytree(template, tmp_path / "copy")
    shutil.rmtree(template)
    shutil.copytree(tmp_path / "copy", template)
    before = seal.seal_of(template).read_text()
    ran(tmp_path)
    assert starts(tmp_path) == ["template", "clone", "clone"]
    assert seal.seal_of(template).read_text() != before, "its stamps are those of the copies"


def test_a_template_that_another_process_has_replaced_stays(tmp_path: Path) -> None:
    """If two processes see the damage, the second gets the lock when the first has replaced the template."""
    path = cache.entry("templates", "k", "making", lambda folder: (folder / "whole").touch())
    cache.discard("templates", "k", "removing", lambda folder: not (folder / "whole").exists())
    assert path.is_dir()
    (path / "whole").unlink()
    cache.discard("templates", "k", "removing", lambda folder: not (folder / "whole").exists())
    assert not path.exists()


# The digest of a sparse file


def test_a_hole_equals_zeros(tmp_path: Path) -> None:
    data = os.urandom(1000)
    with (tmp_path / "sparse").open("wb") as file:
        file.seek(1 << 20)
        file.write(data)
        file.truncate(1 << 21)
    (tmp_path / "full").write_bytes(bytes(1 << 20) + data + bytes((1 << 20) - 1000))
    assert (tmp_path / "sparse").stat().st_blocks < (tmp_path / "full").stat().st_blocks
    assert seal.content_digest(tmp_path / "sparse") == seal.content_digest(tmp_path / "full")


def test_the_place_of_data_counts(tmp_path: Path) -> None:
    digests = set()
    for at in (0, 1, 1 << 16, 1 << 20):
        with (tmp_path / "file").open("wb") as file:
            file.seek(at)
            file.write(b"data")
            file.truncate(1 << 21)
        digests.add(seal.content_digest(tmp_path / "file"))
    assert len(digests) == 4
