"""A sweep's results on disk: one sidecar per cell, JUnit and logs, in run directories like those of tests."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ktstr.report.about import about_cases, about_session
from ktstr.report.case import Case, Versions
from ktstr.report.junit import junit_xml
from ktstr.report.rundir import Published, Staging, project_of, recover
from ktstr.report.sidecar import file_stem, sidecar, write_json
from ktstr.report.timings import CELLS, keep_timings
from ktstr.verifier.cell import CellResult

__all__ = ["Record", "case_of"]


class Record:
    """The results of one sweep of the project at `root`, published at its end."""

    def __init__(self, root: Path, seed: int) -> None:
        """KtstrError if the results directory cannot be written."""
        project = project_of(root)
        self._root = root
        self._seed = seed
        python = platform.python_version()
        self._versions = Versions(_own_version(), python, project.commit, project.dirty, project.branch)
        self._staging = Staging(root, f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{os.getpid()}")
        self._staging.open(project)
        self._cases: dict[str, list[Case]] = {}
        recover(root)

    @property
    def folder(self) -> Path:
        """Where cells run."""
        return self._staging.path / ".cells"

    def write(self, result: CellResult) -> None:
        """Write the sidecar, and the logs if the cell did not pass."""
        case = case_of(result, self._seed)
        name = f"verifier-{result.cell.kernel.version}"
        self._cases.setdefault(name, []).append(case)
        folder = self._staging.folder(name)
        folder.mkdir(exist_ok=True)
        stem = file_stem(case.nodeid)
        write_json(folder / f"{stem}.json", sidecar(case, self._versions))
        logs = self.folder / stem
        if result.outcome == "passed":
            return
        place = folder / stem
        if logs.is_dir():
            logs.rename(place)
        place.mkdir(exist_ok=True)
        (place / "failure.txt").write_text(case.details + "\n", encoding="utf-8", errors="replace")
        for number, rejection in enumerate(result.rejections, start=1):
            text = "\n".join((rejection.program, *rejection.log, ""))
            (place / f"verifier-{number}.log").write_text(text, encoding="utf-8", errors="replace")

    def publish(self, *, complete: bool) -> Sequence[Published]:
        """Move everything into place."""
        for name, cases in self._cases.items():
            (self._staging.folder(name) / "junit.xml").write_bytes(junit_xml(cases, self._versions))
        _remove(self.folder)
        cases = [case for some in self._cases.values() for case in some]
        about = about_session(self._versions, cases, "complete" if complete else "interrupted")
        tests = {self._staging.folder(name).name: about_cases(some) for name, some in self._cases.items()}
        published = self._staging.publish(about, tests)
        with suppress(OSError):  # later sweeps are estimated worse
            keep_timings(self._root, cases, CELLS)
        return published

    def discard(self) -> None:
        """Discard everything that was not published."""
        self._staging.discard()


def case_of(result: CellResult, seed: int) -> Case:
    """The result as the case that sidecars and JUnit are made from."""
    cell = result.cell
    return Case(
        nodeid=cell.name,
        test=cell.name,
        outcome=result.outcome,
        message=result.message,
        details="\n".join(f"{finding.check}: {finding.message}" for finding in result.findings),
        kernel=cell.kernel,
        topology=str(cell.topology),
        scheduler=cell.scheduler.name,
        variant=cell.scheduler.variant,
        sched_args=cell.scheduler.sched_args,
        clock=result.clock,
        clock_reason=result.clock_reason,
        seed=seed,
        perturb=False,
        accelerator=result.accelerator,
        emulator=result.emulator,
        started=result.started,
        wall_s=result.wall_s,
        guest_s=result.guest_s,
        runs=[result.record] if result.record else [],
    )


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def _own_version() -> str:
    try:
        return version("ktstr")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "unknown"
