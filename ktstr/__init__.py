"""ktstr: a test harness for Linux CPU schedulers. What a test author imports; nothing else is public.

Names are imported when they are first used: every pytest run where ktstr is installed imports this package.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ktstr.base.errors import KtstrError
    from ktstr.base.topology import Topology
    from ktstr.checks.thresholds import Checks
    from ktstr.checks.verdict import RunReport, VerdictFailed
    from ktstr.declare.presets import Constraints
    from ktstr.declare.scheduler import EEVDF, Scheduler, declare_scheduler
    from ktstr.declare.test import ktstr_test
    from ktstr.run.context import Ctx
    from ktstr.scenario import canned as scenarios
    from ktstr.scenario.cgroup import CgroupDef
    from ktstr.scenario.cpuset import Cpuset
    from ktstr.scenario.map_write import BpfMapWrite
    from ktstr.scenario.work import Bursty, Mixed, SpinWait, YieldHeavy

__all__ = [
    "EEVDF",
    "BpfMapWrite",
    "Bursty",
    "CgroupDef",
    "Checks",
    "Constraints",
    "Cpuset",
    "Ctx",
    "KtstrError",
    "Mixed",
    "RunReport",
    "Scheduler",
    "SpinWait",
    "Topology",
    "VerdictFailed",
    "YieldHeavy",
    "declare_scheduler",
    "ktstr_test",
    "scenarios",
]

_HOMES = {
    "EEVDF": "ktstr.declare.scheduler",
    "BpfMapWrite": "ktstr.scenario.map_write",
    "Bursty": "ktstr.scenario.work",
    "CgroupDef": "ktstr.scenario.cgroup",
    "Checks": "ktstr.checks.thresholds",
    "Constraints": "ktstr.declare.presets",
    "Cpuset": "ktstr.scenario.cpuset",
    "Ctx": "ktstr.run.context",
    "KtstrError": "ktstr.base.errors",
    "Mixed": "ktstr.scenario.work",
    "RunReport": "ktstr.checks.verdict",
    "Scheduler": "ktstr.declare.scheduler",
    "SpinWait": "ktstr.scenario.work",
    "Topology": "ktstr.base.topology",
    "VerdictFailed": "ktstr.checks.verdict",
    "YieldHeavy": "ktstr.scenario.work",
    "declare_scheduler": "ktstr.declare.scheduler",
    "ktstr_test": "ktstr.declare.test",
}


def __getattr__(name: str) -> Any:
    if name == "scenarios":
        return import_module("ktstr.scenario.canned")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'ktstr' has no attribute {name!r}")
