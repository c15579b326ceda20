"""The operation `perturb`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.base.errors import KtstrError
from ktstr.base.limits import MAX_CPUS
from ktstr.base.topology import Topology
from ktstr.scenario.argument import Whole
from ktstr.scenario.operation import Operation

__all__ = ["Perturbation"]


@dataclass(frozen=True)
class Perturbation(Operation):
    """A burst of `ns` guest nanoseconds on `cpu`, `at_ns` after the start of the hold; with `ns=0`, none.

    A real-time task preempts whatever runs there.
    """

    name = "perturb"
    instead = "--perturb on"
    at_ns: int
    cpu: Annotated[int, Whole(0, MAX_CPUS - 1)]
    ns: int

    def arguments(self, topology: Topology) -> tuple[str, ...]:
        """CPU, time, length. KtstrError if the topology has no such CPU."""
        if self.cpu >= topology.cpus:
            raise KtstrError(f"perturb: cpu={self.cpu}: topology {topology} has no such CPU")
        return (str(self.cpu), str(self.at_ns), str(self.ns))
