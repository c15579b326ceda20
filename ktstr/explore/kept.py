"""A run that brought something new: how it was chosen, where CPUs stood still, and what was executed."""

from __future__ import annotations

import hashlib
from typing import Annotated

import msgspec

from ktstr.base.from_json import from_json
from ktstr.instrument.interleaving import SwitchPoint

__all__ = ["Kept", "kept_from_json", "kept_to_json", "name_of"]

_Natural = Annotated[int, msgspec.Meta(ge=0)]


class Kept(msgspec.Struct, frozen=True):
    """One run of the corpus.

    With `seed` as the guest's seed and `points` alone the run is the same again; `strategy` is what chose them. `news`
    are the numbers (ktstr/instrument/explored.py) that no run before it had, `blocks` the hash of each block and how
    often it was entered.
    """

    seed: _Natural
    strategy: str
    points: tuple[tuple[_Natural, _Natural, _Natural, _Natural], ...]
    news: tuple[_Natural, ...]
    blocks: tuple[tuple[_Natural, _Natural], ...]

    @property
    def switch_points(self) -> tuple[SwitchPoint, ...]:
        """The points."""
        return tuple(SwitchPoint(*point) for point in self.points)


def kept_to_json(kept: Kept) -> str:
    """The run as a file of the corpus has it."""
    return msgspec.json.encode(kept).decode() + "\n"


def kept_from_json(data: bytes) -> Kept | None:
    """The run, or None if a file has something else."""
    try:
        return from_json(data, Kept)
    except ValueError:
        return None


def name_of(text: str) -> str:
    """The name of the file with that text: by its content, so that equal runs of two explorations are one file."""
    return f"{hashlib.sha256(text.encode()).hexdigest()[:24]}.json"
