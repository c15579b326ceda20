"""The recorder: follows a session's reports, prints a line per test, and writes the run directories.

A session has one, in the process that talks to the user. Under xdist that is the controller.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from ktstr.base.errors import KtstrError
from ktstr.plugin import empty
from ktstr.plugin.case import case_of, versions_of, violations_of
from ktstr.plugin.early import kept_failures
from ktstr.report import console, github
from ktstr.report.about import about_cases, about_session
from ktstr.report.case import NOT_PASSED, Case, Outcome
from ktstr.report.junit import junit_xml
from ktstr.report.page import Made, make_page
from ktstr.report.remote import session_text
from ktstr.report.rundir import Published, Staging, project_of, recover
from ktstr.report.sidecar import file_stem, sidecar, write_json
from ktstr.report.text import first_line, printable, relative
from ktstr.report.timings import keep_timings

__all__ = ["Recorder"]

_ERRORS = ("run", "mistake")  # what an exception can mean that says nothing about the scheduler
_INCONCLUSIVE = "inconclusive"


class Recorder:
    """A pytest plugin, registered once it is known that the session holds tests of ours."""

    def __init__(self, session: pytest.Session, name: str, kernel_ids: Iterable[str]) -> None:
        """Open the staging directory of session `name`. Raises KtstrError if it cannot be written."""
        config = session.config
        project = project_of(config.rootpath)
        self._session = session
        self._terminal: Any = config.pluginmanager.get_plugin("terminalreporter")
        self._kernel_ids = tuple(kernel_ids)
        self._columns = console.Columns()
        self._reports: dict[tuple[str, str], list[pytest.TestReport]] = {}
        self._in_reporter = False
        self._position = 0
        self.problem = ""  # why results could not be written
        self._cases: list[Case] = []
        self._published: list[Published] = []
        self._page = Made(None)
        self._cut_short: list[Path] = []  # the sidecars of tests that had failed when the session ended
        self._versions = versions_of(project)
        self._staging = Staging(config.rootpath, name)
        self._staging.open(project)
        self._recovered = recover(config.rootpath)
        if self._terminal is not None:
            self._terminal.showfspath = False
            # No "[100%]" after lines that count for themselves. Private, and absent is as good as False.
            self._terminal._show_progress_info = False
        if hasattr(config.option, "force_short_summary"):
            config.option.force_short_summary = True  # the section of a failure already has its whole text

    @property
    def cases(self) -> tuple[Case, ...]:
        """The tests of ours that ended so far."""
        return tuple(self._cases)

    @property
    def could_not_run(self) -> bool:
        """Whether the run of a test could not be done, or results could not be written."""
        return bool(self.problem) or any(case.outcome == "error" for case in self._cases)

    @property
    def undecided(self) -> bool:
        """Whether a test of ours was inconclusive that may not be."""
        return any(case.outcome == "inconclusive" and not case.allowed for case in self._cases)

    @property
    def failed(self) -> bool:
        """Whether a test of ours failed."""
        return any(case.outcome == "failed" for case in self._cases)

    @property
    def nothing_ran(self) -> bool:
        """Whether all tests of ours were skipped."""
        return empty.nothing_ran(self._cases)

    def runs_of(self, nodeid: str) -> Path | None:
        """The folder that the runs of a test write to, which may not be there yet; None if it is not one of ours."""
        if console.test_name(nodeid, self._kernel_ids) == nodeid.split("::", 1)[-1]:
            return None
        stem = file_stem(nodeid)
        kernels = self._staging.path.iterdir() if self._staging.path.is_dir() else ()
        there = (folder / stem for folder in kernels if (folder / stem).is_dir())
        return next(there, self._staging.path / stem)

    def staging_folder(self, version: str) -> Path:
        """Where the results of a kernel are until the session ends."""
        return self._staging.folder(version)

    def expect(self, nodeids: Iterable[str]) -> None:
        """Make the column of names wide enough for these tests."""
        for nodeid in nodeids:
            self._columns.widen(console.test_name(nodeid, self._kernel_ids))

    def adopt(self, report: pytest.TestReport) -> None:
        """Take a report that was made before the recorder was registered."""
        self._take(report)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Iterable[str]) -> None:
        self.expect(ids)

    # pytest's reporter still counts, and prints sections. Only its dots and verbose lines are replaced.

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logstart(self) -> Generator[None, object, object]:
        option = self._session.config.option
        verbose, option.verbose = option.verbose, min(option.verbose, 0)
        try:
            return (yield)
        finally:
            option.verbose = verbose

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_report_teststatus(self, report: Any) -> Generator[None, Any, Any]:
        status = yield
        if status is None:
            return status
        category, letter, word = status
        if category in ("failed", "error", "skipped") and _about(report).get("failure") == _INCONCLUSIVE:
            category, letter, word = _INCONCLUSIVE, "I", "INCONCLUSIVE"
        elif category == "failed" and _about(report).get("failure") in _ERRORS:
            category, letter, word = "error", "E", "ERROR"
        return (category, "", "") if self._in_reporter else (category, letter, word)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> Generator[None, object, object]:
        if isinstance(report.longrepr, str):
            # It names files in the staging directory, which will be elsewhere when somebody reads it.
            report.longrepr = self._staging.published_text(report.longrepr)
        self._in_reporter = True
        try:
            result = yield
        finally:
            self._in_reporter = False
        self._take(report)
        return result

    def _take(self, report: pytest.TestReport) -> None:
        key = (report.nodeid, getattr(getattr(report, "node", None), "workerinput", {}).get("workerid", ""))
        self._reports.setdefault(key, []).append(report)
        # If a worker crashes, the last report of its test belongs to no phase.
        if report.when not in ("setup", "call"):
            self._finish(report.nodeid, self._reports.pop(key))

    def _finish(self, nodeid: str, reports: list[pytest.TestReport]) -> None:
        self._position += 1
        self._columns.total = max(self._session.testscollected, self._position)
        outcome, message, details = _judge(reports)
        wall_s = sum(report.duration for report in reports)
        about = next((about for report in reversed(reports) if (about := _about(report))), None)
        if about is None:
            line = self._columns.plain(outcome, nodeid, wall_s, self._position, message)
        else:
            case = case_of(nodeid, about, reports[0].start, wall_s, outcome, message, details)
            self._cases.append(case)
            self._write(case)
            name = nodeid if self._session.config.option.verbose > 0 else case.test
            line = self._columns.case(case, self._position, name)
        quiet = self._session.config.option.verbose < 0 and outcome in ("passed", "skipped")
        if self._terminal is not None and not quiet:
            self._terminal.ensure_newline()
            word = console.WORDS[outcome]
            self._terminal.write(word, **{console.COLOURS[outcome]: True})
            self._terminal.write(f"{printable(line.removeprefix(word))}\n", flush=True)

    def _write(self, case: Case) -> None:
        try:
            self._write_files(case)
        except OSError as error:
            self._cannot_write(error)

    def _cannot_write(self, error: OSError) -> None:
        """Note the error and go on: the terminal can still show results if the disk is full."""
        self.problem = f"{error.filename or self._staging.path}: {error.strerror}: results are incomplete"

    def _write_files(self, case: Case) -> None:
        folder = self._staging.folder(case.kernel.version)
        folder.mkdir(exist_ok=True)
        stem = file_stem(case.nodeid)
        write_json(folder / f"{stem}.json", sidecar(case, self._versions))
        if case.outcome in NOT_PASSED:
            logs = folder / stem
            logs.mkdir(exist_ok=True)
            (logs / "failure.txt").write_text(case.details + "\n", encoding="utf-8", errors="replace")
        else:
            shutil.rmtree(folder / stem, ignore_errors=True)

    @pytest.hookimpl(trylast=True)  # after xdist has ended its workers, which write to the same directory
    def pytest_sessionfinish(self, exitstatus: int) -> None:
        stopped = exitstatus in (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR)
        tests, ended = {}, {file_stem(case.nodeid) for case in self._cases}
        try:
            for kernel_version, cases in self._by_version().items():
                folder = self._staging.folder(kernel_version)
                if not kept_failures(folder, ended):  # else the sidecars say more than the cases
                    tests[folder.name] = about_cases(cases)
                (folder / "junit.xml").write_bytes(junit_xml(cases, self._versions))
            about = about_session(self._versions, self._cases, "interrupted" if stopped else "complete")
            self._published = self._staging.publish(about, tests)
            self._page = make_page(self._session.config.rootpath, [one.path for one in self._published])
            self._cut_short = [path for one in self._published for path in kept_failures(one.path, ended)]
            keep_timings(self._session.config.rootpath, self._cases)
        except OSError as error:
            self._cannot_write(error)
        except KtstrError as error:
            self.problem = f"{error}: results are incomplete"

    def pytest_terminal_summary(self, terminalreporter: Any, config: pytest.Config) -> None:
        if config.option.verbose < -1 or not (self._cases or self._cut_short):
            return
        terminalreporter.write_sep("=", "ktstr")
        rows = [row for name, cases in self._by_version().items() for row in self._kernel_rows(name, cases)]
        if machines := console.vm_row(self._cases):
            rows.append(("VMs", machines))
        if shared := session_text():
            rows.append(("remote cache", shared))
        rows += empty.rows(self._cases)
        if self.problem:
            rows.append(("PROBLEM", self.problem))
        rows += [
            ("cut short", f"{relative(path)}: it had failed, and was run again to show more")
            for path in self._cut_short
        ]
        rows += [("killed run", f"its results are in {relative(path)}") for path in self._recovered]
        if self.failed or self.could_not_run or self.undecided:
            again = console.again_command(os.environ.get("KTSTR_COMMAND"), config.invocation_params.args)
            rows.append(("run again", again))
            rows += [("report", relative(self._page.path))] if self._page.path else []
        rows += [("no report", self._page.problem)] if self._page.problem else []
        width = max(len(title) for title, _ in rows)
        for title, text in rows:
            terminalreporter.write_line(f"{title:{width}}  {text}")
        if github.in_github():
            self._report_to_github(terminalreporter, config.rootpath)

    def _report_to_github(self, terminalreporter: Any, root: Path) -> None:
        for command in github.all_annotations(self._cases, root):
            terminalreporter.write_line(command)
        folders = [Path(relative(published.path)) for published in self._published]
        try:
            github.append_summary(github.summary(self._by_version(), folders))
        except KtstrError as error:
            terminalreporter.write_line(f"ktstr: {error}", red=True)

    def _kernel_rows(self, kernel_version: str, cases: list[Case]) -> Iterable[tuple[str, str]]:
        yield f"kernel {kernel_version}", console.kernel_row(cases)
        for published in self._published:
            if published.folder == self._staging.folder(kernel_version).name:
                yield "", relative(published.path)

    def _by_version(self) -> Mapping[str, list[Case]]:
        groups: dict[str, list[Case]] = {}
        for case in self._cases:
            groups.setdefault(case.kernel.version, []).append(case)
        return groups


def _about(report: Any) -> Mapping[str, Any]:
    return getattr(report, "ktstr", None) or {}


def _is_inconclusive(report: pytest.TestReport) -> bool:
    return bool(_about(report).get("failure") == _INCONCLUSIVE)


def _reason(report: pytest.TestReport) -> str:
    """Why a test is inconclusive: one that is counted as skipped has file, line and reason."""
    return printable(report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr))


def _judge(reports: list[pytest.TestReport]) -> tuple[Outcome, str, str]:
    """How a test ended, and why: in one line, and in full."""
    failed = [report for report in reports if report.failed]
    verdicts = [
        report
        for report in failed
        if _about(report).get("failure") == "verdict"
        or (report.when == "call" and _about(report).get("failure") not in _ERRORS)
    ]
    errors = [report for report in failed if report not in verdicts and not _is_inconclusive(report)]
    if not errors and (texts := [_reason(report) for report in reports if _is_inconclusive(report)]):
        return "inconclusive", first_line(texts[0]), texts[0]
    if failed:
        report = (errors or verdicts)[0]
        if not errors and (violations := violations_of(_about(report))):
            return "failed", printable(violations), str(report.longrepr)
        crash = getattr(report.longrepr, "reprcrash", None)
        details = printable(str(report.longrepr))  # longreprtext adds the xdist worker's name
        return (
            ("error" if errors else "failed"),
            first_line(printable(crash.message) if crash else details),
            details,
        )
    for report in reports:
        if report.skipped:
            reason = getattr(report, "wasxfail", None)
            if reason is not None:
                return "skipped", f"expected failure: {reason}" if reason else "expected failure", ""
            text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
            reason = text.removeprefix("Skipped: ")
            return "skipped", first_line(reason), reason
    return "passed", "", ""
