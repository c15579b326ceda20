"""The coverage of a session: of all its tests together, for each kernel in its run directory, and in the terminal."""

from __future__ import annotations

import time
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pytest

from ktstr.base.errors import KtstrError
from ktstr.instrument.cost import FunctionCost, merged_costs
from ktstr.instrument.coverage import FileCoverage, merged
from ktstr.instrument.interface import Driven, merged_driven
from ktstr.plugin.recorder import Recorder
from ktstr.report.callgrind import callgrind_text
from ktstr.report.case import Case
from ktstr.report.cobertura import cobertura_xml
from ktstr.report.cost import cost_text
from ktstr.report.counted import Counted, keep_sources, read_counted
from ktstr.report.coverage import coverage_text, line_percent
from ktstr.report.interface import interface_summary, interface_text
from ktstr.report.lcov import lcov_text
from ktstr.report.sidecar import file_stem

__all__ = ["CoverageReport"]


class CoverageReport:
    """A pytest plugin of the process that talks to the user. `least` is the percent of lines that have to be executed.

    It writes before the recorder moves the results into place.
    """

    def __init__(self, recorder: Recorder, least: float | None) -> None:
        self._recorder = recorder
        self._least = least
        self._coverage: tuple[FileCoverage, ...] = ()
        self._costs: tuple[FunctionCost, ...] = ()
        self._driven = Driven()
        self._problem = ""

    @property
    def too_little(self) -> str:
        """Why the session fails, if too few lines were executed; else empty."""
        percent = line_percent(self._coverage)
        if self._least is None or percent >= self._least:
            return ""
        return f"{percent:.1f} % of the lines were executed; must be {self._least:g} % (--coverage-min)"

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        versions = dict.fromkeys(case.kernel.version for case in self._recorder.cases)
        try:
            parts = [part for version in versions for part in self._write(version)]
        except KtstrError as error:
            self._problem = str(error)
            return
        except OSError as error:
            self._problem = f"{error.filename}: {error.strerror}"
            return
        self._coverage = merged(part.coverage for part in parts)
        self._costs = merged_costs(part.costs for part in parts)
        self._driven = merged_driven(part.driven for part in parts)
        if self.too_little and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any, config: pytest.Config) -> None:
        if config.option.verbose < -1 or not (self._coverage or self._problem):
            return
        terminalreporter.write_sep("=", "coverage")
        for line in coverage_text(self._coverage):
            terminalreporter.write_line(line)
        if self._costs:
            terminalreporter.write_sep("=", "instructions of BPF code per call")
            for line in cost_text(self._costs):
                terminalreporter.write_line(line)
        if self._driven.functions:
            terminalreporter.write_sep("=", "sched_ext interface")
            for line in interface_summary(self._driven):
                terminalreporter.write_line(line)
        for problem in filter(None, (self._problem, self._coverage and self.too_little)):
            terminalreporter.write_line(f"ktstr: --coverage: {problem}", red=True)

    def _write(self, kernel: str) -> list[Counted]:
        """Write what was counted in a kernel's tests to its folder."""
        folder = self._recorder.staging_folder(kernel)
        cases = [case for case in self._recorder.cases if case.kernel.version == kernel]
        of_cases = [(case, list(_counted(folder, case))) for case in cases]
        parts = [part for _, some in of_cases for part in some]
        coverage = merged(part.coverage for part in parts)
        costs = merged_costs(part.costs for part in parts)
        tests: dict[str, list[Driven]] = {}
        for case, some in of_cases:
            tests.setdefault(case.nodeid.partition("::")[2], []).extend(part.driven for part in some)
        if coverage:
            (folder / "coverage.info").write_text(lcov_text(coverage))
            (folder / "coverage.xml").write_text(cobertura_xml(coverage, time.time(), _own_version()))
            (folder / "coverage.txt").write_text("".join(f"{line}\n" for line in coverage_text(coverage)))
            keep_sources(folder, (one.path for one in coverage))
        if costs:
            (folder / "callgrind.out").write_text(callgrind_text(costs, f"{len(cases)} tests on {kernel}"))
        if tests:
            text = interface_text({test: merged_driven(some) for test, some in tests.items()})
            (folder / "interface.txt").write_text("".join(f"{line}\n" for line in text))
        return parts


def _counted(folder: Path, case: Case) -> Iterable[Counted]:
    """What was counted in each run of a test."""
    for run in case.runs:
        if name := run.get("coverage"):
            try:
                yield read_counted(folder / str(name))
            except KtstrError as error:
                raise KtstrError(f"{file_stem(case.nodeid)}: {error}") from None


def _own_version() -> str:
    try:
        return version("ktstr")
    except PackageNotFoundError:  # it runs from a checkout that is not installed
        return "unknown"
