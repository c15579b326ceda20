"""A VM run as a sidecar has it: what was asked, what came of it, the verdict, and what the guest reported."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ktstr.vm.names import EMULATOR_VERSION_KEY

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from ktstr.events.report import GuestReport
    from ktstr.vm.job import VmJob
    from ktstr.vm.result import VmResult

__all__ = ["run_record", "vm_counts"]


def run_record(
    job: VmJob,
    result: VmResult,
    guest: GuestReport,
    violations: Sequence[DataclassInstance],
    summary: str = "",
) -> dict[str, Any]:
    """The run as JSON-able data; docs/sidecar.md describes it. `violations` (none: passed) are told field by field,
    `summary` is what went wrong in a line."""
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
        },
        "vms": vm_counts([result]),
        "verdict": {
            "passed": not violations,
            "violations": [asdict(violation) for violation in violations],
            "summary": summary or None,
        },
        "guest": guest.as_json(),
    }


def vm_counts(results: Sequence[VmResult]) -> dict[str, int]:
    """How many VMs were booted (as a job's or to be kept as a template), cloned, and known from before."""
    starts = Counter(result.start for result in results)
    templates = sum(1 for result in results if result.template_boot_s)
    return {
        "booted": starts["boot"] + templates,
        "cloned": starts["clone"],
        "remembered": starts["remembered"],
    }
