"""The hooks that ktstr adds to pytest, for conftest files and other plugins. docs/running.md has an example.

All are called in the process that runs the test, which under xdist is a worker, once for each call of `Ctx.run`. The
further runs of a failed one, which find out more, are not announced.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ktstr.checks.verdict import RunReport
    from ktstr.run.context import Ctx
    from ktstr.vm.job import VmJob

__all__ = ["pytest_ktstr_after_verdict", "pytest_ktstr_before_run", "pytest_ktstr_report_sections"]


@pytest.hookspec
def pytest_ktstr_before_run(ctx: Ctx, job: VmJob) -> None:
    """Called before `ctx` runs `job`, which is then either run or has a remembered result.

    A KtstrError raised here makes the run one that could not be done; a skip skips the test.
    """


@pytest.hookspec
def pytest_ktstr_after_verdict(ctx: Ctx, report: RunReport) -> None:
    """Called when a run of `ctx` has been judged, whether or not it passed, before a failure is raised."""


@pytest.hookspec
def pytest_ktstr_report_sections(ctx: Ctx, report: RunReport) -> list[tuple[str, str]] | None:
    """Return further sections, each a title and a text, for the failure text of a run that violated its checks.

    They come last, in the order in which plugins are called. None and an empty list add nothing.
    """
