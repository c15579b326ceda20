"""An executor without guests: it gives recorded results, and notes what it was asked to run."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from ktstr.base.cancel import Cancel
from ktstr.base.errors import KtstrError
from ktstr.base.topology import Topology
from ktstr.vm.executor import Talk
from ktstr.vm.host import Accel
from ktstr.vm.job import DEFAULT_OPTIONS, RunOptions, VmJob
from ktstr.vm.result import Ending, VmResult

_RECORDED = Path(__file__).with_name("data") / "runs"

Answer = Callable[[VmJob], VmResult]


def recorded(name: str) -> VmResult:
    """A result of `data/runs`, as its run left it."""
    return _result(_read(name))


def recorded_by_plan(name: str) -> Answer:
    """Answers each job with the recorded result of the one whose plan ended alike, from its perturber on."""
    results = {tuple(one["plan"]): _result(one["result"]) for one in _read(name)}

    def answer(job: VmJob) -> VmResult:
        lines = job.plan.splitlines()
        return results[tuple(lines[lines.index("perturber") :])]

    return answer


def _read(name: str) -> Any:
    with gzip.open(_RECORDED / f"{name}.json.gz", "rt", encoding="ascii") as file:
        return json.load(file)


def _result(data: dict[str, Any]) -> VmResult:
    ending = Ending(data["ending"])
    return VmResult(
        **data | {"ending": ending, "events": tuple(data["events"]), "command": tuple(data["command"])}
    )


class FakeExecutor:
    """Answers jobs in order by `answers`: results, exceptions to raise, or functions of the job. The last one goes on
    forever. `rows` has how many jobs were in each block of runs in a row."""

    def __init__(
        self,
        *answers: VmResult | Exception | Answer,
        clock: str = "virtual",
        turn_ns: int = 100_000,
        capacity: int = 2,
    ) -> None:
        self.answers: Sequence[VmResult | Exception | Answer] = answers
        self.jobs: list[VmJob] = []
        self.folders: list[Path] = []
        self.options: list[RunOptions] = []
        self.asked: list[tuple[str, int | None]] = []
        self.rows: list[int] = []
        self.capacity = capacity
        self.emulator = "7.2.22"
        self._accel = (
            Accel("tcg", "virtual", "a test") if clock == "virtual" else Accel("kvm", "real", "a test")
        )
        self._turn_ns = turn_ns

    def accelerator(self, clock: str, cpus: int | None = None) -> Accel:
        if clock not in ("auto", "real", "virtual"):
            raise KtstrError(f"clock {clock!r}: must be real, virtual or auto")
        self.asked.append((clock, cpus))
        return self._accel

    def refusal(self, topology: Topology, accel: Accel) -> str | None:
        return None

    def cpu_turn_ns(self, cpus: int, *, bounded: bool) -> int:
        return self._turn_ns if bounded else 4_000_000

    @contextmanager
    def in_a_row(self) -> Iterator[None]:
        before = len(self.jobs)
        try:
            yield
        finally:
            self.rows.append(len(self.jobs) - before)

    def run(
        self,
        job: VmJob,
        accel: Accel,
        folder: Path,
        options: RunOptions = DEFAULT_OPTIONS,
        *,
        talk: Talk | None = None,
        cancel: Cancel | None = None,
    ) -> VmResult:
        if cancel is not None:
            cancel.check()
        answer = self.answers[min(len(self.jobs), len(self.answers) - 1)]
        self.jobs.append(job)
        self.folders.append(folder)
        self.options.append(options)
        if isinstance(answer, Exception):
            raise answer
        result = answer if isinstance(answer, VmResult) else answer(job)
        return replace(result, clock=accel.clock, accelerator=accel.name)
