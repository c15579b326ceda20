"""From what a user wrote to kernels in the cache."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ktstr.base.cache import cache_dir
from ktstr.base.download import NotFound, Unreachable
from ktstr.base.errors import KtstrError
from ktstr.kernel import store
from ktstr.kernel.archive.apt import Archive, open_archive
from ktstr.kernel.build import Recipe, build, find_built, find_toolset, find_version
from ktstr.kernel.fragment import wanted
from ktstr.kernel.images import debian
from ktstr.kernel.model import Kernel
from ktstr.kernel.sources.offers import fetch_code, offers_of, tree_code
from ktstr.kernel.sources.source import Code, Offer, Wish
from ktstr.kernel.spec import (
    Auto,
    Exact,
    From,
    Git,
    Key,
    Latest,
    Local,
    Longterm,
    Mainline,
    Major,
    Range,
    Series,
    Spec,
    Version,
    parse,
)
from ktstr.kernel.store import cached

__all__ = ["Candidate", "build_offer", "cached", "candidates", "fetch", "releases", "resolve"]


@dataclass(frozen=True)
class Candidate:
    """A kernel that a spec means: in the cache (`kernel`), published (`published`), both, or to be built: from what
    a source offers (`offer`), or from the tree that `origin` names. The version of code that is not here yet is not
    known (None)."""

    version: Version | None
    release: str
    kernel: Kernel | None
    published: debian.Published | None
    offer: Offer | None = None
    origin: Local | Git | None = None


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

    A range gives one of each series, everything else gives one. What no image is published of is built, with the
    default configuration; of a version or a series that was built before, that is taken, by `auto` only where the
    cache has no other. An exact version, a cache key and `auto` ask the network only if the cache has nothing that
    fits; the others want the newest, and fall back to the newest in the cache with a line on stderr. For as long as
    this process lives `kernel-clean` leaves them alone. Raises KtstrError, `Unreachable` if only a network would help.
    """
    try:
        index = _Index()
        return [store.hold(_have(candidate, index)) for candidate in _candidates(text, index)]
    except NotFound:
        # The archive moved on since its index was read.
        index = _Index(refresh=True)
        return [store.hold(_have(candidate, index)) for candidate in _candidates(text, index)]


def candidates(text: str | None) -> list[Candidate]:
    """What `resolve` would give, without fetching a kernel."""
    return _candidates(text, _Index())


def releases(first: Version, last: Version) -> list[Candidate]:
    """Every release from `first` to `last`, both included, of which there is an image; oldest first, one a version.

    Published ones, and those in the cache that were not built here: they differ in nothing but the version. KtstrError
    where one of the two is not among them.
    """
    in_cache = [_of_kernel(kernel) for kernel in cached() if not kernel.built]
    index = _Index()
    try:
        known = _merge(in_cache, index.kernels)
    except Unreachable as error:
        print(
            f"ktstr: only kernels in the cache: the Debian mirror cannot be reached ({error.why})",
            file=sys.stderr,
        )
        known = in_cache
    by_version = {_version(one): one for one in sorted(known, key=_rank) if first <= _version(one) <= last}
    for end in (first, last):
        if end not in by_version:
            raise KtstrError(f"kernel {end}: no image of it is published, and none is in the cache")
    return [by_version[version] for version in sorted(by_version)]


def fetch(candidate: Candidate) -> Kernel:
    """The candidate's kernel, as `resolve` would give it."""
    return store.hold(_have(candidate, _Index()))


def _have(candidate: Candidate, index: _Index) -> Kernel:
    if candidate.kernel is not None:
        return candidate.kernel
    if candidate.published is None:
        return _build(candidate)
    try:
        return debian.fetch(index.archive, candidate.published, index.kernels)
    except Unreachable as error:
        raise _unreachable(str(candidate.version), error) from error


