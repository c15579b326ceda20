"""A test's run made by hand, for tests of what happens before and after its guest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from vm_stand_in import a_job

from ktstr import CgroupDef, Checks, Ctx, ktstr_test
from ktstr.declare.test import KtstrTest, record_of
from ktstr.run.program import Program
from ktstr.run.scenario_run import ScenarioRun
from ktstr.scenario.scenario import Scenario


def a_test(**changes: Any) -> KtstrTest:
    """A declared test, with `changes`. Not a module's own, or pytest would run it."""

    @ktstr_test()
    def steady(ctx: Ctx) -> None:
        pass

    record = record_of(steady)
    assert record is not None
    return replace(record, **changes)


def build_nothing(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Contexts build neither the agent nor a scheduler: their guests are an executor's."""
    monkeypatch.setattr("ktstr.run.assemble.build_agent", lambda *_sources: folder / "init")
    monkeypatch.setattr(
        "ktstr.run.context.scheduler_program", lambda *_, **_options: Program((), ("/ktstr/bin/mine",))
    )


def a_run(folder: Path, **changes: Any) -> ScenarioRun:
    """A run of it with the virtual clock, its kernel's files in `folder`."""
    run = ScenarioRun(
        test=a_test(),
        kernel=a_job(folder).kernel,
        clock="virtual",
        seed=1,
        program=Program(),
        scenario=Scenario((CgroupDef("cg", 2),), hold_s=1.0),
        limits=Checks(),
    )
    return replace(run, **changes)
