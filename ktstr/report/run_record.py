"""A VM run as a sidecar has it: what was asked, how it ended, the verdict, and what the guest reported."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

from ktstr.checks.violation import Violation
from ktstr.report.schema import RunRecord, ShrunkRecord, VerdictRecord, ViolationRecord, VmCounts
from ktstr.report.text import printable
from ktstr.vm.names import EMULATOR_VERSION_KEY

if TYPE_CHECKING:
    from ktstr.events.phase import NeededOperations
    from ktstr.events.report import GuestReport, Needed
    from ktstr.vm.job import VmJob
    from ktstr.vm.result import VmResult

__all__ = ["run_record", "shrunk_records", "vm_counts"]


class _Violation(Protocol):
    """A check that failed, of a test or of a cell of the verifier sweep."""

    @property
    def check(self) -> str: ...

    @property
    def message(self) -> str: ...


def run_record(
    job: VmJob,
    result: VmResult,
    guest: GuestReport,
    violations: Sequence[_Violation],
    summary: str = "",
    inconclusive: Sequence[str] = (),
) -> RunRecord:
    """The run as its sidecar has it, with neither a dump nor a second run so far.

    `violations` (none: passed) have a check and a message each, `summary` is what went wrong, in one line.
    `inconclusive` are the checks that could not be judged.
    """
    verdict: VerdictRecord = {
        "passed": not violations and not inconclusive,
        "violations": [_violation(one) for one in violations],
        "summary": summary or None,
    }
    if inconclusive:
        verdict["inconclusive"] = list(inconclusive)
    return {
        "job": {
            "digest": job.digest(),
            "topology": str(job.topology),
            "memory_mb": job.memory_mb,
            "clock": job.clock,
            "seed": job.seed,
            "kargs": list(job.kargs),
            "plan": job.plan.splitlines(),
        },
        "result": {
            "ending": result.ending.value,
            "why": result.why,
            "accelerator": result.accelerator,
            "clock": result.clock,
            EMULATOR_VERSION_KEY: result.emulator_version,
            "turn_ns": result.turn_ns,
            "start": result.start,
            "template": result.template or None,
            "template_boot_s": round(result.template_boot_s, 3),
            "events_sha256": result.events_sha256,
            "wall_s": round(result.wall_s, 3),
            "guest_s": round(guest.guest_ns / 1e9, 6),
            "host_delay_ms": round(result.host_delay_ns / 1e6, 3),
        },
        "vms": vm_counts([result]),
        "verdict": verdict,
        "guest": _guest(guest),
    }


def _guest(guest: GuestReport) -> dict[str, Any]:
    """What the guest reported. Whoever prints what a program wrote must not have a terminal obey it."""
    data = guest.as_json()
    for phase in data["phases"]:
        for payload in phase["payloads"]:
            for stream in ("stdout", "stderr"):
                payload[stream] = printable(payload[stream])
    return data


def _violation(one: _Violation) -> ViolationRecord:
    record: ViolationRecord = {"check": one.check, "message": one.message}
    if isinstance(one, Violation):
        record["phase"], record["at_ns"] = one.phase or None, one.at_ns
    return record


def shrunk_records(
    operations: NeededOperations | None,
    perturbations: Needed | None,
    stops: tuple[int, int, str] | None = None,
) -> list[ShrunkRecord]:
    """How far a failed run was shrunk; None: it had none of these.

    Of stops it is how many are left, of how many, and why fewer may be enough.
    """
    found: list[ShrunkRecord] = []
    if operations is not None:
        found.append(_shrunk("operations", len(operations.operations), operations))
    if perturbations is not None:
        found.append(_shrunk("perturbations", len(perturbations.perturbed), perturbations))
    if stops is not None:
        left, of, unfinished = stops
        found.append({"what": "stops", "left": left, "of": of, "unfinished": unfinished or None})
    return found


def _shrunk(
    what: Literal["operations", "perturbations"], left: int, needed: NeededOperations | Needed
) -> ShrunkRecord:
    return {"what": what, "left": left, "of": needed.tried, "unfinished": needed.unfinished or None}


def vm_counts(results: Sequence[VmResult]) -> VmCounts:
    """How many VMs booted (for a job, or to be kept as a template), were cloned, and were remembered."""
    starts = Counter(result.start for result in results)
    templates = sum(1 for result in results if result.template_boot_s)
    return {
        "booted": starts["boot"] + templates,
        "cloned": starts["clone"],
        "remembered": starts["remembered"],
    }