def _build(candidate: Candidate) -> Kernel:
    """The candidate, built as it is by default."""
    if candidate.offer is not None:
        return build_offer(candidate.offer, _recipe)
    assert candidate.origin is not None  # a candidate is in the cache, published, or to be built
    return build(_recipe(tree_code(candidate.origin)))


def build_offer(offer: Offer, recipe: Callable[[Code], Recipe]) -> Kernel:
    """The kernel that `recipe` makes of what a source offers; downloaded only if it has to be built."""
    if (found := find_built(recipe(_unfetched(offer)))) is not None:
        return found
    code = fetch_code(offer)
    kernel = build(recipe(code))
    # It was needed for this; another configuration downloads it again.
    (cache_dir() / "downloads" / code.id).unlink(missing_ok=True)
    return kernel


def _unfetched(offer: Offer) -> Code:
    """What stands for the offer's code in a build's key."""
    return Code(offer.id, offer.where, lambda folder: folder)


def _recipe(code: Code) -> Recipe:
    return Recipe(code, wanted(), find_toolset())


def _built_of(offer: Offer) -> Kernel | None:
    """The kernel that `_build` would give, if the cache has it."""
    return find_built(_recipe(_unfetched(offer)))


def _candidates(text: str | None, index: _Index) -> list[Candidate]:
    spec = _spec(text)
    # One that breaks when told to is for tests of that: a version does not mean it, its key does.
    here = [kernel for kernel in cached() if not (kernel.built and store.breakable(kernel))]
    match spec:
        case Auto():
            # What was built here may have any option, which only who names it can want.
            kernel = store.newest([one for one in here if not one.built]) or store.newest(here)
            return [_of_kernel(kernel)] if kernel else _choose(Latest(), here, index)
        case Key(key):
            kernel = store.find_kernel(key)
            if kernel is None:
                raise KtstrError(f"kernel {key}: not in the cache; `ktstr kernel-list` shows what is")
            return [_of_kernel(kernel)]
        case Exact():
            matching = [_of_kernel(kernel) for kernel in here if spec.matches(store.version_of(kernel))]
            return [max(matching, key=_rank_built)] if matching else _choose(spec, here, index)
        case From("debian", versions):
            return _choose(versions, [kernel for kernel in here if not kernel.built], index, images_only=True)
        case From():
            return [_of_offer(offer) for offer in offers_of(spec)]
        case Local() | Git():
            version = find_version(spec.path) if isinstance(spec, Local) and spec.ref is None else None
            return [Candidate(version, "", None, None, origin=spec)]
    return _choose(spec, here, index)


def _of_offer(offer: Offer) -> Candidate:
    return Candidate(offer.version, "", _built_of(offer), None, offer)


def _spec(text: str | None) -> Spec:
    if text is None or text.strip() == "auto":
        text = os.environ.get("KTSTR_KERNEL") or "auto"
        try:
            return parse(text)
        except KtstrError as error:
            raise KtstrError(f"KTSTR_KERNEL: {error}") from error
    return parse(text)


def _choose(
    spec: Wish, here: Sequence[Kernel], index: _Index, *, images_only: bool = False
) -> list[Candidate]:
    """The newest that match, of those published and those in the cache."""
    if isinstance(spec, Longterm):
        spec = _longterm(index)
    in_cache = [_of_kernel(kernel) for kernel in here if spec.matches(store.version_of(kernel))]
    try:
        known = _merge(in_cache, [one for one in index.kernels if spec.matches(one.version)])
    except Unreachable as error:
        if not in_cache:
            unreachable = _unreachable(str(spec), error)
            if images_only or not isinstance(spec, Exact | Series | Major):
                raise unreachable from error
            return _to_build(spec, unreachable)
        known = in_cache
        names = ", ".join(str(candidate.version) for candidate in _newest(spec, known))
        print(
            f"ktstr: kernel {spec}: the Debian mirror cannot be reached; using {names} from the cache",
            file=sys.stderr,
        )
    chosen = _newest(spec, known)
    if chosen:
        return chosen
    published = sorted({one.version.series for one in index.kernels})
    series = ", ".join(str(one) for one in published)
    missing = f"kernel {spec}: not published by {index.archive.url}; it has {series}"
    if images_only or not isinstance(spec, Exact | Series | Major):
        raise KtstrError(missing)
    return _to_build(spec, KtstrError(missing))


