"""Many BPF objects verified in one guest, each by a loader of its own: a guest takes longer than an object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.base.topology import Topology
from ktstr.bpf.build import build_loader
from ktstr.bpf.object_file import data_mb
from ktstr.declare.presets import PRESETS
from ktstr.events.rejection import rejections
from ktstr.events.report import GuestReport, read_report
from ktstr.guest.initramfs import Packed, program_files
from ktstr.kernel.model import Kernel
from ktstr.run.assemble import assemble, wall_limit_s
from ktstr.scenario.operations.run import Run
from ktstr.scenario.plan import plan_of
from ktstr.verifier.object_cell import object_scheduler, openable
from ktstr.verifier.object_judge import object_findings
from ktstr.vm.job import RunOptions
from ktstr.vm.local import LocalExecutor
from ktstr.vm.result import Event, VmResult

__all__ = ["Verdict", "verdicts", "verified_together"]

_TINY: Topology = PRESETS["tiny-1llc"]
_LOADER = "/ktstr/bin/loader"
# Guest seconds for an object: several of these are damaged in a way that makes verification endless otherwise.
_OBJECT_S = 300
_A_GUEST = 20


@dataclass(frozen=True)
class Verdict:
    """What became of an object: `refused` before a guest, `failed`, or `passed`; `guest_s` is its time there."""

    name: str
    outcome: str
    findings: tuple[str, ...] = ()
    accepted: int = 0
    guest_s: float = 0.0


def verdicts(objects: Sequence[Path], kernel: Kernel, folder: Path, clock: str = "auto") -> list[Verdict]:
    """The verdicts on objects, in their order; those that can be opened share guests on `kernel`."""
    found: dict[Path, Verdict] = {}
    opened = []
    for path in objects:
        try:
            object_scheduler(path, None)
            openable(path, kernel.release)
            opened.append(path)
        except KtstrError as error:
            found[path] = Verdict(path.name, "refused", (str(error),))
    for first in range(0, len(opened), _A_GUEST):
        some = opened[first : first + _A_GUEST]
        found |= dict(zip(some, verified_together(some, kernel, folder / str(first), clock), strict=True))
    return [found[path] for path in objects]


def verified_together(
    objects: Sequence[Path], kernel: Kernel, folder: Path, clock: str = "auto"
) -> list[Verdict]:
    """The verdicts on objects that can be opened, in one guest."""
    executor = LocalExecutor()
    accel = executor.accelerator(clock, _TINY.cpus)
    files = program_files(build_loader(), _LOADER, "loads the programs of a BPF object")
    files += [
        Packed(f"/ktstr/{number}.bpf.o", openable(path, kernel.release), 0o644, "a BPF object")
        for number, path in enumerate(objects)
    ]
    runs = [
        Run(_OBJECT_S * 10**9, (_LOADER, f"/ktstr/{number}.bpf.o", "--each", f"/sys/fs/bpf/{number}"))
        for number in range(len(objects))
    ]
    job = assemble(
        kernel=kernel,
        topology=_TINY,
        plan=plan_of(runs, _TINY),
        clock=accel.clock,
        seed=1,
        payload=files,
        memory_mb=1024 + 2 * sum(map(data_mb, objects)) // 256 * 256,
        wall_limit_s=wall_limit_s(_TINY, 5.0 * len(objects), (_OBJECT_S,)),
    )
    folder.mkdir(parents=True, exist_ok=True)
    result = executor.run(job, accel, folder, RunOptions())
    reports = _reports(result, len(objects))
    return [_verdict(path, report) for path, report in zip(objects, reports, strict=True)]


def _reports(result: VmResult, count: int) -> list[tuple[GuestReport | None, float]]:
    """What each run reported, and its guest seconds; None for one that did not end."""
    begin = [event for event in result.events if event["ev"] == "boot"]
    reports: list[tuple[GuestReport | None, float]] = []
    part: list[Event] = []
    since = 0
    for event in result.events:
        part.append(event)
        if event["ev"] == "sched_exit":
            now = int(event["t"])
            reports.append((read_report([*begin, *part], ""), (now - since) / 1e9))
            part, since = [], now
    return reports + [(None, 0.0)] * (count - len(reports))


def _verdict(path: Path, run: tuple[GuestReport | None, float]) -> Verdict:
    report, guest_s = run
    if report is None:
        return Verdict(path.name, "failed", ("the guest ended before it was verified",))
    accepted = sum(line.startswith("verified ") for line in report.log)
    found = object_findings(report, rejections(report.log), loaded=accepted > 0, timeout_s=_OBJECT_S)
    messages = tuple(finding.message for finding in found)
    return Verdict(path.name, "failed" if found else "passed", messages, accepted, guest_s)
