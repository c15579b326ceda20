"""Tasks that pass on what a user wrote: the options of `bisect`, `shell` and `initramfs` as requests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from invoke import Context, Exit
from vm_stand_in import a_job

from ktstr import KtstrError
from ktstr.bisect import command
from ktstr.bisect.step import Options
from ktstr.guest import agent
from ktstr.guest import initramfs as packing
from ktstr.kernel import resolve
from ktstr.shell import session
from ktstr.tasks.bisect import bisect
from ktstr.tasks.guest import initramfs
from ktstr.tasks.shell import shell


def test_bisect_passes_on_its_options(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(command, "run_bisect", asked.append)
    bisect(Context(), test="steady", good="7.0", bad="7.3", clock="virtual", fresh=True)
    assert asked == [command.Request("steady", "7.0", "7.3", Options(clock="virtual"), True)]


@pytest.mark.parametrize("lacking", ["test", "good", "bad"])
def test_bisect_needs_a_test_and_both_ends(lacking: str) -> None:
    given = {"test": "steady", "good": "7.0", "bad": "7.3", lacking: None}
    with pytest.raises(KtstrError, match=r"^bisect: needs --test NAME, --good KERNEL and --bad KERNEL; or "):
        bisect(Context(), **given)


@pytest.mark.parametrize("status", [0, 3])
def test_the_shells_status_is_the_commands(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    asked: list[Any] = []

    def run_shell(request: Any, *_others: object) -> int:
        asked.append(request)
        return status

    monkeypatch.setattr(session, "run_shell", run_shell)
    if status:
        with pytest.raises(Exit) as exit_:
            shell(Context(), exec="false", include_files=["a", "b"], memory="512")
        assert exit_.value.code == status
    else:
        shell(Context(), exec="false", include_files=["a", "b"], memory="512")
    (request,) = asked
    assert (request.command, request.memory_mb) == ("false", "512")
    assert list(request.include) == [Path("a"), Path("b")]


@pytest.fixture
def packed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder with files to pack, and an agent that is not built."""
    job = a_job(tmp_path)
    monkeypatch.setattr(resolve, "resolve", lambda _spec: [job.kernel])
    monkeypatch.setattr(agent, "build_agent", lambda *_sources: tmp_path / "init")
    monkeypatch.setattr(packing, "base_files", lambda *_arguments: list(job.files))
    return tmp_path


def test_an_initramfs_lists_each_file_with_its_reason(
    packed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = packed / "out.cpio"
    initramfs(Context(), output=str(output))
    begun, first, _, last = capsys.readouterr().out.splitlines()
    assert begun == "looking the kernel up"
    assert first.split(maxsplit=2) == ["/init", "4", "a test"]
    assert last == f"{output}: {output.stat().st_size:,} bytes, kernel 7.0.13"
    assert output.stat().st_size > 100


def test_an_output_that_cannot_be_written_is_one_line(packed: Path) -> None:
    with pytest.raises(KtstrError, match=r"^--output .*/none/out: No such file or directory$"):
        initramfs(Context(), output=str(packed / "none" / "out"))
