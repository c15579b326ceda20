"""The operation `wait_payload`."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ktstr.scenario.model import State
from ktstr.scenario.payload_name import NamesPayload

__all__ = ["WaitPayload"]


@dataclass(frozen=True)
class WaitPayload(NamesPayload):
    """The hold of the step ends when the payload has ended.

    The hold's length is the most that it may take: a payload that has not ended by then is killed, and that is a
    violation. If a hold waits for several, it ends with the last of them.
    """

    name = "wait_payload"

    def changes(self, state: State) -> State:
        """It has ended, as far as later operations go; KtstrError if no such payload runs."""
        self.require(state)
        return replace(
            state, payloads={name: at for name, at in state.payloads.items() if name != self.payload_name}
        )
