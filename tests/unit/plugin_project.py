"""A user's project for the plugin's tests: kernels and guests are stand-ins, everything else is real.

The stand-ins are a conftest of the project, so that xdist workers have them too.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import ktstr.declare.scheduler
import ktstr.run.context
import ktstr.vm.local

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


def resolve(spec, accepted_by=()):
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
        self.asked, self.runs, self.options, self._as_expected = 0, [], options, False

    def run(self, verdict="", error="", pause_s=0, again_s=0):
        self.asked += 1
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
            self.options["hooks"].failed(self, f"BUG SUMMARY: {verdict}")
            why_not = self.options["hooks"].why_not_shrunk(self, "max_spread_pct")
            (self.artifacts / "shrunk.txt").write_text(why_not)
            (self.artifacts / "again.log").write_text("")
            time.sleep(again_s)
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

# If ktstr is installed, its entry point loads the plugin. Other plugins only make workers start slowly.
INSTALLED = bool(entry_points(group="pytest11", name="ktstr"))
# The order of the tests in it is part of what is tested, and a plugin of the outer session may shuffle tests.
OPTIONS = (
    "-p",
    "no:hypothesispytest",
    "-p",
    "no:randomly",
    *(() if INSTALLED else ("-p", "ktstr.plugin.entry")),
)

SUITE = """
import pytest
from ktstr import declare_scheduler, ktstr_test

MY = declare_scheduler("my_sched", binary="my_sched", topology=(1, 2, 4, 1), kernels=["7.0", "7.3"])
ANY = declare_scheduler("any_sched", binary="any_sched")
"""

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs pytest on the given test functions in a project with stand-in kernels and guests."""
    pytester.makeconftest(CONFTEST)
    # The conftest replaces these in this process as well; this puts them back. (Modules pytester does.)
    for module, name in (
        (ktstr.run.context, "Ctx"),
        (ktstr.vm.local, "LocalExecutor"),
    ):
        monkeypatch.setattr(module, name, getattr(module, name))
    for name in (
        "KTSTR_KERNEL",
        "KTSTR_CLOCK",
        "KTSTR_SEED",
        "KTSTR_TOPOLOGY",
        "KTSTR_PERTURB",
        "KTSTR_SUITE",
        "KTSTR_COMMAND",
        "KTSTR_DIE_WITH_PARENT",
        "NO_COLOR",
        "FORCE_COLOR",
        "PYTEST_ADDOPTS",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))

    def run(functions: str, *arguments: str) -> pytest.RunResult:
        monkeypatch.setattr(ktstr.declare.scheduler, "_registry", {})
        monkeypatch.delenv("PY_COLORS", raising=False)  # pytester's own
        if functions:
            pytester.makepyfile(test_it=SUITE + functions)
        return pytester.runpytest_inprocess(*OPTIONS, *arguments)

    return run


def lines(result: pytest.RunResult) -> list[str]:
    """The lines of the tests, without their times."""
    words = ("PASS", "FAIL", "SKIP", "ERROR [", "INCONCLUSIVE [")
    return [
        line.split("[")[0] + line.split("s] ", 1)[1]
        for line in result.outlines
        if line.startswith(words) and "s] (" in line
    ]


def resolved(pytester: pytest.Pytester) -> list[str]:
    """The specs that were looked up, in order."""
    log = pytester.path / "resolved"
    return log.read_text().split() if log.exists() else []


def results(pytester: pytest.Pytester, kernel: str = "7.0.13-nogit") -> set[str]:
    folder = pytester.path / "target" / "ktstr" / kernel
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def sidecars(pytester: pytest.Pytester, kernel: str = "7.0.13-nogit") -> dict[str, dict[str, object]]:
    folder = pytester.path / "target" / "ktstr" / kernel
    documents = [json.loads(path.read_text()) for path in folder.glob("*-*.json") if ".run-" not in path.name]
    return {document["test"]: document for document in documents}


PASSING = """
@ktstr_test(scheduler=MY)
def basic_steady(ctx):
    ctx.run()
"""
FAILING = """
@ktstr_test(scheduler=ANY)
def unfair(ctx):
    ctx.run(verdict="worker 3: 22.5 points, limit 15")
"""
BROKEN = """
@ktstr_test(scheduler=ANY)
def broken(ctx):
    ctx.run(error="scheduler any_sched: binary 'any_sched' not found")
"""
