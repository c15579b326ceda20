"""`ctx.run` without a guest: what it refuses before it starts one."""

from dataclasses import replace
from pathlib import Path

import pytest
from vm_stand_in import a_job, stand_in

from ktstr import Checks, Ctx, KtstrError, ktstr_test
from ktstr.base.topology import Topology
from ktstr.declare.test import KtstrTest, record_of
from ktstr.vm.qemu.program import find_qemu


def declared() -> KtstrTest:
    """A test whose limit is below some time slices. Not the module's own, or pytest would run it."""

    @ktstr_test(checks=Checks(max_gap_ms=0.5))
    def fine(ctx: Ctx) -> None:
        pass

    record = record_of(fine)
    assert record is not None
    return record


class WouldRun(Exception):
    """It got as far as having a job."""


def refusal(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    version: str,
    topology: str,
    *,
    clock: str = "virtual",
    bounded_turn: bool = True,
    checks: Checks | None = None,
) -> str:
    """What a run is refused with, or "" where it would have been run."""
    monkeypatch.setenv("KTSTR_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("KTSTR_QEMU", str(stand_in(tmp_path, "exit 1", version)))
    for place in ("ktstr.vm.host", "ktstr.vm.qemu.accel"):
        monkeypatch.setattr(f"{place}.find_qemu", find_qemu.__wrapped__)

    def job(*_: object) -> None:
        raise WouldRun

    monkeypatch.setattr("ktstr.run.execute.scenario_job", job)
    test = replace(declared(), topology=Topology.parse(topology))
    ctx = Ctx(test, a_job(tmp_path).kernel, clock, seed=1, artifacts=tmp_path / "run")
    try:
        ctx.run(bounded_turn=bounded_turn, checks=checks)
    except WouldRun:
        return ""
    except KtstrError as error:
        return str(error)
    raise AssertionError("neither")


def test_a_check_finer_than_the_time_slice_is_refused_with_that_reason(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert refusal(monkeypatch, tmp_path, "10.0.13", "1n1l8c1t") == (
        "fine: max_gap_ms=0.5: finer than the virtual clock's CPU turn here, 0.798 ms, in which a CPU waits for"
        " the emulator and not for the scheduler; must be that or more, or --clock real"
    )


@pytest.mark.parametrize(
    ("version", "topology", "turn"),
    [
        ("7.2.22", "1n1l8c1t", None),  # 0.1 ms
        ("7.2.22", "1n1l2c1t", "4 ms"),  # left alone
        ("10.0.13", "1n1l2c1t", None),  # 0.2 ms
        ("10.0.13", "1n2l8c1t", "4 ms"),
        ("10.0.13", "1n1l1c1t", None),  # a CPU alone waits for no other
    ],
)
def test_the_time_slice_depends_on_the_hosts_qemu_and_the_topology(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str, topology: str, turn: str | None
) -> None:
    said = refusal(monkeypatch, tmp_path, version, topology)
    assert f"CPU turn here, {turn}, " in said if turn else said == ""


def test_an_unbounded_time_slice_lasts_a_tick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert "here, 4 ms," in refusal(monkeypatch, tmp_path, "7.2.22", "1n1l8c1t", bounded_turn=False)


def test_a_real_clock_has_no_time_slice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert refusal(monkeypatch, tmp_path, "10.0.13", "1n1l8c1t", clock="real") == ""


@pytest.mark.parametrize("limit", [0.8, 1000, False])
def test_a_check_that_is_coarser_or_off_is_not_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, limit: float
) -> None:
    checks = Checks(max_gap_ms=limit)
    assert refusal(monkeypatch, tmp_path, "10.0.13", "1n1l8c1t", checks=checks) == ""
