"""The runs that were kept. Their folders are the only record: nothing else remembers them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from ktstr.base.errors import KtstrError
from ktstr.base.from_json import from_json
from ktstr.compare.sidecars import scheduler_of, sidecars_of
from ktstr.report.about_schema import AboutTests, HostRecord, RunAbout
from ktstr.report.history import RUN, runs_of, started_of

__all__ = ["Part", "Run", "all_runs", "read_part", "runs_at"]

_LABEL = re.compile(r".*-([0-9a-f]{7}|nogit)(-dirty)?(?:-.*)?")


@dataclass(frozen=True)
class Part:
    """The folder of one kernel of a run, or of a verifier sweep on it."""

    path: Path
    """The folder."""
    about: Mapping[str, Any]
    """What its `run.json` says; empty if it has none, as after a kill, or if it cannot be read."""
    damage: str = ""
    """Why its `run.json` cannot be read; empty if it can."""

    @property
    def name(self) -> str:
        """Its name in the history, `7.0.13-1a2b3c4`."""
        return str(self.about.get("name") or self.path.parent.name)

    @property
    def started(self) -> str:
        """The stamp of the session's begin."""
        if self.about:
            return started_of(self.path / RUN, self.path)
        return self.path.name.partition("-")[0]  # as a killed session's folder is named

    @property
    def status(self) -> str:
        """`complete`, `interrupted` or `damaged`."""
        return "damaged" if self.damage else str(self.about.get("status", "interrupted"))

    @cached_property
    def tests(self) -> AboutTests:
        """Its tests in short: as `run.json` has them, else as the sidecars that can be read do, which takes longer."""
        if "tests" in self.about:
            return msgspec.convert(self.about["tests"], AboutTests)
        return _tests_of(sidecars_of(self.path, damaged=[]))

    @property
    def commit(self) -> str:
        """The project's commit in seven digits, `-dirty` with changes; `nogit` if there is none, `?` if not known."""
        if project := self.about.get("project"):
            commit = project["commit"]
            return "nogit" if commit is None else commit[:7] + ("-dirty" if project["dirty"] else "")
        found = _LABEL.fullmatch(self.name)
        return found[1] + (found[2] or "") if found else "?"


