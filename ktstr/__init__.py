"""ktstr: a test harness for Linux CPU schedulers. What a test author imports; nothing else is public."""

from ktstr.checks.thresholds import Checks
from ktstr.context import Ctx
from ktstr.errors import KtstrError
from ktstr.scenario import canned as scenarios
from ktstr.scenario.cgroup import CgroupDef
from ktstr.scenario.cpuset import Cpuset
from ktstr.scenario.work import Bursty, Mixed, SpinWait, YieldHeavy
from ktstr.scheduler import EEVDF, Scheduler, declare_scheduler
from ktstr.testing import ktstr_test
from ktstr.topology import Topology

__all__ = [
    "EEVDF",
    "Bursty",
    "CgroupDef",
    "Checks",
    "Cpuset",
    "Ctx",
    "KtstrError",
    "Mixed",
    "Scheduler",
    "SpinWait",
    "Topology",
    "YieldHeavy",
    "declare_scheduler",
    "ktstr_test",
    "scenarios",
]