def _to_build(spec: Exact | Series | Major, no_image: KtstrError) -> list[Candidate]:
    """What sources of code have of `spec`; `no_image` says why no image is taken."""
    try:
        offers = offers_of(spec)
    except Unreachable as error:
        if isinstance(no_image, Unreachable):
            raise no_image from error
        raise KtstrError(f"{no_image}; {error}") from error
    except KtstrError as error:
        raise KtstrError(f"{no_image}; {error}") from error
    print(f"ktstr: {no_image}; building it from {offers[-1].where}", file=sys.stderr)
    return [_of_offer(offer) for offer in offers]


def _longterm(index: _Index) -> Series:
    """The newest series that is maintained for years: kernel.org says which, else Debian's stable, which has one."""
    from ktstr.kernel.sources.kernel_org import maintained

    try:
        listed = [one.version for one in maintained() if one.moniker == "longterm" and not one.ended]
    except Unreachable as error:
        listed = [one.version for one in index.kernels if one.suite == "stable"]
        if listed:
            print(
                f"ktstr: kernel longterm: kernel.org cannot be reached ({error.why}); taking Debian stable's series",
                file=sys.stderr,
            )
    if not listed:
        raise KtstrError("kernel longterm: no source tells which series is one; name it, such as 6.12")
    return max(listed).series


def _merge(in_cache: list[Candidate], published: list[debian.Published]) -> list[Candidate]:
    by_key = {one.key: one for one in published}
    merged = [
        Candidate(one.version, one.release, one.kernel, by_key.pop(one.kernel.key, None))
        for one in in_cache
        if one.kernel is not None
    ]
    return merged + [Candidate(one.version, one.release, None, one) for one in by_key.values()]


def _newest(spec: Wish, known: list[Candidate]) -> list[Candidate]:
    """The newest of what matches; for a range the newest of each series that has a release, oldest first.

    Of a series by its name, what was built here comes first: it was built to be used.
    """
    rank = _rank_built if isinstance(spec, Exact | Series | Range) else _rank
    if isinstance(spec, Mainline):
        return [max(known, key=lambda one: (_version(one), *_rank(one)))] if known else []
    if not isinstance(spec, Range):
        return [max(known, key=rank)] if known else []
    by_series: dict[Series, list[Candidate]] = {}
    for candidate in known:
        if _version(candidate).released:
            by_series.setdefault(_version(candidate).series, []).append(candidate)
    return [max(by_series[series], key=rank) for series in sorted(by_series)]


def _version(candidate: Candidate) -> Version:
    assert candidate.version is not None  # of an image it is always known
    return candidate.version


def _rank(candidate: Candidate) -> tuple[object, ...]:
    """A release before a candidate for one, then the newest, then what was built last, then what need not be
    fetched."""
    kernel = candidate.kernel
    built = kernel.image.stat().st_mtime if kernel is not None and kernel.built else 0.0
    return _version(candidate).released, _version(candidate), built, kernel is not None


def _rank_built(candidate: Candidate) -> tuple[object, ...]:
    return candidate.kernel is not None and candidate.kernel.built, *_rank(candidate)


def _of_kernel(kernel: Kernel) -> Candidate:
    return Candidate(store.version_of(kernel), kernel.release, kernel, None)


def _unreachable(name: str, error: Unreachable) -> Unreachable:
    return Unreachable(
        f"kernel {name}",
        f"not in the cache, and the Debian mirror cannot be reached ({error.why}); "
        f"connect once or run `ktstr kernel-fetch --kernel {name}` where there is a network",
    )
