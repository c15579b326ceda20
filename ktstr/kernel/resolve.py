"""From what a user wrote to kernels in the cache."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from ktstr.base.download import NotFound, Unreachable
from ktstr.base.errors import KtstrError
from ktstr.kernel import store
from ktstr.kernel.build import build, find_version
from ktstr.kernel.candidate import (
    Candidate,
    merged,
    newest,
    of_kernel,
    of_kernels,
    rank,
    rank_built,
    version_of,
)
from ktstr.kernel.images.index import NAMED, SOURCES, ImageIndex
from ktstr.kernel.images.kept import ORIGIN, find_image, kept_image
from ktstr.kernel.model import Kernel
from ktstr.kernel.offered import build_offer, built_of, default_recipe
from ktstr.kernel.sources.maintained import maintained
from ktstr.kernel.sources.offers import offers_of, tree_code
from ktstr.kernel.sources.source import Offer, Wish
from ktstr.kernel.spec import (
    Auto,
    Exact,
    From,
    Git,
    Key,
    Latest,
    Local,
    Longterm,
    Major,
    Series,
    Spec,
    Version,
    accepts,
    parse,
)
from ktstr.kernel.store import cached

__all__ = ["Candidate", "cached", "candidates", "fetch", "releases", "resolve"]


def resolve(
    text: str | None, *, along: bool = False, accepted_by: Sequence[tuple[str, ...]] = ()
) -> list[Kernel]:
    """The kernels that `text` means (None: `auto`), fetched if the cache does not have them; newest last.

    A range means one of each series, everything else means one. A kernel of which no image is published is built, with
    the default configuration. For a version or a series a kernel that was built before is taken; `auto` takes one only
    if the cache has no other. An exact version, a cache key and `auto` use the network only if the cache has nothing
    that fits; the others want the newest, and fall back to the newest in the cache with a line on stderr.

    With `along` the kernel is fetched for something else than to run tests on it, so `auto` does not mean it later.
    `accepted_by` are the `kernels` filters of declared schedulers: `auto` means a kernel that one of them accepts.

    While this process lives `kernel-clean` does not remove them. Raises KtstrError, `Unreachable` if only a network
    would help.
    """
    try:
        index = ImageIndex()
        return _had(_candidates(text, index, accepted_by), index, along)
    except NotFound:
        # The source has changed since its index was read.
        index = ImageIndex(refresh=True)
        return _had(_candidates(text, index, accepted_by), index, along)


def candidates(text: str | None) -> list[Candidate]:
    """What `resolve` would return, without fetching a kernel."""
    return _candidates(text, ImageIndex())


def releases(first: Version, last: Version) -> list[Candidate]:
    """Every release from `first` to `last`, both included, of which there is an image; oldest first, one a version.

    They are published ones, and those in the cache that were not built here, so that they differ in nothing but the
    version. Raises KtstrError if one of the two is not among them.
    """
    in_cache = [of_kernel(kernel) for kernel in cached() if kernel.plain and not kernel.built]
    index = ImageIndex()
    try:
        known = merged(in_cache, index.images())
    except Unreachable as error:
        print(
            f"ktstr: only kernels in the cache: {index.title} cannot be reached ({error.why})",
            file=sys.stderr,
        )
        known = in_cache
    between = [one for one in known if first <= version_of(one) <= last]
    by_version = {version_of(one): one for one in sorted(between, key=rank)}
    for end in (first, last):
        if end not in by_version:
            raise KtstrError(f"kernel {end}: no image of it is published, and none is in the cache")
    return [by_version[version] for version in sorted(by_version)]


def fetch(candidate: Candidate) -> Kernel:
    """The candidate's kernel, as `resolve` with `along` would return it."""
    return _had([candidate], ImageIndex(), along=True)[0]


def _had(wanted: Sequence[Candidate], index: ImageIndex, along: bool) -> list[Kernel]:
    """The kernels of the candidates, held, with a note of why they were fetched."""
    kernels = []
    for candidate in wanted:
        kernel = _have(candidate, index)
        kernels.append(kernel)
        if kernel.origin == ORIGIN:  # not one of the kernels that kernel-clean removes
            continue
        store.hold(kernel)
        # One that was there before keeps its note, unless it is wanted for itself now.
        if candidate.kernel is None or not along:
            store.note_wanted(kernel, along=along)
    return kernels


def _have(candidate: Candidate, index: ImageIndex) -> Kernel:
    if candidate.kernel is not None:
        return candidate.kernel
    if candidate.published is None:
        return _build(candidate)
    try:
        return candidate.published.fetch()
    except Unreachable as error:
        index = index.only(candidate.published.source)
        raise _unreachable(str(candidate.version), index, error) from error


def _build(candidate: Candidate) -> Kernel:
    """The candidate, built with the default configuration."""
    if candidate.offer is not None:
        return build_offer(candidate.offer, default_recipe)
    assert candidate.origin is not None  # a candidate is in the cache, published, or to be built
    return build(default_recipe(tree_code(candidate.origin)))


