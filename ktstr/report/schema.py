"""The sidecar's schema: its types, and the JSON Schema generated from them.

`python -m ktstr.report.schema` prints the JSON Schema; docs/sidecar.schema.json is a copy. What the guest reported has
the types of `ktstr.events`.
"""

from __future__ import annotations

import json
from typing import Any, Literal, NotRequired, TypedDict

from ktstr.report.cost_schema import CostRecord
from ktstr.report.interleaving_schema import InterleavingRecord
from ktstr.vm.names import EmulatorOfCase, EmulatorOfResult

__all__ = [
    "SCHEMA",
    "JobRecord",
    "KernelRecord",
    "MetricRecord",
    "Outcome",
    "ProgramRecord",
    "ReproRecord",
    "ResultRecord",
    "RunRecord",
    "SchedulerRecord",
    "Sidecar",
    "Timings",
    "VerdictRecord",
    "VersionsRecord",
    "ViolationRecord",
    "VmCounts",
    "json_schema",
]

SCHEMA = 1
"""The number of this schema. A new field does not change it; a field that goes, or changes its meaning, does."""

Outcome = Literal["passed", "failed", "skipped", "error", "inconclusive"]
"""How a test ended."""


class KernelRecord(TypedDict):
    """The kernel of a test."""

    version: str
    """The upstream version, `7.0.13`."""
    release: str
    """What `uname -r` prints in the guest."""
    source: str
    """Where the kernel came from and how far that was verified, in words."""
    image_sha256: str
    """The SHA-256 of the image that was booted."""


class SchedulerRecord(TypedDict):
    """The scheduler of a test."""

    name: str
    """Its declared name; `eevdf` for the kernel's default."""
    variant: NotRequired[str | None]
    """Which of its declared variants it is; null for none."""
    args: list[str]
    """Its arguments, those of the test included."""


class Timings(TypedDict):
    """How long a test took."""

    wall_s: float
    """Host seconds, with set-up and tear-down."""
    guest_s: float
    """Guest seconds over all VM runs."""


class VersionsRecord(TypedDict):
    """What judged a test."""

    ktstr: str
    """The version of ktstr."""
    python: str
    """The version of Python."""
    commit: str | None
    """The project's commit; null without a git repository."""
    dirty: bool
    """Whether the project had changes that are in no commit."""


class JobRecord(TypedDict):
    """What a VM run was asked to do."""

    digest: str
    """A hash over all that can change the result, apart from the emulator."""
    topology: str
    """The guest's topology, as for the test."""
    memory_mb: int
    """The guest's memory in MiB."""
    clock: Literal["real", "virtual"]
    """The guest's clock."""
    seed: int
    """The seed of all that is random in the guest."""
    kargs: list[str]
    """Additions to the guest kernel's command line."""
    plan: list[str]
    """The plan that the guest's agent carried out, a line each."""


class ResultRecord(EmulatorOfResult):
    """How a VM run ended, and what ran it."""

    ending: str
    """How the guest ended: `done`, `kernel panic`, `out of memory`, `hang`, `timeout`, `agent failed`, or that
    the emulator died."""
    why: str
    """One line that explains an ending other than `done`."""
    accelerator: str
    """`kvm` or `tcg`."""
    clock: str
    """`real` or `virtual`."""
    turn_ns: int | None
    """The bound on a vCPU's time slice in guest ns; null if it had none."""
    start: Literal["boot", "clone", "remembered"]
    """How the result was obtained: the guest booted, was cloned from a template, or ran before."""
    template: str | None
    """The key of the template that it is a clone of; null if it booted."""
    template_boot_s: float
    """The host seconds in which that template booted, if it did so for this run; else 0."""
    events_sha256: str
    """The SHA-256 of the event stream: with the virtual clock, equal for equal jobs."""
    wall_s: float
    """Host seconds from the start of the emulator to its end."""
    guest_s: float
    """Guest seconds from the start of the plan to the last event."""
    host_delay_ms: NotRequired[float]
    """For how many ms the host kept the emulator waiting for a CPU; only counted with the real clock, else 0."""


