"""Remembered results: what is kept, and what counts as no result."""

import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ktstr.base import cache
from ktstr.instrument.plugin import COUNTS, counts_file
from ktstr.vm.remembered import recall, remember
from ktstr.vm.result import Ending, VmResult

COUNTED = counts_file(COUNTS)
WHOLE = b"counts" + struct.pack("<QQ", 6, 0)  # its end, as c/out.h has it


def a_result(**changes: Any) -> VmResult:
    result = VmResult(
        ending=Ending.DONE,
        why="",
        events=({"ev": "boot", "t": 1, "text": "caf\u00e9"},),
        console="up\n",
        qemu_output="a warning\n",
        command=("/usr/bin/qemu", "-nodefaults"),
        accelerator="tcg",
        clock="virtual",
        qemu_version="7.2.22",
        turn_ns=99_733,
        wall_s=1.5,
        start="clone",
        template="abc",
        template_boot_s=3.25,
    )
    return replace(result, **changes)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run's, with the files that `a_result` was read from."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "console.log").write_text("up\n")
    (folder / "events.jsonl").write_text('{"ev":"boot","t":1,"text":"caf\\u00c3\\u00a9"}\n')
    return folder


def test_a_result_comes_back_as_it_was(folder: Path, tmp_path: Path) -> None:
    remember("k", a_result(), folder)
    again = tmp_path / "again"
    again.mkdir()
    assert recall("k", again) == a_result(start="remembered", template_boot_s=0.0)
    assert (again / "console.log").read_text() == "up\n"
    assert (again / "events.jsonl").read_bytes() == (folder / "events.jsonl").read_bytes()


def test_a_result_that_was_not_remembered_is_not_recalled(folder: Path) -> None:
    assert recall("k", folder) is None


@pytest.mark.parametrize("ending", Ending)
def test_only_endings_that_the_guest_decided_are_remembered(folder: Path, ending: Ending) -> None:
    remember("k", a_result(ending=ending), folder)
    hosts_doing = {Ending.TIMEOUT, Ending.QEMU_DIED, Ending.AGENT_FAILED}
    assert (recall("k", folder) is None) == (ending in hosts_doing)


def test_a_real_clocks_result_is_not_remembered(folder: Path) -> None:
    remember("k", a_result(clock="real"), folder)
    assert recall("k", folder) is None


def test_a_newer_result_replaces_what_was_remembered(folder: Path) -> None:
    remember("k", a_result(), folder)
    remember("k", a_result(wall_s=9.0), folder)
    recalled = recall("k", folder)
    assert recalled is not None
    assert recalled.wall_s == 9.0


@pytest.mark.parametrize("name", ["events.jsonl", "console.log", "result.json"])
def test_one_changed_byte_of_a_remembered_result_is_noticed(
    folder: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    remember("k", a_result(), folder)
    kept = cache.cache_dir() / "results" / "k"
    data = (kept / name).read_bytes()
    (kept / name).write_bytes(data[:-2] + bytes([data[-2] ^ 1]) + data[-1:])
    assert recall("k", folder) is None
    said = f"ktstr: {kept}: {name}: its content has changed; running the job again\n"
    assert capsys.readouterr().err == said


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("result.json", None),
        ("result.json", ""),
        ("result.json", "{}"),
        ("result.json", "[]"),
        ("result.json", '{"ending": "done"'),
        ("result.json", '{"ending": "of another version", "command": []}'),
        ("result.json", '{"ending": "done", "command": [], "field": "of another version"}'),
        ("console.log", None),
        ("events.jsonl", None),
    ],
)
def test_a_remembered_result_that_cannot_be_read_is_none(
    folder: Path, name: str, content: str | None
) -> None:
    remember("k", a_result(), folder)
    path = cache.cache_dir() / "results" / "k" / name
    path.unlink() if content is None else path.write_text(content)
    assert recall("k", folder) is None
    remember("k", a_result(), folder)
    assert recall("k", folder) is not None


def test_a_result_keeps_what_was_counted_and_is_none_for_who_wants_more(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    remember("k", a_result(), folder)
    assert recall("k", tmp_path / "again", [COUNTED]) is None
    assert list((tmp_path / "again").iterdir()) == []
    (folder / COUNTED).write_bytes(WHOLE)
    remember("k", a_result(), folder)
    assert recall("k", tmp_path / "again", [COUNTED]) is not None
    assert (tmp_path / "again" / COUNTED).read_bytes() == WHOLE
