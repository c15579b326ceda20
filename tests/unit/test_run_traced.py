"""What is kept of a run with a timeline."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from timeline_data import write_moments

from ktstr.base.errors import KtstrError
from ktstr.checks.thresholds import Checks
from ktstr.instrument.plugin import TIMELINE, counts_file
from ktstr.run import traced
from ktstr.run.counted import instruments_for
from ktstr.run.traced import PICTURE, keep_trace
from ktstr.vm.result import Ending


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(traced, "layout_of", lambda _kernel: None)
    return SimpleNamespace(test=SimpleNamespace(name="basic"), kernel=None, instruments=(TIMELINE,))


def report(ending: Ending = Ending.DONE) -> Any:
    phase = SimpleNamespace(began_ns=2000, held_ns=4000, name="", operations=())
    guest: Any = SimpleNamespace(
        phases=(phase,),
        backdrop=(),
        perturbed=(),
        schedulers=(),
        kernel_bugs=(),
        scheduler_exit=None,
        monitor=None,
    )
    result = SimpleNamespace(ending=ending)
    return SimpleNamespace(guest=guest, phases=guest.phases, violations=(), result=result)


def kept(run: Any, folder: Path, ending: Ending = Ending.DONE) -> dict[str, object]:
    record: dict[str, object] = {}
    keep_trace(report(ending), run, folder, record, folder / "basic-7.0.json", 2)
    return record


def test_the_trace_is_beside_the_sidecar_and_the_picture_in_the_runs_folder(run: Any, tmp_path: Path) -> None:
    write_moments(tmp_path / counts_file(TIMELINE))
    assert kept(run, tmp_path) == {"trace": "basic-7.0.run-2.pftrace"}
    assert b"web" in (tmp_path / "basic-7.0.run-2.pftrace").read_bytes()
    assert "web[7]" in (tmp_path / PICTURE).read_text()


def test_without_the_instrument_nothing_is_kept(run: Any, tmp_path: Path) -> None:
    run.instruments = ()
    assert kept(run, tmp_path) == {}


@pytest.mark.parametrize("ending", [Ending.TIMEOUT, Ending.QEMU_DIED])
def test_a_run_that_was_cut_off_has_no_timeline(run: Any, tmp_path: Path, ending: Ending) -> None:
    assert kept(run, tmp_path, ending) == {}


def test_a_run_in_which_nothing_was_noted_is_an_error(run: Any, tmp_path: Path) -> None:
    with pytest.raises(KtstrError, match="basic: no timeline can be made: this host's machine emulator"):
        kept(run, tmp_path)


def test_only_the_virtual_clock_can_be_looked_at() -> None:
    with pytest.raises(KtstrError, match=r"^--timeline: .*; give --clock virtual$"):
        instruments_for(Checks(), "real", (TIMELINE,))
