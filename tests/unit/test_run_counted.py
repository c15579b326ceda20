"""What is kept of a run that was counted."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ktstr.base.errors import KtstrError
from ktstr.checks.thresholds import Checks
from ktstr.checks.verdict import RunReport
from ktstr.declare.scheduler import Scheduler
from ktstr.instrument.counts import Calls, Counts, Insn, Owner
from ktstr.instrument.plugin import COUNTS, counts_file
from ktstr.instrument.programs import STRUCT_OPS, Function, Place
from ktstr.instrument.sched_ext import KernelInterface
from ktstr.run import counted
from ktstr.run.counted import counted_in_run, instruments_for, keep_counted
from ktstr.vm.result import Ending

OWNER = Owner(0, True, 1, 0, 7, 0x1000, 0x1040, "mine")
COUNTED = Counts((), {}, (Insn(0x1000, 3, 0, 0, 0, 0, 2, 0),), (Calls(0, 1, 3),), ())


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A run of a scheduler of two files, one of which is a header of ktstr's."""
    monkeypatch.chdir(tmp_path)
    source = tmp_path / "tests" / "mine.bpf.c"
    source.parent.mkdir()
    source.write_text("")
    places = (Place(0x1000, "./mine.bpf.c", 10, 1), Place(0x1004, "./ktstr/exit.bpf.h", 3, 1))
    functions = [Function(OWNER, "mine_enqueue", 0, STRUCT_OPS, bytes(64), places)]
    monkeypatch.setattr(counted, "layout_of", lambda _kernel: None)
    monkeypatch.setattr(counted, "interface_of", lambda _kernel: KernelInterface({}, {}))
    monkeypatch.setattr(counted, "read_counts", lambda _file: COUNTED)
    monkeypatch.setattr(counted, "functions_of", lambda _counts, _layout: functions)
    test = SimpleNamespace(name="basic", scheduler=Scheduler(name="mine", bpf=source))
    return SimpleNamespace(test=test, kernel=SimpleNamespace(version="7.0.13"), instruments=(COUNTS,))


def kept(run: Any, folder: Path, ending: Ending = Ending.DONE) -> dict[str, object]:
    """The record of the run number 2, its files in `folder`."""
    result: Any = SimpleNamespace(ending=ending)
    guest: Any = None
    report = RunReport((), guest, result, **vars(counted_in_run(run, result, folder)))
    record: dict[str, object] = {}
    keep_counted(report, run, record, folder / "basic-7.0.json", 2)
    return record


def test_the_coverage_is_beside_the_sidecar_which_names_it(run: Any, tmp_path: Path) -> None:
    (tmp_path / counts_file(COUNTS)).write_bytes(b"counts")
    record = kept(run, tmp_path)
    assert record == {
        "coverage": "basic-7.0.run-2.coverage.json",
        "cost": [
            {
                "function": "mine_enqueue",
                "callback": True,
                "calls": 3,
                "min_insns": 1,
                "median_insns": 1,
                "max_insns": 1,
                "own_insns": 3,
            }
        ],
    }
    data = json.loads((tmp_path / "basic-7.0.run-2.coverage.json").read_text())
    assert (data["schema"], data["test"], data["kernel"], data["run"]) == (1, "basic", "7.0.13", 2)
    assert [(one["path"], one["lines"]) for one in data["files"]] == [("tests/mine.bpf.c", [[10, 3]])]
    assert data["costs"][0]["lines"] == [["tests/mine.bpf.c", 10, 3]]
    assert data["interface"]["callbacks"] == {"enqueue": 3}
    assert [one["name"] for one in data["code"]] == ["mine_enqueue"]


def test_without_the_instrument_nothing_is_kept(run: Any, tmp_path: Path) -> None:
    run.instruments = ()
    assert kept(run, tmp_path) == {}


@pytest.mark.parametrize("ending", [Ending.TIMEOUT, Ending.QEMU_DIED])
def test_a_run_that_was_cut_off_has_a_verdict_and_no_coverage(
    run: Any, tmp_path: Path, ending: Ending
) -> None:
    assert kept(run, tmp_path, ending) == {}


def test_a_run_in_which_nothing_counted_is_an_error(run: Any, tmp_path: Path) -> None:
    with pytest.raises(
        KtstrError, match="basic: instructions cannot be counted: this host's machine emulator"
    ):
        kept(run, tmp_path)


def test_a_run_has_the_instruments_that_are_asked_for_or_that_its_checks_need() -> None:
    judged = Checks(max_insns_per_call={"mine_enqueue": 9})
    assert instruments_for(Checks(), "real", ()) == ()
    assert instruments_for(Checks(max_insns_per_call=False), "real", ()) == ()
    assert instruments_for(Checks(), "virtual", (COUNTS,)) == (COUNTS,)
    assert (
        instruments_for(judged, "virtual", ()) == instruments_for(judged, "virtual", (COUNTS,)) == (COUNTS,)
    )


@pytest.mark.parametrize(
    ("checks", "asked", "what"),
    [
        (Checks(), (COUNTS,), "--coverage"),
        (Checks(max_insns_per_call={"mine_enqueue": 9}), (), "checks: max_insns_per_call"),
    ],
)
def test_only_the_virtual_clock_can_be_looked_at(checks: Checks, asked: tuple[str, ...], what: str) -> None:
    with pytest.raises(KtstrError, match=f"^{what}: .*; give --clock virtual$"):
        instruments_for(checks, "real", asked)


def test_paths_are_those_of_the_project(run: Any) -> None:
    path_of = counted.paths_of(run.test.scheduler)
    assert path_of("./mine.bpf.c") == "tests/mine.bpf.c"
    assert path_of("./ktstr/exit.bpf.h") == ""
    assert path_of("/usr/src/main.bpf.c") == "/usr/src/main.bpf.c"
