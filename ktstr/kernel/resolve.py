"""From what a user wrote to kernels in the cache."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

from ktstr.download import NotFound, Unreachable
from ktstr.errors import KtstrError
from ktstr.kernel import debian, store
from ktstr.kernel.apt import Archive, open_archive
from ktstr.kernel.model import Kernel
from ktstr.kernel.spec import Auto, Exact, Key, Latest, Major, Range, Series, Spec, Version, parse
from ktstr.kernel.store import cached

__all__ = ["Candidate", "cached", "candidates", "resolve"]


@dataclass(frozen=True)
class Candidate:
    """A kernel that a spec means: in the cache (`kernel`), published (`published`), or both."""

    version: Version
    release: str
    kernel: Kernel | None
    published: debian.Published | None


@dataclass
class _Index:
    """The published kernels, asked for when they are first needed."""

    refresh: bool = False
    archive: Archive = field(default_factory=open_archive)
    _kernels: list[debian.Published] | None = None

    @property
    def kernels(self) -> list[debian.Published]:
        if self._kernels is None:
            self._kernels = debian.published(self.archive, refresh=self.refresh)
        return self._kernels


def resolve(text: str | None) -> list[Kernel]:
    """The kernels that `text` means (None: `auto`), fetched where the cache does not have them; newest last.

    A range gives one of each series, everything else gives one. An exact version, a cache key and `auto` ask
    the network only if the cache has nothing that fits; the others want the newest, and fall back to the
    newest in the cache with a line on stderr. Raises KtstrError, `Unreachable` if only a network would help.
    """
    try:
        index = _Index()
        return [_have(candidate, index) for candidate in _candidates(text, index)]
    except NotFound:
        # The archive moved on since its index was read.
        index = _Index(refresh=True)
        return [_have(candidate, index) for candidate in _candidates(text, index)]


def candidates(text: str | None) -> list[Candidate]:
    """What `resolve` would give, without fetching a kernel."""
    return _candidates(text, _Index())


def _have(candidate: Candidate, index: _Index) -> Kernel:
    if candidate.kernel is not None:
        return candidate.kernel
    assert candidate.published is not None  # a candidate is in the cache, or published
    try:
        return debian.fetch(index.archive, candidate.published, index.kernels)
    except Unreachable as error:
        raise _unreachable(str(candidate.version), error) from error


def _candidates(text: str | None, index: _Index) -> list[Candidate]:
    spec = _spec(text)
    here = cached()
    match spec:
        case Auto():
            kernel = store.newest(here)
            return [_of_kernel(kernel)] if kernel else _choose(Latest(), here, index)
        case Key(key):
            kernel = store.find_kernel(key)
            if kernel is None:
                raise KtstrError(f"kernel {key}: not in the cache; `invoke kernel-list` shows what is")
            return [_of_kernel(kernel)]
        case Exact():
            matching = [kernel for kernel in here if spec.matches(store.version_of(kernel))]
            return [_of_kernel(matching[0])] if matching else _choose(spec, here, index)
    return _choose(spec, here, index)


def _spec(text: str | None) -> Spec:
    if text is None or text.strip() == "auto":
        text = os.environ.get("KTSTR_KERNEL") or "auto"
        try:
            return parse(text)
        except KtstrError as error:
            raise KtstrError(f"KTSTR_KERNEL: {error}") from error
    return parse(text)


def _choose(
    spec: Exact | Series | Major | Range | Latest, here: Sequence[Kernel], index: _Index
) -> list[Candidate]:
    """The newest that match, of those published and those in the cache."""
    in_cache = [_of_kernel(kernel) for kernel in here if spec.matches(store.version_of(kernel))]
    try:
        known = _merge(in_cache, [one for one in index.kernels if spec.matches(one.version)])
    except Unreachable as error:
        if not in_cache:
            raise _unreachable(str(spec), error) from error
        known = in_cache
        names = ", ".join(str(candidate.version) for candidate in _newest(spec, known))
        print(
            f"ktstr: kernel {spec}: the Debian mirror cannot be reached; using {names} from the cache",
            file=sys.stderr,
        )
    chosen = _newest(spec, known)
    if not chosen:
        published = sorted({one.version.series for one in index.kernels})
        series = ", ".join(str(one) for one in published)
        raise KtstrError(f"kernel {spec}: not published by {index.archive.url}; it has {series}")
    return chosen


def _merge(in_cache: list[Candidate], published: list[debian.Published]) -> list[Candidate]:
    by_key = {one.key: one for one in published}
    merged = [
        Candidate(one.version, one.release, one.kernel, by_key.pop(one.kernel.key, None))
        for one in in_cache
        if one.kernel is not None
    ]
    return merged + [Candidate(one.version, one.release, None, one) for one in by_key.values()]


def _newest(spec: Exact | Series | Major | Range | Latest, known: list[Candidate]) -> list[Candidate]:
    """The newest of what matches; for a range the newest of each series that has a release, oldest first."""
    if not isinstance(spec, Range):
        return [max(known, key=_rank)] if known else []
    released = [candidate for candidate in known if candidate.version.released]
    by_series: dict[Series, list[Candidate]] = {}
    for candidate in released:
        by_series.setdefault(candidate.version.series, []).append(candidate)
    return [max(by_series[series], key=_rank) for series in sorted(by_series)]


def _rank(candidate: Candidate) -> tuple[bool, Version, bool]:
    """A release before a candidate for one, then the newest, then what need not be fetched."""
    return candidate.version.released, candidate.version, candidate.kernel is not None


def _of_kernel(kernel: Kernel) -> Candidate:
    return Candidate(store.version_of(kernel), kernel.release, kernel, None)


def _unreachable(name: str, error: Unreachable) -> Unreachable:
    return Unreachable(
        f"kernel {name}",
        f"not in the cache, and the Debian mirror cannot be reached ({error.why}); "
        f"connect once or run `invoke kernel-fetch --kernel {name}` where there is a network",
    )