@dataclass(frozen=True)
class Run:
    """A session: its folders, one for each kernel."""

    parts: tuple[Part, ...]
    """The folders, at least one, by name."""

    @property
    def stamp(self) -> str:
        """When it began, as the history's folders are named: `20261129T024038.770350Z`."""
        return self.parts[0].started

    @property
    def began(self) -> datetime:
        """The same as a time."""
        try:
            return datetime.strptime(self.stamp, "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC)
        except ValueError:
            return datetime.fromtimestamp(0, UTC)

    @property
    def status(self) -> str:
        """`complete`, unless one of its folders is not: then `interrupted` or `damaged`."""
        return next((part.status for part in self.parts if part.status != "complete"), "complete")

    @property
    def commit(self) -> str:
        """The project's commit, as `Part.commit` has it."""
        return self.parts[0].commit

    @property
    def full_commit(self) -> str:
        """The whole of it where it is known, with no mark of changes; else `commit`."""
        project = self.parts[0].about.get("project")
        return str(project["commit"]) if project and project["commit"] else self.commit

    @property
    def dirty(self) -> bool:
        """Whether the project had changes that are in no commit."""
        return self.commit.endswith("-dirty")

    @property
    def branch(self) -> str:
        """The project's branch; empty if it is not known."""
        project = self.parts[0].about.get("project") or {}
        return str(project.get("branch", ""))

    @property
    def sweep(self) -> bool:
        """Whether it is a sweep of the verifier."""
        return all(part.name.startswith("verifier-") for part in self.parts)

    @property
    def imported(self) -> bool:
        """Whether it came from another machine."""
        return any("imported" in part.about for part in self.parts)

    @property
    def host(self) -> HostRecord | None:
        """The host it ran on; None if it did not record that."""
        hosts = (part.about["host"] for part in self.parts if "host" in part.about)
        return next((msgspec.convert(host, HostRecord) for host in hosts), None)

    def sidecars(self, damaged: list[str] | None = None) -> list[Mapping[str, Any]]:
        """The sidecars of all its folders; for one that is none, as `sidecars_of`."""
        return [sidecar for part in self.parts for sidecar in sidecars_of(part.path, damaged)]

    @property
    def outcomes(self) -> Mapping[str, int]:
        """How many tests ended in each way."""
        counts = Counter[str]()
        for part in self.parts:
            counts.update(part.tests["outcomes"])
        return counts

    @property
    def kernels(self) -> list[str]:
        """The kernels' versions."""
        return sorted({one for part in self.parts for one in part.tests["kernels"]})

    @property
    def schedulers(self) -> list[str]:
        """The schedulers, with their variants."""
        return sorted({one for part in self.parts for one in part.tests["schedulers"]})

    @property
    def topologies(self) -> list[str]:
        """The topologies."""
        return sorted({one for part in self.parts for one in part.tests["topologies"]})

    @property
    def seeds(self) -> list[int]:
        """The seeds."""
        return sorted({one for part in self.parts for one in part.tests["seeds"]})

    @property
    def clocks(self) -> list[str]:
        """The guests' clocks."""
        return sorted({one for part in self.parts for one in part.tests["clocks"]})

    @property
    def seconds(self) -> float:
        """The host seconds of the kernel that took longest; those of several overlap."""
        return max(part.tests["seconds"] for part in self.parts)


def all_runs(root: Path) -> list[Run]:
    """The runs of the project at `root`, the oldest first. One that is damaged hides no other."""
    parts = []
    for path in runs_of(root):
        try:
            parts.append(read_part(path))
        except KtstrError as error:
            parts.append(Part(path, {}, str(error)))
    return _grouped(parts)


def runs_at(folder: Path) -> list[Run]:
    """The runs in a folder: it is one itself, or has some anywhere below; the oldest first."""
    if (folder / RUN).is_file():
        return _grouped([read_part(folder)])
    below = sorted(path.parent for path in folder.rglob(RUN))
    if not below and any(folder.glob("*.json")):
        below = [folder]
    return _grouped(map(read_part, below))


def read_part(path: Path) -> Part:
    """The folder with what it says of itself. KtstrError, naming the file, for a `run.json` that is none."""
    try:
        data = (path / RUN).read_bytes()
    except FileNotFoundError:
        return Part(path, {})
    except OSError as error:
        raise KtstrError(f"{path / RUN}: {error.strerror}") from None
    try:
        about: Mapping[str, Any] = msgspec.to_builtins(from_json(data, RunAbout))
    except ValueError as error:
        raise KtstrError(f"{path / RUN}: does not describe a run: {error}") from None
    return Part(path, about)


def _grouped(parts: Iterable[Part]) -> list[Run]:
    groups: dict[tuple[str, bool], list[Part]] = {}
    for part in parts:
        groups.setdefault((part.started, "imported" in part.about), []).append(part)
    return [
        Run(tuple(sorted(some, key=lambda one: one.name)))
        for _, some in sorted(groups.items(), key=lambda item: item[0])
    ]


def _tests_of(sidecars: Sequence[Mapping[str, Any]]) -> AboutTests:
    def distinct(values: Iterable[str | None]) -> list[str]:
        return sorted({value for value in values if value})

    begins = [datetime.fromisoformat(one["started"]).timestamp() for one in sidecars]
    ends = [begin + one["timings"]["wall_s"] for begin, one in zip(begins, sidecars, strict=True)]
    return {
        "outcomes": dict(Counter(one["outcome"] for one in sidecars)),
        "kernels": distinct(one["kernel"]["version"] for one in sidecars),
        "schedulers": distinct(scheduler_of(one) for one in sidecars),
        "topologies": distinct(one["topology"] for one in sidecars),
        "seeds": sorted({one["seed"] for one in sidecars}),
        "clocks": distinct(one["clock"] for one in sidecars),
        "seconds": round(max(ends) - min(begins), 3) if sidecars else 0.0,
    }
