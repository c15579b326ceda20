"""A planted change of a few instructions in one callback is found as just that, and a rename as no change."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from planted import make_project, plant, planted

from ktstr import Ctx, ktstr_test

TEST = [*(sys.executable, "-m", "ktstr.plugin", "--coverage", "--ktstr-once", "-q")]
COMPARE = [*(sys.executable, "-c", "from ktstr.tasks import main; main()", "compare", "HEAD~1", "HEAD")]


def compared(root: Path, change: str, kernel: str) -> tuple[dict[str, Any], str]:
    """What `ktstr compare` says of the code before and after a change: as data, and in words."""
    make_project(root)
    for planting in (None, change):
        if planting:
            plant(root, planting)
        subprocess.run([*TEST, "--kernel", kernel], cwd=root, check=False)
    data, words = (
        subprocess.run([*COMPARE, *more], cwd=root, capture_output=True, text=True, check=False)
        for more in (("--json",), ())
    )
    return json.loads(data.stdout)["code"], words.stdout


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "project"


@ktstr_test()
def some_instructions_more_are_found_at_their_lines(ctx: Ctx, root: Path) -> None:
    """`ctx` is not used: the project's test has guests of its own."""
    code, said = compared(root, "dearer", ctx.kernel.version)
    (changed,) = code["changed"]
    assert (changed["name"], changed["callback"]) == ("fixture_enqueue", True), said
    assert changed["removed"] <= 2 < 10 <= changed["added"], said
    assert changed["cost"][1] - changed["cost"][0] == changed["added"] - changed["removed"]
    lines = planted("dearer").splitlines()
    assert any("(volatile u64 *)&nr_idle" in lines[line - 1] for _, line in changed["lines"]), said
    assert len(code["same"]) >= 7
    assert "code: fixture_enqueue: +" in said


@ktstr_test()
def other_names_are_no_change(ctx: Ctx, root: Path) -> None:
    code, said = compared(root, "renamed", ctx.kernel.version)
    assert code["changed"] == [], said
    assert code["renamed"] == [["fixture_enqueue", "fixture_put"]]
    assert len(code["same"]) >= 8
