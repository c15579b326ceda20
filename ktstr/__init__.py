"""ktstr: a test harness for Linux CPU schedulers. What a test author imports; nothing else is public.

Names are imported when they are first used: every pytest run where ktstr is installed imports this package.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ktstr.checks.thresholds import Checks
    from ktstr.context import Ctx, RunReport, VerdictFailed
    from ktstr.errors import KtstrError
    from ktstr.presets import Constraints
    from ktstr.scenario import canned as scenarios
    from ktstr.scenario.cgroup import CgroupDef
    from ktstr.scenario.cpuset import Cpuset
    from ktstr.scenario.map_write import BpfMapWrite
    from ktstr.scenario.work import Bursty, Mixed, SpinWait, YieldHeavy
    from ktstr.scheduler import EEVDF, Scheduler, declare_scheduler
    from ktstr.testing import ktstr_test
    from ktstr.topology import Topology

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
    "EEVDF": "ktstr.scheduler",
    "BpfMapWrite": "ktstr.scenario.map_write",
    "Bursty": "ktstr.scenario.work",
    "CgroupDef": "ktstr.scenario.cgroup",
    "Checks": "ktstr.checks.thresholds",
    "Constraints": "ktstr.presets",
    "Cpuset": "ktstr.scenario.cpuset",
    "Ctx": "ktstr.context",
    "KtstrError": "ktstr.errors",
    "Mixed": "ktstr.scenario.work",
    "RunReport": "ktstr.context",
    "Scheduler": "ktstr.scheduler",
    "SpinWait": "ktstr.scenario.work",
    "Topology": "ktstr.topology",
    "VerdictFailed": "ktstr.context",
    "YieldHeavy": "ktstr.scenario.work",
    "declare_scheduler": "ktstr.scheduler",
    "ktstr_test": "ktstr.testing",
}


def __getattr__(name: str) -> Any:
    if name == "scenarios":
        return import_module("ktstr.scenario.canned")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'ktstr' has no attribute {name!r}")
