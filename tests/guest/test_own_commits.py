"""Bisection over a scheduler's own commits, each really built and run: one makes it fail, and one does not build."""

import subprocess
import sys
from pathlib import Path

import pytest
from planted import commit_source, make_project

from ktstr import Ctx, ktstr_test

# What each commit adds to the end of the fixture, where it moves no line.
COMMITS = {
    "Say that it is fair": "/* It is fair. */\n",
    "Begin to count yields": "static int count_yields(\n",
    "Say that it is small": "/* It is small. */\n",
    "Fail early": "",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with the fixture, and a commit for each of COMMITS. The second is not built; the last always fails."""
    root = tmp_path / "project"
    make_project(root)
    source = (root / "tests/fixture.bpf.c").read_text()
    for message, added in COMMITS.items():
        if message == "Fail early":
            source = source.replace("\tif (crash)\n", "\tif (!crash)\n")
        commit_source(root, source + added, message)
        if message != "Begin to count yields":
            source += added
    return root


@ktstr_test()
def the_commit_that_fails_is_found_and_one_that_is_not_built_is_passed_over(ctx: Ctx, project: Path) -> None:
    """`ctx` is not used: the test that is bisected has guests of its own."""
    command = [sys.executable, "-m", "ktstr", "bisect", "--test", "requests_and_batch"]
    command += ["--commits", "HEAD~4..HEAD", "--kernel", ctx.kernel.version]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    first = done.stdout.split("the first commit to fail: ")[1].splitlines()[0]
    assert first.endswith(" Fail early"), done.stdout
    assert "Begin to count yields: skipped (scheduler fixture: fixture.bpf.c: does not compile" in done.stderr
