"""`nox -s perf` finds planted regressions of the fixture, and nothing in a source that was only rewritten.

That slices of ten times their length are found is pinned on recorded runs, by tests/unit/test_compare.py.
"""

import subprocess
import sys
from pathlib import Path

import pytest
from planted import make_project, plant

from ktstr import Ctx, ktstr_test
from ktstr.compare.difference import compared
from ktstr.compare.samples import cases_of
from ktstr.compare.sides import Only, sides_of_runs

SEEDS = 8


def got_worse(root: Path, kernel: str, *options: str) -> tuple[int, set[str], str]:
    """The comparison with the commit before: its status, the metrics that got worse, and all that was printed."""
    command = [sys.executable, "-m", "ktstr.compare", "--kernel", kernel, *options]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    assert "samples a side" in said or "1 sample a side" in said, said
    before, after = sides_of_runs(root, "HEAD~1", "HEAD", Only())
    found = compared(cases_of(before.sidecars), cases_of(after.sidecars), {})
    return done.returncode, {one.name for one in found.differences if one.result == "worse"}, said


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with the fixture, in one commit."""
    root = tmp_path / "project"
    make_project(root)
    return root


@ktstr_test()
def a_leak_of_an_idle_cpu_is_found(ctx: Ctx, project: Path) -> None:
    """In a seed or two the CPU stays idle for so long that the test fails; in the others tasks wait for longer."""
    plant(project, "leak")
    status, worse, said = got_worse(project, ctx.kernel.version, "--no-sweep", f"--seeds={SEEDS}")
    assert status == 1, said
    assert worse & {"failed", "off_cpu_pct", "wait_p99_ms[requests]"}, said


@ktstr_test()
def a_callback_that_is_dearer_by_some_instructions_is_found(ctx: Ctx, project: Path) -> None:
    plant(project, "dearer")
    status, worse, said = got_worse(project, ctx.kernel.version, "--seeds=1")
    assert (status, worse) == (1, {"verified_insns[fixture_enqueue]"}), said


@ktstr_test()
def a_source_that_does_the_same_is_no_change(ctx: Ctx, project: Path) -> None:
    plant(project, "rewritten")
    status, worse, said = got_worse(project, ctx.kernel.version, f"--seeds={SEEDS}")
    assert (status, worse) == (0, set()), said
