"""A project adds a work type, an operation and a check of its own, without touching ktstr: docs/extending.md."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from ktstr import Ctx, ktstr_test

PROJECT = Path(__file__).with_name("extending")


@ktstr_test()
def a_project_adds_a_work_type_an_operation_and_a_check(ctx: Ctx, tmp_path: Path) -> None:
    """Two of its tests pass, and one fails its own check, with the check's message in the failure."""
    project = tmp_path / "project"
    shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("__pycache__"))
    (project / "forks.py").rename(project / "test_forks.py")
    (project / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--kernel", ctx.kernel.key]
    ended = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=600, check=False)
    assert "1 failed, 2 passed" in ended.stdout, ended.stdout + ended.stderr
    assert re.search(r"max_fork_ms: of 5 forks one took \d+\.\d{3} ms, limit 0 ms", ended.stdout), (
        ended.stdout
    )
    (folder,) = project.glob(
        "target/ktstr/*/forks_are_slower_than_nothing*/run-1"
    )  # what passed leaves no folder
    plan = (folder / "plan.txt").read_text()
    assert "spawn cg 1 spin_wait pause=1 policy=normal\nfork_storm 5\nhold 100000000\n" in plan
    kinds = [json.loads(line)["ev"] for line in (folder / "events.jsonl").read_text().splitlines()]
    assert kinds.index("fork_storm") < kinds.index("hold")
