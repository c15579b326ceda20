"""What a page is made of: runs, their tests in short, and what each section has kept of the sidecars."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from ktstr.compare.runs import Run
from ktstr.compare.samples import Key

if TYPE_CHECKING:  # most pages compare nothing
    from ktstr.compare.difference import Comparison
    from ktstr.compare.sides import Side

__all__ = ["Column", "Compared", "Page", "Past", "Section", "Test"]


@dataclass(frozen=True)
class Past:
    """How a test ended in an earlier run."""

    run: int
    """The number of that run: a later one has a greater one."""
    outcome: str
    """The outcome, as sidecars have it."""
    wall_s: float
    """The host seconds that it took."""


@dataclass(frozen=True, order=True)
class Column:
    """Where a test ran: a column of the page's tables."""

    run: int
    """The number of the run on the page, from 0."""
    kernel: str
    """The kernel's version."""


@dataclass(frozen=True)
class Test:
    """A test of a run, or a cell of the verifier sweep, in short."""

    column: Column
    """The run and the kernel."""
    key: Key
    """What it has in common with the same test on other kernels: its `kernel` is empty."""
    nodeid: str
    """pytest's id."""
    name: str
    """The test's name with its parameters."""
    outcome: str
    """The outcome, as sidecars have it."""
    message: str
    """Why it did not pass, in one line; empty if it did."""
    scheduler: str
    """The scheduler, with its variant."""
    seed: int
    """The seed."""
    wall_s: float
    """The host seconds that it took."""
    folder: Path
    """The run's folder."""
    stem: str
    """The name of its sidecar in there, without suffix."""
    kept: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """What the sections have kept of its sidecar, by their names."""

    @property
    def swept(self) -> bool:
        """Whether it is a cell of the verifier sweep."""
        return "::" not in self.nodeid

    @property
    def anchor(self) -> str:
        """The id of what the page says of it; no other test of the page has it."""
        whole = f"{self.column.kernel}\0{self.stem}".encode("utf-8", "surrogatepass")
        return f"t{self.column.run}-{sha256(whole).hexdigest()[:10]}"


@dataclass(frozen=True)
class Compared:
    """Two runs, and what differs between them."""

    found: Comparison
    """What differs."""
    before: Side
    """The first run, without its sidecars."""
    after: Side
    """The second."""


@dataclass(frozen=True)
class Page:
    """All that a page shows. Sections are functions of it."""

    runs: Sequence[Run]
    """The runs, at least one, in the order in which they were given."""
    tests: Sequence[Test]
    """Their tests, in the order of the runs and of their files' names."""
    earlier: Mapping[str, Sequence[Past]]
    """How each test ended in the runs before the newest one that had it, the oldest first, by its id."""
    damaged: Sequence[str]
    """What could not be read, a line each."""
    folder: Path
    """Where the page will be: its links begin there."""
    compared: Compared | None = None
    """What differs, if there are two runs."""
    with_files: bool = True
    """Whether the runs' own files are linked; those of a site are not in it."""

    @cached_property
    def columns(self) -> list[Column]:
        """The runs and kernels on which tests ran, in order."""
        return sorted({test.column for test in self.tests if not test.swept})

    def title_of(self, column: Column) -> str:
        """The head of a column: the kernel, and the run's commit if there are several runs of its kind."""
        run = self.runs[column.run]
        alike = [one for one in self.runs if one.sweep == run.sweep]
        if len(alike) == 1:
            return column.kernel
        same = sum(one.commit == run.commit for one in alike) > 1
        return f"{column.kernel} in {run.commit}" + (f", {run.began:%m-%d %H:%M:%S}" if same else "")


@dataclass(frozen=True)
class Section:
    """A part of the page with a heading. A new one is a file in `sections/` and its name in that room's list."""

    name: str
    """Its name in links: `#latency`."""
    title: str
    """Its heading."""
    html: Callable[[Page], Markup]
    """Its HTML below the heading; empty leaves the section out."""
    keep: Callable[[Mapping[str, Any]], Any] | None = None
    """What it needs of a sidecar, which is not there later; None is nothing. What it raises of KeyError, TypeError,
    ValueError, AttributeError, IndexError and OverflowError makes a sidecar a damaged one."""
