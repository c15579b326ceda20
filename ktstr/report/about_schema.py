"""The types of `run.json`, in which a run's folder says what is in it. docs/runs.md describes its fields."""

from __future__ import annotations

from typing import NotRequired, TypedDict

__all__ = ["AboutTests", "HostRecord", "ProjectRecord", "RunAbout"]


class ProjectRecord(TypedDict):
    """The state of the project that was tested."""

    commit: str | None
    """Its commit; null without a git repository."""
    dirty: bool
    """Whether it had changes that are in no commit."""
    branch: NotRequired[str]
    """The branch that was checked out; absent if it is not known."""


class HostRecord(TypedDict):
    """The machine on which a run's guests ran, and its tools."""

    cpu: str
    """The CPU's model."""
    cores: int
    """How many CPUs the run could use."""
    machine: str
    """The architecture, as `uname -m` prints it."""
    governor: str | None
    """The governor of its frequency; null if the machine has none."""
    kernel: str
    """The release of its kernel."""
    memory_mb: int
    """Its memory in MiB."""
    ci: bool
    """Whether it was a step of a GitHub Actions job."""
    tools: dict[str, str]
    """The versions of tools, by their names."""


class AboutTests(TypedDict):
    """The tests of a folder in short."""

    outcomes: dict[str, int]
    """How many tests ended in each way."""
    kernels: list[str]
    """The kernels' versions."""
    schedulers: list[str]
    """The schedulers, with their variants."""
    topologies: list[str]
    """The topologies."""
    seeds: list[int]
    """The seeds."""
    clocks: list[str]
    """The guests' clocks; none if no guest was asked for."""
    seconds: float
    """Host seconds from the begin of the first test to the end of the last."""


class RunAbout(TypedDict):
    """`run.json`. Earlier versions wrote the first four fields alone."""

    schema: int
    """1, as for sidecars."""
    name: str
    """The folder's name in the history."""
    started: str
    """When its session began, ISO 8601, UTC: the same for all folders of a session."""
    status: str
    """`complete`, or `interrupted`."""
    project: NotRequired[ProjectRecord]
    """The project."""
    host: NotRequired[HostRecord]
    """The host."""
    tests: NotRequired[AboutTests]
    """The tests."""
    imported: NotRequired[str]
    """When it was imported, ISO 8601, UTC; absent for a run of this machine."""
