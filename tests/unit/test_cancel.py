"""A run can be cancelled from another thread, whatever it is doing: it ends at once, and leaves no process."""

from __future__ import annotations

import fcntl
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from vm_monitored import monitored, starts
from vm_stand_in import a_job, ended, pid_in, stand_in

from ktstr import KtstrError
from ktstr.base.cache import cache_dir, entries
from ktstr.base.cancel import Cancel, Cancelled
from ktstr.vm.budget import hold_cores
from ktstr.vm.executor import Talk
from ktstr.vm.host import Accel
from ktstr.vm.job import RunOptions, VmJob
from ktstr.vm.qemu.program import find_qemu
from ktstr.vm.run import run

TCG = Accel("tcg", "virtual", "a test")
COLD, CLONED = RunOptions(cold=True), RunOptions()


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KTSTR_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("KTSTR_CORES_DIR", str(tmp_path))
    monkeypatch.setattr("ktstr.vm.run.find_qemu", find_qemu.__wrapped__)


class Running:
    """A run in another thread, and what it raised."""

    def __init__(
        self, job: VmJob, folder: Path, options: RunOptions = COLD, talk: Talk | None = None
    ) -> None:
        self.cancel = Cancel()
        self.raised: BaseException | None = None

        def target() -> None:
            try:
                run(job, TCG, folder / "run", options, talk, self.cancel)
            except (Cancelled, KtstrError) as error:
                self.raised = error

        self._thread = threading.Thread(target=target)
        self._thread.start()

    def cancelled_within_s(self) -> float:
        """Cancel it: the seconds until it has raised Cancelled."""
        start = time.monotonic()
        self.cancel.cancel()
        self._thread.join(60)
        assert isinstance(self.raised, Cancelled), self.raised
        return time.monotonic() - start


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_running_guest_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KTSTR_QEMU", str(stand_in(tmp_path, "exec sleep 1000")))
    running = Running(a_job(tmp_path), tmp_path)
    pid = pid_in(tmp_path / "pid")
    assert running.cancelled_within_s() < 1
    assert ended(pid)
    assert entries("results") == []


def test_a_wrapper_takes_its_machine_with_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    body = f"sleep 1000 >/dev/null 2>&1 & echo $! >{tmp_path}/inner; wait"
    monkeypatch.setenv("KTSTR_QEMU", str(stand_in(tmp_path, body)))
    running = Running(a_job(tmp_path), tmp_path)
    inner = pid_in(tmp_path / "inner")
    assert running.cancelled_within_s() < 1
    assert ended(inner)


def test_a_conversation_with_a_guest_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KTSTR_QEMU", str(stand_in(tmp_path, "exec sleep 1000")))
    job = replace(a_job(tmp_path), channel=True)
    running = Running(job, tmp_path, talk=lambda channel: until(lambda: not channel.recv(1)))
    pid = pid_in(tmp_path / "pid")
    assert running.cancelled_within_s() < 1
    assert ended(pid)


def test_a_boot_of_a_template_is_ended_and_nothing_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The stand-in does not greet, so the run waits for its monitor."""
    monkeypatch.setenv("KTSTR_QEMU", str(stand_in(tmp_path, "exec sleep 1000")))
    running = Running(a_job(tmp_path), tmp_path, CLONED)
    pid = pid_in(tmp_path / "pid")
    assert running.cancelled_within_s() < 1
    assert ended(pid)
    assert entries("templates") == []


def test_waiting_for_another_process_that_boots_the_template_is_ended(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KTSTR_QEMU", str(stand_in(tmp_path, "exec sleep 1000")))
    first = Running(a_job(tmp_path), tmp_path / "first", CLONED)
    pid = pid_in(tmp_path / "pid")
    second = Running(a_job(tmp_path), tmp_path / "second", CLONED)
    until((tmp_path / "second" / "run" / "plan.txt").exists)
    assert second.cancelled_within_s() < 1
    assert not (tmp_path / "second" / "run" / "command.txt").exists()
    assert first.cancelled_within_s() < 1
    assert ended(pid)


def test_a_clone_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The clone is restored and then runs without end."""
    script = monitored(tmp_path)
    machine = script.with_suffix(".py")
    machine.write_text(machine.read_text().replace("os._exit(33)", "import time; time.sleep(1000)"))
    monkeypatch.setenv("KTSTR_QEMU", str(script))
    running = Running(a_job(tmp_path), tmp_path, CLONED)
    until(lambda: starts(tmp_path) == ["template", "clone"])
    assert running.cancelled_within_s() < 1


@pytest.mark.parametrize(
    "held", ["cache/cores/queue.lock", "cache/cores", "ktstr-cores-queue.lock", "shared"]
)
def test_waiting_for_cores_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, held: str) -> None:
    """In the queue for the user's own cores and for a core itself, and the same for the host's cores."""
    monkeypatch.setenv("KTSTR_QEMU", str(stand_in(tmp_path, "exec sleep 1000")))
    monkeypatch.setattr("ktstr.vm.budget.allowed_cores", lambda: range(1))
    (cache_dir() / "cores").mkdir(parents=True)
    names = {"cache/cores": "cache/cores/0.lock", "shared": "ktstr-cores-0.lock"}
    with (tmp_path / names.get(held, held)).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        running = Running(a_job(tmp_path), tmp_path)
        until((tmp_path / "run" / "plan.txt").exists)
        time.sleep(0.2)
        assert not (tmp_path / "pid").exists()
        assert running.cancelled_within_s() < 1
        assert not (tmp_path / "pid").exists()
    with hold_cores(1):  # the cancelled run has left the queue
        pass


def test_a_run_that_was_cancelled_before_does_not_begin(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KTSTR_QEMU", str(stand_in(tmp_path, "exec sleep 1000")))
    cancel = Cancel()
    cancel.cancel()
    with pytest.raises(Cancelled, match=r"^the run was cancelled$"):
        run(a_job(tmp_path), TCG, tmp_path / "run", COLD, cancel=cancel)
    assert not (tmp_path / "pid").exists()


def test_a_cancelled_token_calls_a_stop_at_once() -> None:
    cancel = Cancel()
    cancel.cancel()
    called: list[str] = []
    with pytest.raises(Cancelled), cancel.stopping(lambda: called.append("stop")):
        called.append("block")
    assert called == ["stop", "block"]


def test_an_exception_of_the_block_propagates_if_nothing_was_cancelled() -> None:
    with pytest.raises(ValueError, match="mine"), Cancel().stopping(lambda: None):
        raise ValueError("mine")
