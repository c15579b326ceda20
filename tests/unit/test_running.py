"""What runs at the moment."""

from __future__ import annotations

import plugin_project
import pytest
from plugin_project import CONFTEST, Run

from ktstr.plugin.running import running_line

pytest_plugins = "pytester"
run = plugin_project.run  # the fixture


def test_those_that_began_first_are_named() -> None:
    began = {name: float(at) for at, name in enumerate("fedcba")}
    assert running_line(began, 20.0, 3, 9) == (
        "... 3 of 9 done; running: f for 20 s, e for 19 s, d for 18 s, c for 17 s and 2 more"
    )


def test_under_xdist_it_is_said_while_nothing_ends(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makeconftest(f"{CONFTEST}\nimport ktstr.plugin.running\nktstr.plugin.running._EVERY_S = 0.1\n")
    slow = "@ktstr_test(scheduler=ANY)\ndef slow(ctx):\n    ctx.run(pause_s=1)\n"
    result = run(slow, "-n1", "--kernel", "7.0")
    assert result.ret == 0
    assert [line for line in result.outlines if line.startswith("... 0 of 1 done; running: slow for ")]
