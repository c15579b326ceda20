"""A moment of a run at which another run, which is the same up to there, ends and shows more."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ktstr.scenario.operations.hold import HoldFor
from ktstr.scenario.operations.look import LookNow

__all__ = ["Look"]

_HOLD = re.compile(rf"^{HoldFor.name} (\d+)$", re.MULTILINE)


@dataclass(frozen=True)
class Look:
    """A look at the run queues and the last events, `at_ns` guest ns into the hold of the phase with that number."""

    phase: int
    at_ns: int

    def cut(self, plan: str) -> str:
        """The plan with its end at this moment.

        Up to there the guest does the same: the number of the hold has as many digits as before, and so takes the agent
        no other time to read. The agent reads what follows when the hold is over.
        """
        hold = list(_HOLD.finditer(plan))[self.phase]
        shorter = f"{HoldFor.name} {self.at_ns:0{len(hold[1])}}\n{LookNow.name}\n"
        return plan[: hold.start()] + shorter
