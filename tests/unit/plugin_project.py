"""A user's project for the plugin's tests: kernels and guests are stood in for, all else is real.

The stand-ins are a conftest of the project, so that xdist workers have them too.
"""

from __future__ import annotations

CONFTEST = """
import os
import sys
import time
from pathlib import Path
from types import ModuleType

import ktstr.run.context
import ktstr.vm.local
from ktstr.checks.verdict import VerdictFailed
from ktstr.run.hooks import sections_text
from ktstr.base.errors import KtstrError
from ktstr.kernel.model import Kernel
from ktstr.vm.host import Accel, emulation_limit

PUBLISHED = ["6.12.9", "6.18.4", "7.0.13", "7.3.4"]


def kernel(version):
    return Kernel(
        key=f"{version}-debian-00000000", version=version, release=f"{version}-cloud-amd64", source="stand-in",
        image=Path("/nowhere/vmlinux"), image_sha256="ab" * 32, config=Path("/nowhere/config"),
        sched_ext=version != "6.12.9",
    )


def resolve(spec):
    with Path(__file__).with_name("resolved").open("a") as log:
        log.write(f"{spec}\\n")
    spec = spec or os.environ.get("KTSTR_KERNEL")
    if spec is None:
        return [kernel("7.3.4")]
    if ".." in spec:
        return [kernel(version) for version in PUBLISHED[1:]]
    found = [version for version in PUBLISHED if version == spec or version.startswith(f"{spec}.")]
    if not found:
        raise KtstrError(f"kernel {spec}: not published; there are {', '.join(PUBLISHED)}")
    return [kernel(found[-1])]


class Ctx:
    finish = ktstr.run.context.Ctx.finish

    def __init__(self, test, kernel, clock, seed, artifacts, **options):
        self.test, self.kernel, self.clock, self.seed, self.artifacts = test, kernel, clock, seed, artifacts
        self.runs, self.options, self._as_expected = [], options, False

    def run(self, verdict="", error="", pause_s=0):
        self.options["hooks"].before_run(self, "the job")
        if error:
            raise KtstrError(error)
        self.artifacts.mkdir(parents=True, exist_ok=True)
        (self.artifacts / "console.log").write_text("Linux version stand-in\\n")
        time.sleep(pause_s)
        violations = [{"check": "max_spread_pct", "message": verdict}] if verdict else []
        vms = {"booted": 1, "cloned": 0, "remembered": 0}
        result = {"guest_s": 2.0, "start": "boot"}
        self.runs.append({"result": result, "vms": vms, "verdict": {"violations": violations}})
        self._as_expected = not verdict
        report = f"{len(violations)} violations"
        self.options["hooks"].after_verdict(self, report)
        if verdict:
            sections = sections_text(self.options["hooks"].report_sections(self, report))
            text = f"{self.test.name}: the header\\n  {verdict}\\n--- stats ---\\nfolder {self.artifacts}"
            raise VerdictFailed(text + sections)


class Executor:
    emulator = "7.2.99"

    def accelerator(self, clock, cpus=None):
        return Accel("tcg", "virtual" if clock == "auto" else clock, "no KVM in this test")

    def refusal(self, topology, accel):
        return emulation_limit(topology)


# The real module would bring the network stack into every worker, which is most of a worker's start.
sys.modules["ktstr.kernel.resolve"] = ModuleType("ktstr.kernel.resolve")
sys.modules["ktstr.kernel.resolve"].resolve = resolve
ktstr.run.context.Ctx = Ctx
ktstr.vm.local.LocalExecutor = Executor
"""
