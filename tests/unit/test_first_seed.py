"""Of the seeds that fail a check, the first is shrunk: a hundred that show one bug take a minute, not a hundred."""

from __future__ import annotations

from pathlib import Path

import plugin_project
import pytest
from plugin_project import FAILING, Run

from ktstr.plugin.seeds import first_seed

pytest_plugins = "pytester"
run = plugin_project.run  # the fixture


def test_the_first_to_fail_stays_the_first(tmp_path: Path) -> None:
    assert [
        first_seed(tmp_path, f"test_a.py::race[7.0-seed{seed}]", seed, "max_gap_ms") for seed in (7, 8, 7, 1)
    ] == [
        7,
        7,
        7,
        7,
    ]


@pytest.mark.parametrize(
    ("nodeid", "check"),
    [
        ("test_a.py::race[7.0-seed8]", "not_stuck"),
        ("test_a.py::race[7.3-seed8]", "max_gap_ms"),
        ("test_a.py::race[7.0-seed8-seed7]", "max_gap_ms"),  # a parameter of the test's own
        ("test_a.py::other[7.0-seed8]", "max_gap_ms"),
        ("test_b.py::race[7.0-seed8]", "max_gap_ms"),
    ],
)
def test_another_test_kernel_or_check_has_a_first_of_its_own(tmp_path: Path, nodeid: str, check: str) -> None:
    assert first_seed(tmp_path, "test_a.py::race[7.0-seed7]", 7, "max_gap_ms") == 7
    assert first_seed(tmp_path, nodeid, 8, check) == 8


def test_a_folder_that_cannot_be_written_makes_each_the_first(tmp_path: Path) -> None:
    assert [first_seed(tmp_path / "absent", f"race[seed{seed}]", seed, "max_gap_ms") for seed in (7, 8)] == [
        7,
        8,
    ]


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_the_seeds_of_a_session_agree_on_one(run: Run, pytester: pytest.Pytester, workers: str) -> None:
    run(FAILING, workers, "--kernel", "7.0", "--seeds", "3", "--seed", "5")
    said = [path.read_text() for path in (pytester.path / "target/ktstr/7.0.13-nogit").glob("*/shrunk.txt")]
    assert len(said) == 3
    (others,) = {one for one in said if one}
    assert said.count("") == 1
    assert others in [
        f"seed {seed} failed max_spread_pct before (ktstr replay --shrink)" for seed in (5, 6, 7)
    ]
    assert not list((pytester.path / "target/ktstr").rglob("first-*"))


def test_a_test_without_seeds_is_always_shrunk(run: Run, pytester: pytest.Pytester) -> None:
    run(FAILING, "--kernel", "7.0", "--seed", "5")
    (said,) = (pytester.path / "target/ktstr/7.0.13-nogit").glob("*/shrunk.txt")
    assert said.read_text() == ""
