"""The operation `set_affinity`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from ktstr.base.errors import KtstrError
from ktstr.base.limits import MAX_WORKERS
from ktstr.base.topology import Topology, cpu_list
from ktstr.scenario.affinity import Affinity
from ktstr.scenario.model import State
from ktstr.scenario.on_workers import OnWorkers
from ktstr.scenario.operation import Operation
from ktstr.scenario.workers import Kind

__all__ = ["SetAffinity"]


@dataclass(frozen=True)
class SetAffinity(OnWorkers):
    """Confines running workers to CPUs: `SetAffinity("a", Affinity.single(1))`. A scheduler gets `set_cpumask`."""

    name = "set_affinity"
    affinity: Annotated[Affinity, Kind(Affinity, "Affinity.single(0)")]
    """The CPUs."""

    def arguments(self, topology: Topology) -> tuple[str, ...]:
        """Which workers, and the CPUs of each."""
        return (*self.chosen_words, self.affinity.word(topology))

    def expand(self, state: State, hold_s: float, seed: int) -> tuple[Operation, ...]:
        """Itself, with the CPUs chosen."""
        return (self._settled(state, seed),)

    def changes(self, state: State) -> State:
        """Workers with these CPUs; KtstrError if their cgroup has none of them."""
        affinity = self.affinity if self.affinity.chosen else self._settled(state, 0).affinity
        chosen = self.chosen(state)
        places = {index: place for place, index in enumerate(chosen)}
        allowed = state.cpus(self.cgroup)
        for index in chosen:
            cpus = affinity.of(places[index])
            if cpus is not None and not cpus & allowed:
                raise KtstrError(
                    f"{self.label}: affinity={self.affinity}: cgroup {self.cgroup} has none of these CPUs at that"
                    f" moment; must have one of {cpu_list(allowed)}"
                )
        return replace(
            state,
            workers=tuple(
                replace(one, affinity=affinity.of(places[one.index])) if one.index in chosen else one
                for one in state.workers
            ),
        )

    def _settled(self, state: State, seed: int) -> SetAffinity:
        use = f"{self.cgroup} {self.group} {self.count} {self.affinity}"
        # The cgroup may be one that a later operation makes, and its workers others by then.
        allowed = state.cpus(self.cgroup)
        try:
            return replace(
                self, affinity=self.affinity.settled(state.topology, allowed, MAX_WORKERS, seed, use)
            )
        except KtstrError as error:
            raise KtstrError(f"{self.label}: affinity: {error}") from None
