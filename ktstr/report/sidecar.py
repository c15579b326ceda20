"""The sidecar: one JSON file per test, for programs. `ktstr.report.schema` has its types."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import msgspec

from ktstr.base.whole_file import write_whole
from ktstr.report.case import Case, Versions
from ktstr.report.schema import SCHEMA, RunRecord, Sidecar
from ktstr.vm.names import EMULATOR_KEY

__all__ = ["SCHEMA", "file_stem", "sidecar", "write_json"]

_LONGEST_NAME = 100  # with the digest and a suffix well below the 255 bytes of common file systems
_UNSAFE = re.compile(r"[^A-Za-z0-9_.]+")


def file_stem(nodeid: str) -> str:
    """A file name without suffix for a test: readable, safe in a shell, and no other test's.

    It depends on nothing but the test id: `test_a.py::basic[7.0]` is always `basic-7.0-<8 hex digits>`.
    """
    name = _UNSAFE.sub("-", nodeid.split("::", 1)[-1]).strip("-.")[:_LONGEST_NAME].rstrip("-.")
    digest = hashlib.sha256(nodeid.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{name or 'test'}-{digest}"


def sidecar(case: Case, versions: Versions) -> Sidecar:
    """The case as its sidecar."""
    return {
        "schema": 1,
        "test": case.test,
        "nodeid": case.nodeid,
        "outcome": case.outcome,
        "message": case.message or None,
        "details": case.details or None,
        "kernel": {
            "version": case.kernel.version,
            "release": case.kernel.release,
            "source": case.kernel.source,
            "image_sha256": case.kernel.image_sha256,
        },
        "topology": case.topology,
        "scheduler": {
            "name": case.scheduler,
            "variant": case.variant or None,
            "args": list(case.sched_args),
        },
        "clock": case.clock or None,
        "clock_reason": case.clock_reason or None,
        "seed": case.seed,
        "perturb": case.perturb,
        "accelerator": case.accelerator or None,
        EMULATOR_KEY: case.emulator or None,
        "started": datetime.fromtimestamp(case.started, UTC).isoformat(timespec="milliseconds"),
        "timings": {"wall_s": round(case.wall_s, 3), "guest_s": round(case.guest_s, 9)},
        "runs": cast("list[RunRecord]", list(case.runs)),  # as contexts and sweeps recorded them
        "versions": {
            "ktstr": versions.ktstr,
            "python": versions.python,
            "commit": versions.commit,
            "dirty": versions.dirty,
        },
    }


def write_json(path: Path, data: object) -> None:
    """Write `data` to `path` so that the file appears whole or not at all."""
    # Without an indent json writes with C code; a sidecar of one test has more than 10,000 values.
    text = json.dumps(data, ensure_ascii=True)
    try:
        text = msgspec.json.format(text, indent=2)
    except msgspec.DecodeError:  # a console can have half of a surrogate pair, which only json accepts
        text = json.dumps(data, indent=2, ensure_ascii=True)
    write_whole(path, text + "\n", sync=True)
