"""ktstr: a test harness for Linux CPU schedulers. What a test author imports; nothing else is public."""

from ktstr.checks.thresholds import Checks
from ktstr.errors import KtstrError
from ktstr.scheduler import EEVDF, Scheduler, declare_scheduler
from ktstr.testing import ktstr_test
from ktstr.topology import Topology

__all__ = [
    "EEVDF",
    "Checks",
    "KtstrError",
    "Scheduler",
    "Topology",
    "declare_scheduler",
    "ktstr_test",
]