class VmCounts(TypedDict):
    """The VMs that a run took, together with its second run and those that reduce its perturbations."""

    booted: int
    """How many booted, templates included."""
    cloned: int
    """How many were cloned from a template."""
    remembered: int
    """How many results were remembered."""


class ViolationRecord(TypedDict):
    """A check that failed."""

    check: str
    """Its name."""
    message: str
    """Who, the measured value and the limit, in one line."""
    phase: NotRequired[str | None]
    """The step in which it was, with the turn if there are several; null for a scenario without steps."""
    at_ns: NotRequired[int | None]
    """The guest time, in ns since boot: of what was found, or of the end of the phase; null if it is not known."""


class VerdictRecord(TypedDict):
    """The judgement of a run."""

    passed: bool
    """Whether no check was violated, and each could be judged."""
    violations: list[ViolationRecord]
    """The checks that failed, the most telling first."""
    summary: str | None
    """What went wrong, in one line; null if nothing did."""
    inconclusive: NotRequired[list[str]]
    """The checks for which there were too few samples, each with the reason."""


class ProgramRecord(TypedDict):
    """A BPF program that a cell of the verifier sweep loaded."""

    name: str
    """Its name in full."""
    type: str
    """Its type, as libbpf calls it."""
    tag: str
    """The kernel's hash of its instructions."""
    verified_insns: int
    """How many instructions the verifier processed."""
    fdinfo_insns: int
    """The same, from /proc."""
    xlated_bytes: int
    """The size of its BPF instructions."""
    jited_bytes: int
    """The size of its machine code."""
    map_bytes: int
    """The memory of the maps that it uses."""


class ReproRecord(TypedDict):
    """The second run of a failed one."""

    more: Literal["flight recorder", "dump"]
    """What it was for."""
    outcome: Literal["identical", "same", "same_kind", "other", "passed", "undone"]
    """How it compares to the first run."""
    told: str
    """That, in one line."""
    run: RunRecord | None
    """The second run itself; null if it could not be done."""


class OwnMetricRecord(TypedDict):
    """A number that a test recorded by `ctx.record`."""

    name: str
    """What the test calls it."""
    value: float
    """The number."""
    unit: str
    """Its unit; empty if it has none."""
    better: Literal["lower", "higher", ""]
    """Which direction is better; empty: neither."""


class MetricRecord(TypedDict):
    """A number that a payload printed."""

    payload: str
    """The payload's name."""
    name: str
    """The metric's name."""
    value: float | None
    """The number; null if there is none."""
    unit: str
    """Its unit."""
    better: Literal["lower", "higher", ""]
    """Which direction is better; empty: neither."""
    phase: str
    """The phase in which the payload ended; empty for a scenario without steps."""
    why: str
    """Why there is no number; empty if there is one."""


class ShrunkRecord(TypedDict):
    """What a failed run needs to fail, after it was run with less."""

    what: Literal["operations", "perturbations", "stops"]
    """What was left out."""
    left: int
    """How many it fails with."""
    of: int
    """How many it had."""
    unfinished: str | None
    """Why fewer may be enough, in words: the time for it was up; null if it was not."""


class RunRecord(TypedDict):
    """One VM run of a test."""

    job: JobRecord
    """What was asked."""
    result: ResultRecord
    """How the guest ended."""
    vms: VmCounts
    """The VMs that it took."""
    verdict: VerdictRecord
    """How it was judged."""
    guest: dict[str, Any]
    """What the guest reported."""
    metrics: NotRequired[list[MetricRecord]]
    """The numbers that the payloads printed."""
    recorded: NotRequired[list[OwnMetricRecord]]
    """The numbers that the test itself recorded of this run."""
    coverage: NotRequired[str]
    """With --coverage: the file beside the sidecar with what the run executed of the schedulers' BPF."""
    cost: NotRequired[list[CostRecord]]
    """With --coverage: what each function of the schedulers' BPF cost."""
    trace: NotRequired[str]
    """With --timeline: the file beside the sidecar with what ran where, for Perfetto."""
    dump: NotRequired[str | None]
    """The file beside the sidecar with the failure dump; null if there is none."""
    repro: NotRequired[ReproRecord | None]
    """The second run; null if there was none."""
    shrunk: NotRequired[list[ShrunkRecord]]
    """Of a failed run with drawn operations, perturbations or stops: how many it needs of each."""
    interleaving: NotRequired[InterleavingRecord | None]
    """With --explore: where its CPUs stood still; null or absent if they did nowhere."""
    programs: NotRequired[list[ProgramRecord]]
    """Of a cell of the verifier sweep: the programs that it loaded."""
    map_bytes: NotRequired[int]
    """Of a cell of the verifier sweep: the memory of all maps."""


