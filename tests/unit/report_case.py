"""A case to vary, for the tests of reports that are made from cases."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from ktstr.kernel.model import Kernel
from ktstr.report.case import Case, Versions

KERNEL = Kernel(
    key="7.0.13-debian-1a2b3c4d",
    version="7.0.13",
    release="7.0.13+deb13-cloud-amd64",
    source="Debian, signature verified",
    image=Path("/cache/vmlinux"),
    image_sha256="ab" * 32,
    config=Path("/cache/config"),
    sched_ext=True,
)

VERSIONS = Versions(ktstr="0.1.0", python="3.11.2", commit="1a2b3c4d" * 5, dirty=False)

_CASE = Case(
    nodeid="tests/test_a.py::basic_steady[7.0]",
    test="basic_steady",
    outcome="passed",
    message="",
    details="",
    kernel=KERNEL,
    topology="1n2l4c1t",
    scheduler="my_sched",
    sched_args=("--slice", "5"),
    clock="virtual",
    clock_reason="no KVM",
    seed=1,
    perturb=False,
    accelerator="tcg",
    emulator="7.2.22",
    started=1_790_000_000.25,
    wall_s=12.3456,
    guest_s=2.5,
    runs=({"result": {"guest_s": 2.5, "start": "boot"}, "vms": {"booted": 1, "cloned": 0, "remembered": 0}},),
)


def a_case(**changes: Any) -> Case:
    """A passed case with `changes`."""
    return replace(_CASE, **changes)
