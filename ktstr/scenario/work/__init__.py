"""Work types, a file each, and the C function of the same name in the agent."""

from ktstr.scenario.work.bursty import Bursty
from ktstr.scenario.work.filtered_calls import FilteredCalls
from ktstr.scenario.work.fork_exit import ForkExit
from ktstr.scenario.work.mixed import Mixed
from ktstr.scenario.work.pipe_io import PipeIo
from ktstr.scenario.work.spin_wait import SpinWait
from ktstr.scenario.work.yield_heavy import YieldHeavy

__all__ = ["Bursty", "FilteredCalls", "ForkExit", "Mixed", "PipeIo", "SpinWait", "YieldHeavy"]
