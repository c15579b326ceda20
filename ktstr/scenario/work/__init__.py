"""Work types, a file each, and the C function of the same name in the agent."""

from ktstr.scenario.work.affinity_churn import AffinityChurn
from ktstr.scenario.work.asymmetric_waker import AsymmetricWaker
from ktstr.scenario.work.bursty import Bursty
from ktstr.scenario.work.cache_pressure import CachePressure
from ktstr.scenario.work.cgroup_churn import CgroupChurn
from ktstr.scenario.work.cross_affinity_churn import CrossAffinityChurn
from ktstr.scenario.work.epoll import Epoll
from ktstr.scenario.work.fan_out import FanOut
from ktstr.scenario.work.filtered_calls import FilteredCalls
from ktstr.scenario.work.fork_exec import ForkExec
from ktstr.scenario.work.fork_exit import ForkExit
from ktstr.scenario.work.futex_ping_pong import FutexPingPong
from ktstr.scenario.work.messenger import Messenger
from ktstr.scenario.work.mixed import Mixed
from ktstr.scenario.work.mutex_contention import MutexContention
from ktstr.scenario.work.nice_churn import NiceChurn
from ktstr.scenario.work.page_fault import PageFault
from ktstr.scenario.work.phased import Phased
from ktstr.scenario.work.pipe_io import PipeIo
from ktstr.scenario.work.policy_churn import PolicyChurn
from ktstr.scenario.work.preempt_storm import PreemptStorm
from ktstr.scenario.work.priority_inversion import PriorityInversion
from ktstr.scenario.work.producer_consumer import ProducerConsumer
from ktstr.scenario.work.signals import Signals
from ktstr.scenario.work.spin_wait import SpinWait
from ktstr.scenario.work.thundering_herd import ThunderingHerd
from ktstr.scenario.work.timer import Timer
from ktstr.scenario.work.tmpfs_io import TmpfsIo
from ktstr.scenario.work.wake_chain import WakeChain
from ktstr.scenario.work.yield_heavy import YieldHeavy

__all__ = [
    "AffinityChurn",
    "AsymmetricWaker",
    "Bursty",
    "CachePressure",
    "CgroupChurn",
    "CrossAffinityChurn",
    "Epoll",
    "FanOut",
    "FilteredCalls",
    "ForkExec",
    "ForkExit",
    "FutexPingPong",
    "Messenger",
    "Mixed",
    "MutexContention",
    "NiceChurn",
    "PageFault",
    "Phased",
    "PipeIo",
    "PolicyChurn",
    "PreemptStorm",
    "PriorityInversion",
    "ProducerConsumer",
    "Signals",
    "SpinWait",
    "ThunderingHerd",
    "Timer",
    "TmpfsIo",
    "WakeChain",
    "YieldHeavy",
]
