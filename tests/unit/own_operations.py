"""An operation and a work type of a user's own, as tests of scenarios use them."""

from dataclasses import dataclass
from typing import Annotated, Any

from ktstr import Topology
from ktstr.scenario.argument import Choice, Milliseconds, Whole, Words
from ktstr.scenario.operation import Operation
from ktstr.scenario.work_type import WorkType

SMALL = Topology(1, 2, 4, 1)


@dataclass(frozen=True)
class Ping(Operation):
    """A user's operation."""

    name = "ping"
    count: Annotated[int, Whole(1, 10)] = 1
    loud: bool = False
    colour: Annotated[str, Choice(("red", "green"))] = "red"
    words: Annotated[tuple[str, ...], Words()] = ()


@dataclass(frozen=True)
class Churn(WorkType):
    """A user's work type."""

    name = "churn"
    source = "own_operations.c"
    depth: Annotated[int, Whole(1, 8)] = 2
    rest_ms: Annotated[float, Milliseconds()] = 1.5


def calling(kind: Any, *arguments: Any, **fields: Any) -> Any:
    """A call that has yet to be made, of values that its types forbid."""
    return lambda: kind(*arguments, **fields)


def message_id(value: object) -> str:
    """The id of a parameter: a message is its own. A call's would have an address, which differs in xdist's workers."""
    return value if isinstance(value, str) else "call"
