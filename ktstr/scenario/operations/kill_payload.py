"""The operation `kill_payload`."""

from __future__ import annotations

import signal
from dataclasses import dataclass, replace
from typing import Annotated

from ktstr.base.topology import Topology
from ktstr.scenario.argument import Choice
from ktstr.scenario.model import State
from ktstr.scenario.payload_name import NamesPayload

__all__ = ["KillPayload"]

_SIGNALS = {"INT": signal.SIGINT, "TERM": signal.SIGTERM, "HUP": signal.SIGHUP, "KILL": signal.SIGKILL}
_GRACE_NS = 2_000_000_000


@dataclass(frozen=True)
class KillPayload(NamesPayload):
    """Ends a payload: sends `signal` to its program, and kills its whole process tree once that has ended.

    The program has 2 guest seconds to end. What it prints meanwhile counts; how it ends is no violation.
    """

    name = "kill_payload"
    signal: Annotated[str, Choice(tuple(_SIGNALS))] = "TERM"
    """The signal: `TERM`, `INT`, `HUP` or `KILL`."""

    def arguments(self, topology: Topology) -> tuple[str, ...]:
        """The name, the signal's number, and the time that it has in ns."""
        return (self.payload_name, str(int(_SIGNALS[self.signal])), str(_GRACE_NS))

    def changes(self, state: State) -> State:
        """It has ended; KtstrError if no such payload runs."""
        self.require(state)
        return replace(
            state, payloads={name: at for name, at in state.payloads.items() if name != self.payload_name}
        )
