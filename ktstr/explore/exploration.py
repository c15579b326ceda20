"""An exploration: which run comes next, and what the runs so far have come to. Nothing is run here."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import astuple, dataclass

from ktstr.explore.corpus import Corpus
from ktstr.explore.kept import Kept
from ktstr.explore.mutant import mutant
from ktstr.explore.strategy import AUTO, Chosen, Known, chosen_by
from ktstr.instrument.explored import Explored

__all__ = ["AUTO", "Exploration", "Trial", "progress_line", "summary_line"]

_MUTANT = "mutant"
# In turn; every second run is a mutant once there is something to change.
_ROUND = ("rare", "stall", "rare", "pct", "stall", "rare", "burst")
_PLATEAU = 20  # runs without news after which it is told, or as many as a quarter of all


@dataclass(frozen=True)
class Trial:
    """A run to make: the guest's seed, and what it gets of a strategy."""

    number: int
    seed: int
    strategy: str
    chosen: Chosen


class Exploration:
    """The runs of one test. `strategy` is one of them for all runs, or AUTO; `seed` is that of the first run."""

    def __init__(self, corpus: Corpus, strategy: str, seed: int, cpus: int) -> None:
        self.corpus = corpus
        self.strategy = strategy
        self.runs = 0
        self.quiet = 0
        """How many runs brought nothing new, since one last did."""
        self.brought = 0
        """How much that was new the runs of this exploration brought."""
        self._seed = seed
        self._known = Known(cpus)

    def next(self) -> Trial:
        """The next run: it follows from the seed, the number of the run and the corpus."""
        seed = self._seed + self.runs
        if self.strategy == AUTO and self.runs % 2 and self.corpus.kept:
            source = random.Random(f"ktstr explore {_MUTANT} {seed}")
            of_seed, interleaving = mutant(source, self.corpus.kept)
            return Trial(self.runs + 1, of_seed, _MUTANT, Chosen(interleaving))
        name = _ROUND[seed % len(_ROUND)] if self.strategy == AUTO else self.strategy
        return Trial(self.runs + 1, seed, name, chosen_by(name, seed, self._known))

    def learn(self, trial: Trial, explored: Sequence[Explored]) -> None:
        """Take in what the test did that passed: the reports of its runs, of those that have one.

        A test may have several runs. All get the same interleaving, and it is kept as the first one's.
        """
        self.runs += 1
        self.quiet += 1
        if not explored:
            return
        self._known = Known(self._known.cpus, explored[0].entries)
        self.corpus.look()
        if not (news := frozenset().union(*(one.news for one in explored)) - self.corpus.known):
            return
        self.quiet = 0
        self.brought += len(news)
        self.corpus.add(
            Kept(
                trial.seed,
                trial.strategy,
                tuple(astuple(point) for point in explored[0].points),
                tuple(sorted(news)),
                tuple(sorted((block.hash, block.count) for block in explored[0].blocks)),
            )
        )

    @property
    def is_flat(self) -> bool:
        """Whether it has come to a plateau: many runs without news."""
        return self.quiet >= max(_PLATEAU, self.runs // 4)


def progress_line(exploration: Exploration, took_s: float) -> str:
    """How far it is: `34 runs, 31 a minute; 412 seen, 9 by it, 14 kept; nothing new for 21 runs`."""
    minutes = max(took_s, 1e-3) / 60
    corpus = exploration.corpus
    runs = f"{exploration.runs} run{'' if exploration.runs == 1 else 's'}"
    flat = f"; nothing new for {exploration.quiet} runs" if exploration.is_flat else ""
    seen = f"{len(corpus.known)} seen, {exploration.brought} by it, {len(corpus.kept)} kept"
    return f"{runs}, {exploration.runs / minutes:.0f} a minute; {seen}{flat}"


def summary_line(exploration: Exploration, took_s: float, found: str) -> str:
    """What it came to; `found` is the strategy whose run failed, empty if none did."""
    end = f"run {exploration.runs + 1} failed ({found})" if found else "no run failed"
    return f"{end}: {progress_line(exploration, took_s)}"
