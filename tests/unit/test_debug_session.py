"""A debugger's session with stand-ins for gdb and the guest: what gdb gets, and what it is answered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fake_gdb
import pytest
from fake_gdb import RETURN_ADDRESS, STATUS
from vm_stand_in import a_job

from ktstr import KtstrError
from ktstr.debug import session
from ktstr.debug.session import debug
from ktstr.debug.symbols import Symbols
from ktstr.vm.result import Ending

EXIT = 0xFFFFFFFF81000040


@dataclass
class Guests:
    """Stands in for the guests of a session: how recording ends, and what was asked of them."""

    folder: Path
    recordable: bool = True
    ending: Ending = Ending.DONE
    asked: list[str] = field(default_factory=list)

    def can_record(self, _job: object) -> bool:
        return self.recordable

    def record(self, _job: object, _folder: Path) -> Any:
        kmsg = {"ev": "kmsg", "text": "sched_ext: BPF scheduler disabled"}
        return SimpleNamespace(ending=self.ending, why="it hangs", events=({"ev": "boot"}, kmsg))

    @contextmanager
    def replaying(self, _job: object, folder: Path, snapshot: str | None = None) -> Iterator[Any]:
        self.asked.append(f"replay from {snapshot}")
        yield SimpleNamespace(
            gdb=folder / "gdb.sock",
            at=lambda: 30_000_000,
            keep=lambda at, name: self.asked.append(f"keep {name} at {at}"),
        )

    @contextmanager
    def paused_clone(self, _job: object, folder: Path) -> Iterator[Path]:
        self.asked.append("clone")
        yield folder / "gdb.sock"


@pytest.fixture
def guests(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Guests:
    guests = Guests(tmp_path)
    program = tmp_path / "bin" / "gdb"
    program.parent.mkdir()
    fake_gdb.install(program, tmp_path / "log")
    monkeypatch.setenv("PATH", str(program.parent))
    symbols = Symbols(tmp_path / "vmlinux", {"scx_vexit": EXIT, "panic": EXIT + 16, "schedule": EXIT + 32})
    monkeypatch.setattr(session, "symbols_of", lambda _kernel: symbols)
    for name in ("can_record", "record", "replaying", "paused_clone"):
        monkeypatch.setattr(session, name, getattr(guests, name))
    return guests


def test_a_run_that_can_be_recorded_is_debugged_near_its_exit(
    guests: Guests, capfd: pytest.CaptureFixture[str]
) -> None:
    assert debug(a_job(guests.folder, "1n1l1c1t")) == STATUS
    assert guests.asked == ["replay from None", "keep near at 10000000", "replay from near"]
    out = capfd.readouterr().out
    assert "replay: recorded: sched_ext: BPF scheduler disabled\n" in out
    assert "replay: recorded; the exit is 30,000,000 instructions after the start\n" in out
    assert "stopped at the exit; reverse-stepi" in out


def test_the_stack_has_the_addresses_that_follow_a_call(
    guests: Guests, capfd: pytest.CaptureFixture[str]
) -> None:
    debug(a_job(guests.folder, "1n1l1c1t"))
    stack = [line.strip() for line in capfd.readouterr().out.splitlines() if line.startswith("   0x")]
    here, caller = f"{EXIT:#x}  (no symbol: BPF, or a module)", f"{RETURN_ADDRESS:#x}  first + 3"
    assert stack == [here, caller] * 2  # without a count, and with one


def test_a_run_with_several_cpus_is_debugged_forwards_as_often_as_asked(
    guests: Guests, capfd: pytest.CaptureFixture[str]
) -> None:
    guests.recordable = False
    assert debug(a_job(guests.folder)) == STATUS
    assert guests.asked == ["clone", "clone"]  # the second is ktstr-again's
    log = (guests.folder / "log").read_text().splitlines()
    assert log[:2] == ["continue", "disconnect"]
    assert log[2].startswith("target remote /")
    assert log[2].endswith("gdb.sock")
    out = capfd.readouterr().out
    assert "record/replay refuses 2 CPUs: forwards only" in out
    assert "at the beginning; `continue` goes to the first breakpoint" in out


def test_a_clone_that_cannot_be_made_again_is_reported_to_gdb(
    guests: Guests, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    guests.recordable = False

    @contextmanager
    def once(job: object, folder: Path) -> Iterator[Path]:
        if guests.asked:
            raise KtstrError("the disk is full")
        with guests.paused_clone(job, folder) as served:
            yield served

    monkeypatch.setattr(session, "paused_clone", once)
    assert debug(a_job(guests.folder)) == STATUS
    assert "the run could not be started: the disk is full" in capfd.readouterr().out


def test_a_run_that_could_not_be_recorded_is_an_error(guests: Guests) -> None:
    guests.ending = Ending.TIMEOUT
    with pytest.raises(KtstrError, match=r"^replay: --gdb: \w+ could not record the run: it hangs$"):
        debug(a_job(guests.folder, "1n1l1c1t"))
