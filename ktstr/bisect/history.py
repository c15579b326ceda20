"""The kernels to bisect: published releases, or the commits of a repository."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ktstr.base.errors import KtstrError
from ktstr.bisect.search import History, ListHistory
from ktstr.kernel import resolve
from ktstr.kernel.model import Kernel
from ktstr.kernel.resolve import Candidate
from ktstr.kernel.sources.git import ask_git, commit_of, run_git
from ktstr.kernel.spec import Local, Version, parse

__all__ = ["Commits", "Releases", "Subject", "commits_between", "subject_of"]


class Subject(History, Protocol):
    """A history whose revisions are kernels, and its two ends, one of which is good."""

    @property
    def kind(self) -> str:
        """What a revision is called: `release` or `commit`."""
        ...

    @property
    def old(self) -> str:
        """The revision at the earlier end."""
        ...

    @property
    def new(self) -> str:
        """The revision at the later end."""
        ...

    @property
    def good_is_new(self) -> bool:
        """Whether the later end is the good one."""
        ...

    def kernel(self, revision: str) -> Kernel:
        """The revision's kernel, fetched or built; KtstrError if that fails."""
        ...

    def name(self, revision: str) -> str:
        """The revision as a table shows it."""
        ...


@dataclass(frozen=True)
class Releases:
    """Published releases, oldest first. A revision is a version."""

    releases: Sequence[Candidate]
    good_is_new: bool
    kind: str = "release"

    @property
    def old(self) -> str:
        """The oldest release."""
        return str(self.releases[0].version)

    @property
    def new(self) -> str:
        """The newest release."""
        return str(self.releases[-1].version)

    def suspects(self, old: Collection[str], new: str) -> Sequence[str]:
        """See History."""
        return ListHistory([str(one.version) for one in self.releases]).suspects(old, new)

    def kernel(self, revision: str) -> Kernel:
        """See Subject."""
        return resolve.fetch(next(one for one in self.releases if str(one.version) == revision))

    def name(self, revision: str) -> str:
        """See Subject."""
        return revision


@dataclass(frozen=True)
class Commits:
    """The commits between two commits of a repository. A revision is a commit's full hash."""

    repository: Path
    old: str
    new: str
    good_is_new: bool
    kind: str = "commit"

    def suspects(self, old: Collection[str], new: str) -> Sequence[str]:
        """See History. The order is that of git bisect."""
        listed = run_git(self.repository, "rev-list", "--bisect-all", new, *(f"^{one}" for one in old))
        commits = [line.split(" ")[0] for line in listed.splitlines()]
        return [*(commit for commit in commits if commit != new), new]

    def kernel(self, revision: str) -> Kernel:
        """See Subject."""
        return resolve.resolve(f"{self.repository}#{revision}")[-1]

    def name(self, revision: str) -> str:
        """See Subject."""
        return run_git(self.repository, "log", "-1", "--abbrev=12", "--format=%h %s", revision)


def subject_of(good: str, bad: str) -> Subject:
    """The history between two kernels. If `good` is the later one, the bisection finds the first good kernel.

    Both are releases (`7.0` means the newest of the series) or both are commits of one repository (`../linux#v7.0`).
    Raises KtstrError if they are not, if they are the same, or if neither descends from the other.
    """
    specs = [parse(text) for text in (good, bad)]
    if all(isinstance(spec, Local) for spec in specs):
        return commits_between(*(spec for spec in specs if isinstance(spec, Local)))
    if any(isinstance(spec, Local) for spec in specs):
        raise KtstrError(
            f"bisect: --good {good} --bad {bad}: give two releases, or two commits of one repository,"
            " such as ../linux#v7.0 and ../linux#v7.1"
        )
    ends = [_release(text) for text in (good, bad)]
    first, last = sorted(ends)
    if first == last:
        raise KtstrError(f"bisect: --good {good} --bad {bad}: both mean {first}")
    return Releases(resolve.releases(first, last), good_is_new=ends[0] == last)


def _release(text: str) -> Version:
    found = resolve.candidates(text)
    versions = [one.version for one in found]
    if len(found) > 1 or versions[0] is None or found[0].origin is not None:
        raise KtstrError(
            f"bisect: {text}: must be one release, such as 7.0 or 7.0.13, or a commit, such as ../linux#v7.0"
        )
    return versions[0]


def commits_between(good: Local, bad: Local) -> Commits:
    """The commits between two of one repository. KtstrError if they are not, or if neither descends from the other."""
    paths = [Path(spec.path).expanduser().absolute() for spec in (good, bad)]
    if paths[0] != paths[1]:
        raise KtstrError(f"bisect: {good} and {bad}: must be commits of one repository")
    repository = paths[0]
    passes, fails = _commit(repository, good), _commit(repository, bad)
    if passes == fails:
        raise KtstrError(f"bisect: {good} and {bad} are the same commit, {passes[:12]}")
    for found in (Commits(repository, passes, fails, False), Commits(repository, fails, passes, True)):
        if ask_git(repository, "merge-base", "--is-ancestor", found.old, found.new) is not None:
            return found
    base = ask_git(repository, "merge-base", passes, fails)
    hint = f"; their common ancestor is {repository}#{base[:12]}: test that first" if base else ""
    raise KtstrError(f"bisect: {good} and {bad}: neither is an ancestor of the other{hint}")


def _commit(repository: Path, spec: Local) -> str:
    if spec.ref is None:
        raise KtstrError(f"bisect: {spec}: names a working tree; must name a commit, such as {spec}#HEAD")
    if not repository.is_dir():
        raise KtstrError(f"bisect: {spec}: no such folder")
    commit = commit_of(repository, spec.ref)
    if commit is None:
        raise KtstrError(f"bisect: {spec}: {repository} is not a git repository, or has no {spec.ref}")
    return commit
