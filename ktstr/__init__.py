"""ktstr: a test harness for Linux CPU schedulers. What a test author imports; nothing else is public.

A name is imported when it is first used, because every pytest run in whose environment ktstr is installed imports this
package. docs/api.md describes each name.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the same names as in _PUBLIC, for type checkers; a test compares the two
    from ktstr.base.errors import KtstrError as KtstrError
    from ktstr.base.node import Node as Node
    from ktstr.base.topology import Topology as Topology
    from ktstr.checks.accepted import Accepted as Accepted
    from ktstr.checks.accepted import Limit as Limit
    from ktstr.checks.accepted import OnOff as OnOff
    from ktstr.checks.evidence import Evidence as Evidence
    from ktstr.checks.expect import ExpectedError as ExpectedError
    from ktstr.checks.registry import Check as Check
    from ktstr.checks.registry import Stage as Stage
    from ktstr.checks.registry import declare_check as declare_check
    from ktstr.checks.thresholds import Checks as Checks
    from ktstr.checks.verdict import RunReport as RunReport
    from ktstr.checks.verdict import VerdictFailed as VerdictFailed
    from ktstr.checks.violation import Violation as Violation
    from ktstr.declare.presets import Constraints as Constraints
    from ktstr.declare.scheduler import EEVDF as EEVDF
    from ktstr.declare.scheduler import Scheduler as Scheduler
    from ktstr.declare.scheduler import declare_scheduler as declare_scheduler
    from ktstr.declare.test import KtstrTest as KtstrTest
    from ktstr.declare.test import ktstr_test as ktstr_test
    from ktstr.events.btf.values import Variable as Variable
    from ktstr.events.dump import Dump as Dump
    from ktstr.events.dump import Element as Element
    from ktstr.events.dump import MapDump as MapDump
    from ktstr.events.exit import SchedulerExit as SchedulerExit
    from ktstr.events.exit import Task as Task
    from ktstr.events.flight import FlightEvent as FlightEvent
    from ktstr.events.kernel_log import KernelBug as KernelBug
    from ktstr.events.report import GuestCpu as GuestCpu
    from ktstr.events.report import GuestNode as GuestNode
    from ktstr.events.report import GuestReport as GuestReport
    from ktstr.events.report import MapWrite as MapWrite
    from ktstr.events.report import Perturbed as Perturbed
    from ktstr.events.report import RefusedWrite as RefusedWrite
    from ktstr.events.report import SchedulerState as SchedulerState
    from ktstr.events.report import Switches as Switches
    from ktstr.events.run_queues import CpuQueue as CpuQueue
    from ktstr.events.run_queues import QueuedTask as QueuedTask
    from ktstr.events.run_queues import RunQueues as RunQueues
    from ktstr.events.worker import WorkerStats as WorkerStats
    from ktstr.guest.initramfs import Packed as Packed
    from ktstr.kernel.model import Kernel as Kernel
    from ktstr.run.context import Ctx as Ctx
    from ktstr.scenario import canned
    from ktstr.scenario.argument import Argument as Argument
    from ktstr.scenario.argument import Choice as Choice
    from ktstr.scenario.argument import Flag as Flag
    from ktstr.scenario.argument import Milliseconds as Milliseconds
    from ktstr.scenario.argument import Text as Text
    from ktstr.scenario.argument import Whole as Whole
    from ktstr.scenario.argument import Words as Words
    from ktstr.scenario.cgroup import CgroupDef as CgroupDef
    from ktstr.scenario.cpuset import Cpuset as Cpuset
    from ktstr.scenario.operation import Operation as Operation
    from ktstr.scenario.operations.write import BpfMapWrite as BpfMapWrite
    from ktstr.scenario.scenario import Scenario as Scenario
    from ktstr.scenario.work import Bursty as Bursty
    from ktstr.scenario.work import Mixed as Mixed
    from ktstr.scenario.work import SpinWait as SpinWait
    from ktstr.scenario.work import YieldHeavy as YieldHeavy
    from ktstr.scenario.work_type import WorkType as WorkType
    from ktstr.vm.job import VmJob as VmJob
    from ktstr.vm.result import Ending as Ending
    from ktstr.vm.result import VmResult as VmResult

    scenarios = canned

# Where each public name is.
_PUBLIC = {
    "ktstr.base.errors": ("KtstrError",),
    "ktstr.base.node": ("Node",),
    "ktstr.base.topology": ("Topology",),
    "ktstr.checks.accepted": ("Accepted", "Limit", "OnOff"),
    "ktstr.checks.evidence": ("Evidence",),
    "ktstr.checks.expect": ("ExpectedError",),
    "ktstr.checks.registry": ("Check", "Stage", "declare_check"),
    "ktstr.checks.thresholds": ("Checks",),
    "ktstr.checks.verdict": ("RunReport", "VerdictFailed"),
    "ktstr.checks.violation": ("Violation",),
    "ktstr.declare.presets": ("Constraints",),
    "ktstr.declare.scheduler": ("EEVDF", "Scheduler", "declare_scheduler"),
    "ktstr.declare.test": ("KtstrTest", "ktstr_test"),
    "ktstr.events.btf.values": ("Variable",),
    "ktstr.events.dump": ("Dump", "Element", "MapDump"),
    "ktstr.events.exit": ("SchedulerExit", "Task"),
    "ktstr.events.flight": ("FlightEvent",),
    "ktstr.events.kernel_log": ("KernelBug",),
    "ktstr.events.report": (
        "GuestCpu",
        "GuestNode",
        "GuestReport",
        "MapWrite",
        "Perturbed",
        "RefusedWrite",
        "SchedulerState",
        "Switches",
    ),
    "ktstr.events.run_queues": ("CpuQueue", "QueuedTask", "RunQueues"),
    "ktstr.events.worker": ("WorkerStats",),
    "ktstr.guest.initramfs": ("Packed",),
    "ktstr.kernel.model": ("Kernel",),
    "ktstr.run.context": ("Ctx",),
    "ktstr.scenario.argument": ("Argument", "Choice", "Flag", "Milliseconds", "Text", "Whole", "Words"),
    "ktstr.scenario.cgroup": ("CgroupDef",),
    "ktstr.scenario.cpuset": ("Cpuset",),
    "ktstr.scenario.operation": ("Operation",),
    "ktstr.scenario.operations.write": ("BpfMapWrite",),
    "ktstr.scenario.scenario": ("Scenario",),
    "ktstr.scenario.work": ("Bursty", "Mixed", "SpinWait", "YieldHeavy"),
    "ktstr.scenario.work_type": ("WorkType",),
    "ktstr.vm.job": ("VmJob",),
    "ktstr.vm.result": ("Ending", "VmResult"),
}
_HOMES = {name: home for home, names in _PUBLIC.items() for name in names}

__all__ = sorted((*_HOMES, "scenarios"))


def __getattr__(name: str) -> Any:
    if name == "scenarios":
        return import_module("ktstr.scenario.canned")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'ktstr' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
