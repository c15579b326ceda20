"""The two sides of a comparison: which sidecars a word means, of which runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from ktstr.base.errors import KtstrError
from ktstr.base.nearest import near
from ktstr.compare.choice import ACCEPTED, chosen
from ktstr.compare.runs import Run, all_runs
from ktstr.compare.samples import Axis
from ktstr.compare.sidecars import scheduler_of
from ktstr.kernel.sources.git import commit_of

__all__ = ["Only", "Side", "side_of", "sides_of_axis", "sides_of_runs"]

_PREVIOUS = "previous"
_SHORTEST_COMMIT = 7


@dataclass(frozen=True)
class Only:
    """What a comparison is restricted to; several of one kind: any of them; none: all."""

    kernels: Sequence[str] = ()
    """Versions, or their beginnings: `7.0` is 7.0.13, too."""
    tests: Sequence[str] = ()
    """Parts of tests' names, or patterns with `*`."""
    schedulers: Sequence[str] = ()
    """Schedulers' names, with a variant or without, or patterns with `*`."""


@dataclass(frozen=True)
class Side:
    """One side of a comparison."""

    title: str
    """What was asked for, and what that is."""
    runs: Sequence[Run]
    """The runs that its sidecars are of."""
    sidecars: Sequence[Mapping[str, Any]]
    """The sidecars."""
    damaged: Sequence[str] = ()
    """What is wrong with those that cannot be read."""


def side_of(word: str, runs: Sequence[Run], only: Only) -> Side:
    """These runs as a side, the newest last; `word` names them in an error. KtstrError if `only` leaves nothing."""
    damaged: list[str] = []
    everything = [one for run in runs for one in run.sidecars(damaged)]
    left = [one for one in everything if _wanted(one, only)]
    if not left:
        _refuse(f"compare: {word}", everything, only)
    more = f" and {len(runs) - 1} more" if len(runs) > 1 else ""
    return Side(_title(runs[-1]) + more, runs, left, damaged)


def sides_of_runs(root: Path, before: str, after: str, only: Only) -> tuple[Side, Side]:
    """The sides that two words name, of the project at `root`: a run as for `ktstr runs --show`, or a git revision.

    A revision stands for all runs of that commit, and `previous` for the run before the other side's. KtstrError if
    there is none, if both are the same, and if `only` leaves a side without any sidecar.
    """
    if before == after:
        raise KtstrError(f"compare: {before} and {after}: must be two runs; --by compares within one")
    if _PREVIOUS in (before, after):
        other = after if before == _PREVIOUS else before
        runs = _runs(root, other)
        earlier = [run] if (run := _run_before(root, runs)) else []
        if not earlier:
            raise KtstrError(f"compare: previous: of this project no complete run is before {other}")
        old, new = (earlier, runs) if before == _PREVIOUS else (runs, earlier)
    else:
        old, new = _runs(root, before), _runs(root, after)
    return side_of(before, old, only), side_of(after, new, only)


def sides_of_axis(run: Run, axis: Axis, before: str, after: str, only: Only) -> tuple[Side, Side]:
    """The sides within one run: two kernels, schedulers or topologies. KtstrError if it does not have both."""
    if before == after:
        raise KtstrError(f"compare: --by {axis}: {before} and {after}: must be two")
    whole = side_of(_title(run), [run], only)
    there = sorted({_on(axis, one) for one in whole.sidecars})
    old, new = _one_of(axis, before, there), _one_of(axis, after, there)
    if old == new:
        raise KtstrError(f"compare: --by {axis}: {before} and {after}: both are {old}")

    def side(value: str) -> Side:
        return Side(
            f"{value} in {whole.title}",
            whole.runs,
            [one for one in whole.sidecars if _on(axis, one) == value],
            whole.damaged if value == old else (),
        )

    return side(old), side(new)


def _title(run: Run) -> str:
    return f"{run.commit}, {run.began:%Y-%m-%dT%H:%M:%S}"


