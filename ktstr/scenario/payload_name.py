"""How operations name a payload that was started before."""

from __future__ import annotations

from dataclasses import dataclass
from errno import ENOENT
from typing import Annotated

from ktstr.base.errors import KtstrError
from ktstr.base.values import shown
from ktstr.scenario.argument import Argument
from ktstr.scenario.model import State
from ktstr.scenario.operation import Operation
from ktstr.scenario.payload import checked_name
from ktstr.scenario.scheduler_name import Named

__all__ = ["NameOfPayload", "NamesPayload"]


@dataclass(frozen=True)
class NameOfPayload(Argument):
    """The name of a payload."""

    def check(self, value: object, where: str) -> None:
        """Raise KtstrError for anything that cannot be one."""
        checked_name(value, f"{where}={shown(value)}")

    def words(self, value: str) -> tuple[str, ...]:
        """The name itself."""
        return (value,)


@dataclass(frozen=True)
class NamesPayload(Operation):
    """The base of the operations on a payload that runs: a Payload, or its name."""

    tolerated = frozenset((ENOENT,))  # it was started, as `changes` knows, unless the scheduler refused it
    payload: Annotated[str | Named, NameOfPayload()]
    """The payload's name, also if it was given itself."""

    def __post_init__(self) -> None:
        """Take the name of a payload that was given itself, and check it."""
        object.__setattr__(self, "payload", getattr(self.payload, "name", self.payload))
        self.check()

    @property
    def payload_name(self) -> str:
        """The name of the payload."""
        return str(self.payload)

    def require(self, state: State) -> None:
        """KtstrError if no payload of that name runs in `state`."""
        if self.payload_name in state.payloads:
            return
        names = ", ".join(sorted(state.payloads))
        raise KtstrError(
            f"{self.label}: payload={self.payload!r}: no payload of that name runs at that moment;"
            f" {f'there is {names}' if names else 'start it by RunPayload(...) before'}"
        )
