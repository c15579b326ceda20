"""A kernel that a spec means, which may not be here yet, and which of several is the newest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ktstr.kernel import store
from ktstr.kernel.images.source import Image
from ktstr.kernel.model import Kernel
from ktstr.kernel.sources.source import Offer, Wish
from ktstr.kernel.spec import Exact, Git, Local, Mainline, Range, Series, Version

__all__ = ["Candidate", "merged", "newest", "of_kernel", "of_kernels", "rank", "rank_built", "version_of"]


@dataclass(frozen=True)
class Candidate:
    """A kernel that a spec means.

    It is in the cache (`kernel`), published (`published`), both, or has to be built: from what a source offers
    (`offer`), or from the tree that `origin` names. The version is None for code that is not here yet.
    """

    version: Version | None
    release: str
    kernel: Kernel | None
    published: Image | None
    offer: Offer | None = None
    origin: Local | Git | None = None


def of_kernel(kernel: Kernel) -> Candidate:
    """The candidate that is a kernel of the cache."""
    return Candidate(store.version_of(kernel), kernel.release, kernel, None)


def of_kernels(kernels: Iterable[Kernel], wish: Wish) -> list[Candidate]:
    """The candidates among kernels of the cache that `wish` means."""
    return [of_kernel(kernel) for kernel in kernels if wish.matches(store.version_of(kernel))]


def merged(in_cache: Sequence[Candidate], published: Iterable[Image]) -> list[Candidate]:
    """Kernels of the cache and published images, as one candidate if they are the same kernel."""
    by_key = {image.key: image for image in published}
    known = [
        Candidate(one.version, one.release, one.kernel, by_key.pop(one.kernel.key, None))
        for one in in_cache
        if one.kernel is not None
    ]
    return known + [Candidate(image.version, image.release, None, image) for image in by_key.values()]


def newest(wish: Wish, known: Sequence[Candidate]) -> list[Candidate]:
    """The newest of what matches `wish`; for a range the newest of each series that has a release, oldest first.

    For a version or a series, a kernel that was built here comes first: it was built to be used.
    """
    order = rank_built if isinstance(wish, Exact | Series | Range) else rank
    if isinstance(wish, Mainline):
        return [max(known, key=lambda one: (version_of(one), *rank(one)))] if known else []
    if not isinstance(wish, Range):
        return [max(known, key=order)] if known else []
    by_series: dict[Series, list[Candidate]] = {}
    for candidate in known:
        if version_of(candidate).released:
            by_series.setdefault(version_of(candidate).series, []).append(candidate)
    return [max(by_series[series], key=order) for series in sorted(by_series)]


def version_of(candidate: Candidate) -> Version:
    """The version of a candidate that has an image."""
    assert candidate.version is not None  # an image's is always known
    return candidate.version


def rank(candidate: Candidate) -> tuple[object, ...]:
    """Orders candidates: a release after a release candidate, then by version, by when it was built, and one that is
    in the cache after one that has to be fetched."""
    kernel = candidate.kernel
    built = kernel.image.stat().st_mtime if kernel is not None and kernel.built else 0.0
    return version_of(candidate).released, version_of(candidate), built, kernel is not None


def rank_built(candidate: Candidate) -> tuple[object, ...]:
    """Orders candidates like `rank`, with all that were built here after all others."""
    return candidate.kernel is not None and candidate.kernel.built, *rank(candidate)
