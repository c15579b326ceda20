"""What reports a session beside the recorder, if its options ask: plugins of the process that talks to the user."""

from __future__ import annotations

from typing import Any

import pytest

from ktstr.plugin.recorder import Recorder
from ktstr.plugin.session import Options
from ktstr.report.console import test_name
from ktstr.report.text import printable

__all__ = ["ExploredReport", "reporters"]


class ExploredReport:
    """Says at the end what each test's exploration came to."""

    def __init__(self, kernel_ids: tuple[str, ...] = ()) -> None:
        self._kernel_ids = kernel_ids
        self._lines: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        line = str(getattr(report, "ktstr", {}).get("explored", ""))
        if report.when == "call" and line:
            self._lines.append(f"explored {test_name(report.nodeid, self._kernel_ids)}: {line}")

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        for line in self._lines:
            terminalreporter.write_line(printable(line))


def reporters(recorder: Recorder, options: Options) -> dict[str, object]:
    """The plugins by the names under which they are registered."""
    found: dict[str, object] = {}
    if options.coverage:
        from ktstr.plugin.coverage import CoverageReport

        found["ktstr-coverage"] = CoverageReport(recorder, options.coverage_min)
    if options.explore_ms is not None:
        found["ktstr-explored"] = ExploredReport()
    return found