class Sidecar(EmulatorOfCase):
    """The sidecar of a ktstr test, or of a cell of the verifier sweep."""

    schema: Literal[1]
    """The number of this schema."""
    test: str
    """The test's name with its own parameters, without the kernel."""
    nodeid: str
    """pytest's id, which selects the test on pytest's command line."""
    outcome: Outcome
    """`passed`, `failed` (a verdict failed), `error` (the run could not be done), `skipped`, or `inconclusive` (there
    were too few samples for a verdict)."""
    message: str | None
    """Why, in one line; null for a test that passed."""
    details: str | None
    """Why, in full."""
    kernel: KernelRecord
    """The kernel."""
    topology: str
    """NUMA nodes, LLCs in all, cores per LLC, threads per core: `1n2l4c1t`."""
    scheduler: SchedulerRecord
    """The scheduler."""
    clock: str | None
    """`real` or `virtual`; null if no VM was asked for."""
    clock_reason: str | None
    """Why this accelerator and clock were chosen."""
    seed: int
    """The seed."""
    perturb: bool
    """Whether the seed also chose preemptions."""
    accelerator: str | None
    """`kvm` or `tcg`; null if no VM was asked for."""
    started: str
    """When, ISO 8601, UTC."""
    timings: Timings
    """How long it took."""
    runs: list[RunRecord]
    """The VM runs, in order."""
    versions: VersionsRecord
    """What judged it."""


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a sidecar, draft 2020-12. Further fields are allowed, since later versions may add some."""
    import msgspec  # only for this: tests write their sidecars without it

    from ktstr.base.docstrings import field_docs
    from ktstr.events.report import GuestReport

    (top, guest), definitions = msgspec.json.schema_components(
        (Sidecar, GuestReport), ref_template="#/$defs/{name}"
    )
    definitions["RunRecord"]["properties"]["guest"] = guest
    # The guest's CPUs and nodes are those of the topology, and are not repeated.
    for name in ("cpus", "nodes"):
        del definitions["GuestReport"]["properties"][name]
    definitions["GuestReport"]["required"].remove("cpus")
    del definitions["GuestCpu"], definitions["GuestNode"]
    # Of a histogram the sidecar has the percentiles only.
    del definitions["Distribution"]["properties"]["buckets"]
    # A TypedDict does not know what it was derived from.
    inherited = field_docs(EmulatorOfCase) | field_docs(EmulatorOfResult)
    for kind in _types(Sidecar, GuestReport):
        properties = definitions.get(kind.__name__, {}).get("properties", {})
        for name, text in {**inherited, **field_docs(kind)}.items():
            if name in properties:
                properties[name] = {"description": " ".join(text.split()), **properties[name]}
    for definition in definitions.values():
        if text := definition.get("description"):
            definition["description"] = " ".join(text.split())
        # msgspec says of an empty dict that it is a default from 0.23 on.
        for one in definition.get("properties", {}).values():
            if one.get("default") == {}:
                del one["default"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:ktstr:sidecar:{SCHEMA}",
        **top,
        "$defs": dict(sorted(definitions.items())),
    }


def _types(*types: type) -> set[type]:
    """These types, and all classes of ours that their fields have."""
    from typing import get_args, get_type_hints

    found: set[type] = set()
    left: list[Any] = list(types)
    while left:
        kind = left.pop()
        left += get_args(kind)
        if isinstance(kind, type) and kind.__module__.startswith("ktstr") and kind not in found:
            found.add(kind)
            left += get_type_hints(kind).values()
    return found


if __name__ == "__main__":
    from ktstr.report import schema  # this module under its own name, by which its types are known

    print(json.dumps(schema.json_schema(), indent=2))