def _candidates(
    text: str | None, index: ImageIndex, accepted_by: Sequence[tuple[str, ...]] = ()
) -> list[Candidate]:
    spec = _spec(text)
    # A kernel that breaks on request is for tests of just that: a version does not mean it, only its key does.
    known = cached()
    here = [one for one in known if one.plain and not (one.built and store.breakable(one))]
    match spec:
        case Auto():
            return [_automatic(here, index, accepted_by)]
        case Key(key):
            kernel = store.find_kernel(key) or find_image(key)
            if kernel is None:
                raise KtstrError(f"kernel {key}: not in the cache; `ktstr kernel-list` shows what is")
            return [of_kernel(kernel)]
        case Exact():
            matching = of_kernels(here, spec)
            return [max(matching, key=rank_built)] if matching else _choose(spec, here, index)
        case From(source, versions) if any(source == one.NAME for one in (*SOURCES, *NAMED)):
            return _choose(versions, [one for one in known if one.origin == source], index, source)
        case From():
            return [_of_offer(offer) for offer in offers_of(spec)]
        case Local(path, None) if (file := Path(path).expanduser()).is_file():
            return [of_kernel(kept_image(file))]
        case Local() | Git():
            version = find_version(spec.path) if isinstance(spec, Local) and spec.ref is None else None
            return [Candidate(version, "", None, None, origin=spec)]
    return _choose(spec, here, index)


def _automatic(
    here: Sequence[Kernel], index: ImageIndex, accepted_by: Sequence[tuple[str, ...]]
) -> Candidate:
    """What `auto` means: of the kernels that a scheduler accepts, or of all if none does, the newest of the cache that
    somebody asked for, else the newest published."""

    def accepted(version: Version) -> bool:
        return not accepted_by or any(accepts(filters, str(version)) for filters in accepted_by)

    suited = [one for one in here if accepted(store.version_of(one))]
    asked_for = [one for one in suited if not store.came_along(one)]
    # A kernel that was built here may have any option, which only somebody who names it can want.
    kernel = store.newest([one for one in asked_for if not one.built]) or store.newest(asked_for)
    if kernel is not None:
        return of_kernel(kernel)
    try:
        published = merged(
            of_kernels(suited, Latest()), [one for one in index.images() if accepted(one.version)]
        )
    except Unreachable as error:
        if suited:
            kernel = store.newest(list(suited))
            assert kernel is not None
            print(
                f"ktstr: kernel auto: {index.title} cannot be reached; using {kernel.version} from the cache",
                file=sys.stderr,
            )
            return of_kernel(kernel)
        raise _unreachable(str(Latest()), index, error) from error
    # No scheduler accepts any: its tests are skipped, and say why.
    return (newest(Latest(), published) or _choose(Latest(), here, index))[-1]


def _of_offer(offer: Offer) -> Candidate:
    return Candidate(offer.version, "", built_of(offer), None, offer)


def _spec(text: str | None) -> Spec:
    if text is None or text.strip() == "auto":
        text = os.environ.get("KTSTR_KERNEL") or "auto"
        try:
            return parse(text)
        except KtstrError as error:
            raise KtstrError(f"KTSTR_KERNEL: {error}") from error
    return parse(text)


def _choose(
    wish: Wish, here: Sequence[Kernel], index: ImageIndex, source: str | None = None
) -> list[Candidate]:
    """The newest that match, of those published and those in the cache; with a `source` its images only.

    Without a `source` a version or a series of which there is no image is built.
    """
    if source is not None:
        index = index.only(source)
    if isinstance(wish, Longterm):
        wish = _longterm(index)
    in_cache = of_kernels(here, wish)
    may_build = source is None and isinstance(wish, Exact | Series | Major)
    try:
        images = index.images()
        known = merged(in_cache, [one for one in images if wish.matches(one.version)])
    except Unreachable as error:
        if not in_cache:
            unreachable = _unreachable(str(wish), index, error)
            if not may_build:
                raise unreachable from error
            return _to_build(wish, unreachable)
        names = ", ".join(str(candidate.version) for candidate in newest(wish, in_cache))
        print(
            f"ktstr: kernel {wish}: {index.title} cannot be reached; using {names} from the cache",
            file=sys.stderr,
        )
        return newest(wish, in_cache)
    chosen = newest(wish, known)
    if chosen:
        return chosen
    series = ", ".join(str(one) for one in sorted({one.version.series for one in images}))
    missing = KtstrError(f"kernel {wish}: not published by {index.address}; it has {series}")
    if not may_build:
        raise missing
    return _to_build(wish, missing)


def _to_build(wish: Wish, no_image: KtstrError) -> list[Candidate]:
    """What sources of code have of `wish`; `no_image` says why no image is taken."""
    try:
        offers = offers_of(wish)
    except Unreachable as error:
        if isinstance(no_image, Unreachable):
            raise no_image from error
        raise KtstrError(f"{no_image}; {error}") from error
    except KtstrError as error:
        raise KtstrError(f"{no_image}; {error}") from error
    print(f"ktstr: {no_image}; building it from {offers[-1].where}", file=sys.stderr)
    return [_of_offer(offer) for offer in offers]


def _longterm(index: ImageIndex) -> Series:
    """The newest series that is maintained for years, as kernel.org lists them, else as the images' sources do."""
    try:
        listed = [one.version for one in maintained() if one.moniker == "longterm" and not one.ended]
    except Unreachable as error:
        images = [one for one in index.images() if one.longterm]
        listed = [one.version for one in images]
        if images:
            newest_image = max(images, key=lambda one: one.version)
            print(
                f"ktstr: kernel longterm: kernel.org cannot be reached ({error.why}); taking the series of"
                f" {newest_image.where}",
                file=sys.stderr,
            )
    if not listed:
        raise KtstrError("kernel longterm: no source says which series is one; name it, such as 6.12")
    return max(listed).series


def _unreachable(name: str, index: ImageIndex, error: Unreachable) -> Unreachable:
    return Unreachable(
        f"kernel {name}",
        f"not in the cache, and {index.title} cannot be reached ({error.why}); "
        f"connect once or run `ktstr kernel-fetch --kernel {name}` where there is a network",
    )
