"""A test without a monitor pays nothing for there being one: its job is the same as ever."""

from __future__ import annotations

from dataclasses import replace

from fake_executor import FakeExecutor
from test_ctx_run import CG, PASSED, Make, make

from ktstr import Monitor

__all__ = ["make"]  # the fixture


def test_a_monitor_is_one_line_of_the_plan_and_nothing_else(make: Make) -> None:
    executor = FakeExecutor(PASSED)
    ctx = make(executor)
    ctx.run(CG, hold_s=0.2)
    ctx.run(CG, hold_s=0.2, monitor=Monitor(), check=False)
    off, on = executor.jobs
    lines = [line for line in on.plan.splitlines(keepends=True) if not line.startswith("monitor ")]
    assert len(lines) == len(on.plan.splitlines()) - 1
    assert replace(on, plan="".join(lines)) == off
