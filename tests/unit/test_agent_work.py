"""How a worker accounts its time, against a clock and a CPU that the test dictates."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from native_agent import build_native

from ktstr.base.limits import GAP_BUCKETS


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_native(tmp_path_factory.mktemp("work"), "gaps", native=())


def worked(worker: Path, *lines: str) -> dict[str, Any]:
    done = subprocess.run([worker], input="\n".join(lines), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    page: dict[str, Any] = json.loads(done.stdout)
    return page


@pytest.mark.parametrize(
    ("gap", "bucket"),
    [(1, 0), (2, 1), (3, 1), (4, 2), (1023, 9), (1024, 10), (2**31, 31), (2**32, 31), (2**40, 31)],
)
def test_a_gap_is_in_the_bucket_of_its_power_of_two(worker: Path, gap: int, bucket: int) -> None:
    page = worked(worker, f"look {gap} 0")
    assert page["gap_ns"] == gap
    assert page["gaps"] == [int(i == bucket) for i in range(GAP_BUCKETS)]


def test_zero_time_is_not_a_gap(worker: Path) -> None:
    page = worked(worker, "look 0 0")
    assert (page["gap_ns"], sum(page["gaps"])) == (0, 0)


def test_the_longest_gap_is_kept_and_all_are_counted(worker: Path) -> None:
    page = worked(worker, "step 100 0", "step 9000 0", "step 100 0")
    assert (page["gap_ns"], sum(page["gaps"]), page["iterations"], page["last_ns"]) == (9000, 3, 3, 10_200)


def test_only_time_after_the_end_of_a_sleep_is_a_gap(worker: Path) -> None:
    page = worked(worker, "sleep 5000 5070 0")
    assert (page["gap_ns"], page["slept_ns"], page["asked_ns"]) == (70, 5000, 5000)


def test_a_sleep_that_ends_early_is_not_a_gap(worker: Path) -> None:
    page = worked(worker, "sleep 5000 4000 0")
    assert (page["gap_ns"], page["slept_ns"]) == (0, 5000)


def test_a_burst_steps_until_its_time_is_over(worker: Path) -> None:
    page = worked(worker, "burst 1000 300 0")
    assert (page["iterations"], page["last_ns"], page["gap_ns"]) == (4, 2200, 300)


def test_a_spinner_takes_more_steps_between_looks_until_they_are_far_enough_apart(worker: Path) -> None:
    assert worked(worker, "spin 200 0", "spin 400 0", "spin 800 0")["iterations"] == 1 + 2 + 4
    assert worked(worker, *["spin 200 0"] * 12)["iterations"] == 511 + 3 * 256
    assert worked(worker, *["spin 8000 0"] * 5)["iterations"] == 5


def test_a_spinner_looks_after_each_step_again_once_one_takes_long(worker: Path) -> None:
    page = worked(worker, "spin 200 0", "spin 400 0", "spin 9000000 0", "spin 9000 1", "spin 9000 1")
    assert (page["gap_ns"], page["iterations"], page["migrations"]) == (9_000_000, 1 + 2 + 4 + 1 + 1, 1)


def test_the_first_cpu_is_not_a_migration(worker: Path) -> None:
    assert worked(worker, "step 1 5")["migrations"] == 0
    page = worked(worker, "step 1 5", "step 1 5", "step 1 0", "step 1 5")
    assert (page["migrations"], page["cpus"]) == (2, 1 << 5 | 1)


@pytest.mark.parametrize("cpu", [63, 64, 1023, 1024, 5000])
def test_any_cpu_number_stays_within_the_page(worker: Path, cpu: int) -> None:
    assert worked(worker, f"step 1 {cpu}")["iterations"] == 1


def test_a_phase_has_its_own_longest_gap_and_cpus_and_the_other_counters_go_on(worker: Path) -> None:
    page = worked(worker, "step 9000 0", "step 10 1", "phase", "step 300 1", "step 100 1")
    assert (page["gap_ns"], page["gap_at_ns"], page["cpus"]) == (300, 10_310, 0b10)
    assert (page["iterations"], page["migrations"], sum(page["gaps"])) == (4, 1, 4)


def test_until_a_worker_runs_again_its_figures_are_those_of_the_phase_before(worker: Path) -> None:
    """The agent sees it by `phase_seen`, and counts the gap that is under way."""
    page = worked(worker, "step 9000 0", "phase")
    assert (page["phase_seen"], page["gap_ns"]) == (0, 9000)


def test_time_in_which_the_plan_kept_it_from_running_is_no_gap(worker: Path) -> None:
    page = worked(worker, "step 100 0", "excuse 50000", "step 50200 0", "step 90 0")
    assert (page["gap_ns"], sum(page["gaps"])) == (200, 3)


def test_what_is_excused_and_not_used_up_is_for_the_next_gap(worker: Path) -> None:
    """A worker that is stopped between its look at the clock and its note of it sees the gap a step later."""
    page = worked(worker, "excuse 50000", "step 70 0", "step 50100 0", "step 300 0")
    assert page["gap_ns"] == 300