def _runs(root: Path, word: str) -> list[Run]:
    """The runs that a word names, at least one, the oldest first."""
    named = "/" in word and Path(word).exists()
    if not named and not word.startswith("latest") and (runs := _of_commit(root, word)):
        return runs
    try:
        return [chosen(root, word)]
    except KtstrError as error:
        more = f", or `{_PREVIOUS}`, or a git revision" if str(error).endswith(ACCEPTED) else ""
        raise KtstrError(f"{error}{more}") from None


def _of_commit(root: Path, word: str) -> list[Run]:
    runs = [run for run in all_runs(root) if not run.dirty and run.status != "damaged"]
    if len(word) >= _SHORTEST_COMMIT and (found := [run for run in runs if run.full_commit.startswith(word)]):
        return found
    commit = None if word.startswith("-") else commit_of(root, word)
    if commit is None:
        return []
    found = [
        run for run in runs if len(run.commit) >= _SHORTEST_COMMIT and commit.startswith(run.full_commit)
    ]
    if not found:
        raise KtstrError(
            f"compare: {word}: no run is kept of commit {commit[:7]}; `nox -s perf` makes one of each side"
        )
    return found


def _run_before(root: Path, runs: Sequence[Run]) -> Run | None:
    """The newest complete run of this machine that is older than these, and as they are a sweep or none."""
    first = runs[0]
    found = [
        run
        for run in all_runs(root)
        if run.stamp < first.stamp
        and run.status == "complete"
        and not run.imported
        and run.sweep == first.sweep
    ]
    return found[-1] if found else None


def _wanted(sidecar: Mapping[str, Any], only: Only) -> bool:
    scheduler = scheduler_of(sidecar)
    return (
        (not only.kernels or any(_is_version(sidecar["kernel"]["version"], one) for one in only.kernels))
        and (not only.tests or any(_is_like(sidecar["nodeid"], one) for one in only.tests))
        and (
            not only.schedulers
            or any(
                one == sidecar["scheduler"]["name"] or fnmatchcase(scheduler, one) for one in only.schedulers
            )
        )
    )


def _is_version(version: str, asked: str) -> bool:
    return version == asked or version.startswith((f"{asked}.", f"{asked}-"))


def _is_like(name: str, asked: str) -> bool:
    return fnmatchcase(name, f"*{asked}*") if "*" in asked else asked in name


def _on(axis: Axis, sidecar: Mapping[str, Any]) -> str:
    match axis:
        case "kernel":
            return str(sidecar["kernel"]["version"])
        case "scheduler":
            return scheduler_of(sidecar)
        case _:
            return str(sidecar["topology"])


def _one_of(axis: Axis, asked: str, there: Sequence[str]) -> str:
    """The one that `asked` means of those that are there."""
    if asked in there:
        return asked
    found = [one for one in there if axis == "kernel" and _is_version(one, asked)]
    if len(found) > 1:
        raise KtstrError(f"compare: --by {axis}: {asked}: is several: {', '.join(found)}")
    if not found:
        raise KtstrError(
            f"compare: --by {axis}: {asked}: not in this run{near(asked, there)}; it has {', '.join(there)}"
        )
    return found[0]


def _refuse(where: str, everything: Sequence[Mapping[str, Any]], only: Only) -> None:
    """Raise for a side of which nothing is left, with what there would be."""
    if not everything:
        raise KtstrError(f"{where}: has no sidecar that can be read")
    axes = (
        ("--kernel", only.kernels, {one["kernel"]["version"] for one in everything}),
        ("--scheduler", only.schedulers, {scheduler_of(one) for one in everything}),
        ("--test", only.tests, {one["nodeid"].partition("[")[0] for one in everything}),
    )
    given = " ".join(f"{option} {word}" for option, words, _ in axes for word in words)
    there = "; ".join(
        f"{option[2:]}s {', '.join(sorted(names)[:8])}" for option, words, names in axes if words
    )
    raise KtstrError(f"{where}: nothing is left by {given}; it has {there}")
