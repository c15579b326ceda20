"""Executors: this machine's, and the commands that a shell's guest runs through one."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

import pytest
from fake_executor import FakeExecutor, recorded
from vm_stand_in import a_job, stand_in

from ktstr import KtstrError
from ktstr.base.cancel import Cancel, Cancelled
from ktstr.base.topology import Topology
from ktstr.shell import output
from ktstr.shell.frames import Frame, Kind, encode
from ktstr.shell.guest import Guest
from ktstr.vm.executor import Executor, Talk
from ktstr.vm.host import Accel
from ktstr.vm.job import DEFAULT_OPTIONS, RunOptions, VmJob
from ktstr.vm.local import LocalExecutor
from ktstr.vm.qemu.program import find_qemu
from ktstr.vm.result import Ending, VmResult


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Executor:
    """This machine's, with a stand-in for the emulator."""
    monkeypatch.setenv("KTSTR_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("KTSTR_QEMU", str(stand_in(tmp_path, "exit 33", "10.0.3")))
    for place in ("ktstr.vm.host", "ktstr.vm.run", "ktstr.vm.qemu.accel"):
        monkeypatch.setattr(f"{place}.find_qemu", find_qemu.__wrapped__)
    return LocalExecutor()


def test_this_machine_says_what_it_can_run(local: Executor) -> None:
    accel = local.accelerator("virtual", 2)
    assert (accel.name, accel.clock, local.emulator) == ("tcg", "virtual", "10.0.3")
    assert local.capacity >= 1
    assert local.cpu_turn_ns(8, bounded=True) == 797_866
    assert local.cpu_turn_ns(8, bounded=False) == 4_000_000
    assert local.refusal(Topology(1, 1, 2, 1), accel) is None
    assert str(local.refusal(Topology(1, 2, 128, 1), accel)).startswith("topology 1n2l128c1t: ")
    assert local.refusal(Topology(1, 2, 128, 1), local.accelerator("real", 256)) is None
    assert str(local.refusal(Topology(129, 129, 1, 1), accel)).startswith("topology 129n129l1c1t: ")
    assert local.refusal(Topology(1, 2, 128, 1), Accel("kvm", "real", "a test")) is None


def test_this_machine_runs_a_job_or_is_cancelled(local: Executor, tmp_path: Path) -> None:
    accel, cold = local.accelerator("virtual"), RunOptions(cold=True)
    result = local.run(a_job(tmp_path), accel, tmp_path / "run", cold)
    assert (result.ending, result.start) == (Ending.DONE, "boot")
    cancel = Cancel()
    cancel.cancel()
    with pytest.raises(Cancelled):
        local.run(a_job(tmp_path), accel, tmp_path / "run", cold, cancel=cancel)


class Talked(FakeExecutor):
    """A guest that sends these frames through its channel and then ends."""

    def __init__(self, *frames: Frame, why: str = "") -> None:
        super().__init__(replace(recorded("passed"), why=why), clock="real")
        self._frames = frames

    def run(
        self,
        job: VmJob,
        accel: Accel,
        folder: Path,
        options: RunOptions = DEFAULT_OPTIONS,
        *,
        talk: Talk | None = None,
        cancel: Cancel | None = None,
    ) -> VmResult:
        assert talk is not None
        folder.mkdir(parents=True)
        ours, guests = socket.socketpair()
        with ours, guests:
            guests.sendall(b"".join(encode(frame) for frame in self._frames))
            guests.shutdown(socket.SHUT_WR)
            talk(ours)
        return super().run(job, accel, folder, options)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> VmJob:
    """The job of every guest that a command is run in."""
    job = replace(a_job(tmp_path), channel=True, clock="real")
    monkeypatch.setattr(output, "shell_guest", lambda *_arguments: Guest(job, ()))
    return job


def test_a_commands_output_is_all_that_it_wrote(asked: VmJob, tmp_path: Path) -> None:
    frames = [Frame(Kind.OUTPUT, b"a\n"), Frame(Kind.OUTPUT, b"b\n"), Frame(Kind.STATUS, b"\0")]
    executor = Talked(*frames)
    assert output.output_of(asked.kernel, "cat x", tmp_path / "guest", executor) == b"a\nb\n"
    assert executor.jobs == [asked]
    assert not (tmp_path / "guest").exists()


@pytest.mark.parametrize(
    ("frames", "why"),
    [([Frame(Kind.STATUS, b"\3")], "status 3"), ([Frame(Kind.OUTPUT, b"a")], "it was gone")],
)
def test_a_command_that_fails_is_named(asked: VmJob, tmp_path: Path, frames: list[Frame], why: str) -> None:
    with pytest.raises(KtstrError, match=rf"^cat x in a guest of kernel 7\.0\.13: {why}$"):
        output.output_of(asked.kernel, "cat x", tmp_path / "guest", Talked(*frames, why="it was gone"))
