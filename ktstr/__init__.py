"""ktstr: a test harness for Linux CPU schedulers. What a test author imports; nothing else is public.

A name is imported when it is first used, because every pytest run in whose environment ktstr is installed imports this
package. docs/api.md describes each name.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the same names as in _PUBLIC, for type checkers; a test compares the two
    from ktstr.base.errors import Inconclusive as Inconclusive
    from ktstr.base.errors import KtstrError as KtstrError
    from ktstr.base.node import Node as Node
    from ktstr.base.topology import Topology as Topology
    from ktstr.checks.accepted import Accepted as Accepted
    from ktstr.checks.accepted import ByFunction as ByFunction
    from ktstr.checks.accepted import Limit as Limit
    from ktstr.checks.accepted import OnOff as OnOff
    from ktstr.checks.accepted import Sustained as Sustained
    from ktstr.checks.accepted import SustainedLimit as SustainedLimit
    from ktstr.checks.evidence import Evidence as Evidence
    from ktstr.checks.expect import ExpectedError as ExpectedError
    from ktstr.checks.recorded import Recorded as Recorded
    from ktstr.checks.registry import Check as Check
    from ktstr.checks.registry import Stage as Stage
    from ktstr.checks.registry import declare_check as declare_check
    from ktstr.checks.series import Sample as Sample
    from ktstr.checks.series import Series as Series
    from ktstr.checks.series import SeriesFailed as SeriesFailed
    from ktstr.checks.series import SeriesGroup as SeriesGroup
    from ktstr.checks.thresholds import Checks as Checks
    from ktstr.checks.verdict import RunReport as RunReport
    from ktstr.checks.verdict import VerdictFailed as VerdictFailed
    from ktstr.checks.violation import Finding as Finding
    from ktstr.checks.violation import Violation as Violation
    from ktstr.declare.files import Inline as Inline
    from ktstr.declare.payload import declare_payload as declare_payload
    from ktstr.declare.presets import Constraints as Constraints
    from ktstr.declare.scheduler import EEVDF as EEVDF
    from ktstr.declare.scheduler import Scheduler as Scheduler
    from ktstr.declare.scheduler import declare_scheduler as declare_scheduler
    from ktstr.declare.scx.declaration import declare_scx as declare_scx
    from ktstr.declare.test import KtstrTest as KtstrTest
    from ktstr.declare.test import ktstr_test as ktstr_test
    from ktstr.declare.variant import Variant as Variant
    from ktstr.declare.variant import flag_variants as flag_variants
    from ktstr.events.btf.values import Variable as Variable
    from ktstr.events.distribution import Distribution as Distribution
    from ktstr.events.dump import Dump as Dump
    from ktstr.events.dump import Element as Element
    from ktstr.events.dump import MapDump as MapDump
    from ktstr.events.exit import SchedulerExit as SchedulerExit
    from ktstr.events.exit import Task as Task
    from ktstr.events.flight import FlightEvent as FlightEvent
    from ktstr.events.kernel_log import KernelBug as KernelBug
    from ktstr.events.latency import Latency as Latency
    from ktstr.events.latency import TaskLatency as TaskLatency
    from ktstr.events.latency_groups import GroupLatency as GroupLatency
    from ktstr.events.metrics import MetricValue as MetricValue
    from ktstr.events.monitor import Samples as Samples
    from ktstr.events.payload import PayloadRun as PayloadRun
    from ktstr.events.phase import OperationDone as OperationDone
    from ktstr.events.phase import Phase as Phase
    from ktstr.events.readings import FileRead as FileRead
    from ktstr.events.readings import GlobalRead as GlobalRead
    from ktstr.events.readings import ProgramRun as ProgramRun
    from ktstr.events.readings import RefusedReading as RefusedReading
    from ktstr.events.report import GuestCpu as GuestCpu
    from ktstr.events.report import GuestNode as GuestNode
    from ktstr.events.report import GuestReport as GuestReport
    from ktstr.events.report import MapWrite as MapWrite
    from ktstr.events.report import Perturbed as Perturbed
    from ktstr.events.report import RefusedWrite as RefusedWrite
    from ktstr.events.report import Switches as Switches
    from ktstr.events.run_queues import CpuQueue as CpuQueue
    from ktstr.events.run_queues import QueuedTask as QueuedTask
    from ktstr.events.run_queues import RunQueues as RunQueues
    from ktstr.events.schedulers import RefusedAttach as RefusedAttach
    from ktstr.events.schedulers import SchedulerRun as SchedulerRun
    from ktstr.events.state import SchedulerState as SchedulerState
    from ktstr.events.worker import WorkerStats as WorkerStats
    from ktstr.guest.initramfs import Packed as Packed
    from ktstr.instrument.code import FunctionCode as FunctionCode
    from ktstr.instrument.cost import CalledFunction as CalledFunction
    from ktstr.instrument.cost import FunctionCost as FunctionCost
    from ktstr.instrument.coverage import CoveredBranch as CoveredBranch
    from ktstr.instrument.coverage import CoveredFunction as CoveredFunction
    from ktstr.instrument.coverage import FileCoverage as FileCoverage
    from ktstr.instrument.interface import Driven as Driven
    from ktstr.kernel.model import Kernel as Kernel
    from ktstr.run.context import Ctx as Ctx
    from ktstr.scenario import canned
    from ktstr.scenario import payloads as ready
    from ktstr.scenario.affinity import Affinity as Affinity
    from ktstr.scenario.argument import Argument as Argument
    from ktstr.scenario.argument import Choice as Choice
    from ktstr.scenario.argument import Flag as Flag
    from ktstr.scenario.argument import Milliseconds as Milliseconds
    from ktstr.scenario.argument import Text as Text
    from ktstr.scenario.argument import Whole as Whole
    from ktstr.scenario.argument import Words as Words
    from ktstr.scenario.cgroup import CgroupDef as CgroupDef
    from ktstr.scenario.churn import Churn as Churn
    from ktstr.scenario.cpuset import Cpuset as Cpuset
    from ktstr.scenario.layout import Drawn as Drawn
    from ktstr.scenario.layout import Layout as Layout
    from ktstr.scenario.layout import PhasePlan as PhasePlan
    from ktstr.scenario.memory_policy import MemoryPolicy as MemoryPolicy
    from ktstr.scenario.metric import Metric as Metric
    from ktstr.scenario.model import CgroupState as CgroupState
    from ktstr.scenario.model import Member as Member
    from ktstr.scenario.model import State as State
    from ktstr.scenario.on_workers import OnWorkers as OnWorkers
    from ktstr.scenario.operation import Operation as Operation
    from ktstr.scenario.operations.at import At as At
    from ktstr.scenario.operations.attach import Attach as Attach
    from ktstr.scenario.operations.attach_over import AttachOver as AttachOver
    from ktstr.scenario.operations.cgroup import AddCgroup as AddCgroup
    from ktstr.scenario.operations.clear_cpuset import ClearCpuset as ClearCpuset
    from ktstr.scenario.operations.core_sched import CoreSched as CoreSched
    from ktstr.scenario.operations.cpu_offline import CpuOffline as CpuOffline
    from ktstr.scenario.operations.cpu_online import CpuOnline as CpuOnline
    from ktstr.scenario.operations.cpuset_partition import CpusetPartition as CpusetPartition
    from ktstr.scenario.operations.detach import Detach as Detach
    from ktstr.scenario.operations.freeze import Freeze as Freeze
    from ktstr.scenario.operations.kernel_dump import KernelDump as KernelDump
    from ktstr.scenario.operations.kill_payload import KillPayload as KillPayload
    from ktstr.scenario.operations.monitor import Monitor as Monitor
    from ktstr.scenario.operations.move_tasks import MoveTasks as MoveTasks
    from ktstr.scenario.operations.pause import Pause as Pause
    from ktstr.scenario.operations.read_cgroup import ReadCgroup as ReadCgroup
    from ktstr.scenario.operations.read_file import ReadFile as ReadFile
    from ktstr.scenario.operations.read_globals import ReadGlobals as ReadGlobals
    from ktstr.scenario.operations.read_workers import ReadWorkers as ReadWorkers
    from ktstr.scenario.operations.reload import Reload as Reload
    from ktstr.scenario.operations.remove_cgroup import RemoveCgroup as RemoveCgroup
    from ktstr.scenario.operations.replace_scheduler import ReplaceScheduler as ReplaceScheduler
    from ktstr.scenario.operations.restart import Restart as Restart
    from ktstr.scenario.operations.resume import Resume as Resume
    from ktstr.scenario.operations.run_payload import RunPayload as RunPayload
    from ktstr.scenario.operations.run_program import RunProgram as RunProgram
    from ktstr.scenario.operations.set_affinity import SetAffinity as SetAffinity
    from ktstr.scenario.operations.set_bandwidth import SetBandwidth as SetBandwidth
    from ktstr.scenario.operations.set_controllers import SetControllers as SetControllers
    from ktstr.scenario.operations.set_cpuset import SetCpuset as SetCpuset
    from ktstr.scenario.operations.set_idle import SetIdle as SetIdle
    from ktstr.scenario.operations.set_limit import SetLimit as SetLimit
    from ktstr.scenario.operations.set_nice import SetNice as SetNice
    from ktstr.scenario.operations.set_policy import SetPolicy as SetPolicy
    from ktstr.scenario.operations.set_weight import SetWeight as SetWeight
    from ktstr.scenario.operations.snapshot import Snapshot as Snapshot
    from ktstr.scenario.operations.spawn import Spawn as Spawn
    from ktstr.scenario.operations.stop_cgroup import StopCgroup as StopCgroup
    from ktstr.scenario.operations.stop_workers import StopWorkers as StopWorkers
    from ktstr.scenario.operations.suspend import Suspend as Suspend
    from ktstr.scenario.operations.swap_cpusets import SwapCpusets as SwapCpusets
    from ktstr.scenario.operations.sysctl import Sysctl as Sysctl
    from ktstr.scenario.operations.thaw import Thaw as Thaw
    from ktstr.scenario.operations.wait_payload import WaitPayload as WaitPayload
    from ktstr.scenario.operations.write import BpfMapWrite as BpfMapWrite
    from ktstr.scenario.operations.write_file import WriteFile as WriteFile
    from ktstr.scenario.payload import Offered as Offered
    from ktstr.scenario.payload import Payload as Payload
    from ktstr.scenario.policy import Deadline as Deadline
    from ktstr.scenario.scenario import Scenario as Scenario
    from ktstr.scenario.scheduler_name import Named as Named
    from ktstr.scenario.step import Hold as Hold
    from ktstr.scenario.step import Step as Step
    from ktstr.scenario.work import AffinityChurn as AffinityChurn
    from ktstr.scenario.work import AsymmetricWaker as AsymmetricWaker
    from ktstr.scenario.work import Bursty as Bursty
    from ktstr.scenario.work import CachePressure as CachePressure
    from ktstr.scenario.work import CgroupChurn as CgroupChurn
    from ktstr.scenario.work import CrossAffinityChurn as CrossAffinityChurn
    from ktstr.scenario.work import Epoll as Epoll
    from ktstr.scenario.work import FanOut as FanOut
    from ktstr.scenario.work import FilteredCalls as FilteredCalls
    from ktstr.scenario.work import ForkExec as ForkExec
    from ktstr.scenario.work import ForkExit as ForkExit
    from ktstr.scenario.work import FutexPingPong as FutexPingPong
    from ktstr.scenario.work import Messenger as Messenger
    from ktstr.scenario.work import Mixed as Mixed
    from ktstr.scenario.work import MutexContention as MutexContention
    from ktstr.scenario.work import NiceChurn as NiceChurn
    from ktstr.scenario.work import PageFault as PageFault
    from ktstr.scenario.work import Phased as Phased
    from ktstr.scenario.work import PipeIo as PipeIo
    from ktstr.scenario.work import PolicyChurn as PolicyChurn
    from ktstr.scenario.work import PreemptStorm as PreemptStorm
    from ktstr.scenario.work import PriorityInversion as PriorityInversion
    from ktstr.scenario.work import ProducerConsumer as ProducerConsumer
    from ktstr.scenario.work import Signals as Signals
    from ktstr.scenario.work import SpinWait as SpinWait
    from ktstr.scenario.work import ThunderingHerd as ThunderingHerd
    from ktstr.scenario.work import Timer as Timer
    from ktstr.scenario.work import TmpfsIo as TmpfsIo
    from ktstr.scenario.work import WakeChain as WakeChain
    from ktstr.scenario.work import YieldHeavy as YieldHeavy
    from ktstr.scenario.work_type import WorkType as WorkType
    from ktstr.scenario.workers import Workers as Workers
    from ktstr.scenario.workers import WorkerSettings as WorkerSettings
    from ktstr.vm.job import VmJob as VmJob
    from ktstr.vm.result import Ending as Ending
    from ktstr.vm.result import VmResult as VmResult

    scenarios = canned
    payloads = ready

# Where each public name is.
_PUBLIC = {
    "ktstr.base.errors": ("Inconclusive", "KtstrError"),
    "ktstr.base.node": ("Node",),
    "ktstr.base.topology": ("Topology",),
    "ktstr.checks.accepted": ("Accepted", "ByFunction", "Limit", "OnOff", "Sustained", "SustainedLimit"),
    "ktstr.checks.evidence": ("Evidence",),
    "ktstr.checks.expect": ("ExpectedError",),
    "ktstr.checks.recorded": ("Recorded",),
    "ktstr.checks.registry": ("Check", "Stage", "declare_check"),
    "ktstr.checks.series": ("Sample", "Series", "SeriesFailed", "SeriesGroup"),
    "ktstr.checks.thresholds": ("Checks",),
    "ktstr.checks.verdict": ("RunReport", "VerdictFailed"),
    "ktstr.checks.violation": ("Finding", "Violation"),
    "ktstr.declare.files": ("Inline",),
    "ktstr.declare.payload": ("declare_payload",),
    "ktstr.declare.presets": ("Constraints",),
    "ktstr.declare.scheduler": ("EEVDF", "Scheduler", "declare_scheduler"),
    "ktstr.declare.scx.declaration": ("declare_scx",),
    "ktstr.declare.test": ("KtstrTest", "ktstr_test"),
    "ktstr.declare.variant": ("Variant", "flag_variants"),
    "ktstr.events.btf.values": ("Variable",),
    "ktstr.events.dump": ("Dump", "Element", "MapDump"),
    "ktstr.events.exit": ("SchedulerExit", "Task"),
    "ktstr.events.flight": ("FlightEvent",),
    "ktstr.events.kernel_log": ("KernelBug",),
    "ktstr.events.distribution": ("Distribution",),
    "ktstr.events.latency": ("Latency", "TaskLatency"),
    "ktstr.events.latency_groups": ("GroupLatency",),
    "ktstr.events.monitor": ("Samples",),
    "ktstr.events.metrics": ("MetricValue",),
    "ktstr.events.payload": ("PayloadRun",),
    "ktstr.events.phase": ("OperationDone", "Phase"),
    "ktstr.events.readings": ("FileRead", "GlobalRead", "ProgramRun", "RefusedReading"),
    "ktstr.events.report": (
        "GuestCpu",
        "GuestNode",
        "GuestReport",
        "MapWrite",
        "Perturbed",
        "RefusedWrite",
        "Switches",
    ),
    "ktstr.events.run_queues": ("CpuQueue", "QueuedTask", "RunQueues"),
    "ktstr.events.schedulers": ("RefusedAttach", "SchedulerRun"),
    "ktstr.events.state": ("SchedulerState",),
    "ktstr.events.worker": ("WorkerStats",),
    "ktstr.guest.initramfs": ("Packed",),
    "ktstr.instrument.code": ("FunctionCode",),
    "ktstr.instrument.cost": ("CalledFunction", "FunctionCost"),
    "ktstr.instrument.coverage": ("CoveredBranch", "CoveredFunction", "FileCoverage"),
    "ktstr.instrument.interface": ("Driven",),
    "ktstr.kernel.model": ("Kernel",),
    "ktstr.run.context": ("Ctx",),
    "ktstr.scenario.affinity": ("Affinity",),
    "ktstr.scenario.argument": ("Argument", "Choice", "Flag", "Milliseconds", "Text", "Whole", "Words"),
    "ktstr.scenario.cgroup": ("CgroupDef",),
    "ktstr.scenario.churn": ("Churn",),
    "ktstr.scenario.cpuset": ("Cpuset",),
    "ktstr.scenario.layout": ("Drawn", "Layout", "PhasePlan"),
    "ktstr.scenario.memory_policy": ("MemoryPolicy",),
    "ktstr.scenario.metric": ("Metric",),
    "ktstr.scenario.model": ("CgroupState", "Member", "State"),
    "ktstr.scenario.on_workers": ("OnWorkers",),
    "ktstr.scenario.operation": ("Operation",),
    "ktstr.scenario.operations.at": ("At",),
    "ktstr.scenario.operations.run_payload": ("RunPayload",),
    "ktstr.scenario.operations.wait_payload": ("WaitPayload",),
    "ktstr.scenario.operations.kill_payload": ("KillPayload",),
    "ktstr.scenario.operations.kernel_dump": ("KernelDump",),
    "ktstr.scenario.operations.core_sched": ("CoreSched",),
    "ktstr.scenario.operations.monitor": ("Monitor",),
    "ktstr.scenario.operations.pause": ("Pause",),
    "ktstr.scenario.operations.read_workers": ("ReadWorkers",),
    "ktstr.scenario.operations.resume": ("Resume",),
    "ktstr.scenario.operations.set_affinity": ("SetAffinity",),
    "ktstr.scenario.operations.set_nice": ("SetNice",),
    "ktstr.scenario.operations.set_policy": ("SetPolicy",),
    "ktstr.scenario.operations.spawn": ("Spawn",),
    "ktstr.scenario.operations.stop_workers": ("StopWorkers",),
    "ktstr.scenario.operations.cgroup": ("AddCgroup",),
    "ktstr.scenario.operations.clear_cpuset": ("ClearCpuset",),
    "ktstr.scenario.operations.cpuset_partition": ("CpusetPartition",),
    "ktstr.scenario.operations.freeze": ("Freeze",),
    "ktstr.scenario.operations.move_tasks": ("MoveTasks",),
    "ktstr.scenario.operations.read_cgroup": ("ReadCgroup",),
    "ktstr.scenario.operations.read_file": ("ReadFile",),
    "ktstr.scenario.operations.read_globals": ("ReadGlobals",),
    "ktstr.scenario.operations.reload": ("Reload",),
    "ktstr.scenario.operations.run_program": ("RunProgram",),
    "ktstr.scenario.operations.write_file": ("WriteFile",),
    "ktstr.scenario.operations.remove_cgroup": ("RemoveCgroup",),
    "ktstr.scenario.operations.set_bandwidth": ("SetBandwidth",),
    "ktstr.scenario.operations.set_controllers": ("SetControllers",),
    "ktstr.scenario.operations.set_cpuset": ("SetCpuset",),
    "ktstr.scenario.operations.set_idle": ("SetIdle",),
    "ktstr.scenario.operations.set_limit": ("SetLimit",),
    "ktstr.scenario.operations.set_weight": ("SetWeight",),
    "ktstr.scenario.operations.stop_cgroup": ("StopCgroup",),
    "ktstr.scenario.operations.swap_cpusets": ("SwapCpusets",),
    "ktstr.scenario.operations.thaw": ("Thaw",),
    "ktstr.scenario.operations.attach": ("Attach",),
    "ktstr.scenario.operations.attach_over": ("AttachOver",),
    "ktstr.scenario.operations.cpu_offline": ("CpuOffline",),
    "ktstr.scenario.operations.cpu_online": ("CpuOnline",),
    "ktstr.scenario.operations.detach": ("Detach",),
    "ktstr.scenario.operations.replace_scheduler": ("ReplaceScheduler",),
    "ktstr.scenario.operations.restart": ("Restart",),
    "ktstr.scenario.operations.snapshot": ("Snapshot",),
    "ktstr.scenario.operations.suspend": ("Suspend",),
    "ktstr.scenario.operations.sysctl": ("Sysctl",),
    "ktstr.scenario.operations.write": ("BpfMapWrite",),
    "ktstr.scenario.payload": ("Offered", "Payload"),
    "ktstr.scenario.policy": ("Deadline",),
    "ktstr.scenario.scenario": ("Scenario",),
    "ktstr.scenario.scheduler_name": ("Named",),
    "ktstr.scenario.step": ("Hold", "Step"),
    "ktstr.scenario.work": (
        "Bursty",
        "FilteredCalls",
        "ForkExit",
        "Mixed",
        "PipeIo",
        "SpinWait",
        "AffinityChurn",
        "AsymmetricWaker",
        "Bursty",
        "CachePressure",
        "CgroupChurn",
        "CrossAffinityChurn",
        "Epoll",
        "FanOut",
        "ForkExec",
        "ForkExit",
        "FutexPingPong",
        "Messenger",
        "Mixed",
        "MutexContention",
        "NiceChurn",
        "PageFault",
        "PipeIo",
        "PolicyChurn",
        "PreemptStorm",
        "PriorityInversion",
        "ProducerConsumer",
        "Phased",
        "Signals",
        "SpinWait",
        "ThunderingHerd",
        "Timer",
        "TmpfsIo",
        "WakeChain",
        "YieldHeavy",
    ),
    "ktstr.scenario.work_type": ("WorkType",),
    "ktstr.scenario.workers": ("Workers", "WorkerSettings"),
    "ktstr.vm.job": ("VmJob",),
    "ktstr.vm.result": ("Ending", "VmResult"),
}
_HOMES = {name: home for home, names in _PUBLIC.items() for name in names}

# Packages that have a shorter name here.
_PACKAGES = {"scenarios": "ktstr.scenario.canned", "payloads": "ktstr.scenario.payloads"}

__all__ = sorted((*_HOMES, *_PACKAGES))


def __getattr__(name: str) -> Any:
    if name in _PACKAGES:
        return import_module(_PACKAGES[name])
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'ktstr' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
