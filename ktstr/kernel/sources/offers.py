"""The sources of code, asked in the settings' order."""

from __future__ import annotations

import sys

from ktstr.base.download import NotFound, Unreachable
from ktstr.base.errors import KtstrError
from ktstr.kernel.settings import source_order
from ktstr.kernel.sources import debian, kernel_org
from ktstr.kernel.sources.git import git_code, local_code
from ktstr.kernel.sources.source import Code, CodeSource, Offer, Wish
from ktstr.kernel.spec import Exact, From, Git, Local, Mainline, Range

__all__ = ["SOURCES", "fetch_code", "find_offers", "newest_of", "offers_of", "tree_code"]

SOURCES: tuple[CodeSource, ...] = (debian, kernel_org)
"""The sources of code. The settings say in which order they are asked."""


def find_offers(wish: Wish, source: CodeSource | None = None) -> list[Offer]:
    """The newest offer of `wish`; for a range the newest of each released series, oldest first.

    Without a `source` the first in the settings' order that has any decides; a line on stderr names those that were
    asked before and says why they have none. Raises KtstrError if none has any, `Unreachable` if a network is missing.
    """
    empty: list[str] = []
    unreachable: list[Unreachable] = []
    for asked in _order() if source is None else (source,):
        try:
            found = newest_of(wish, asked.offers(wish))
        except Unreachable as error:
            unreachable.append(error)
            empty.append(f"{asked.NAME} cannot be reached ({error.why})")
            continue
        except NotFound:
            found = []
        if found:
            if empty:
                print(
                    f"ktstr: kernel source {wish}: {', '.join(empty)}; using {found[-1].where}",
                    file=sys.stderr,
                )
            return found
        empty.append(f"{asked.NAME} has none")
    message = f"kernel source {wish}: {', '.join(empty)}"
    raise Unreachable(message) if unreachable else KtstrError(message)


def newest_of(wish: Wish, offers: list[Offer]) -> list[Offer]:
    """The newest of `offers`; a release comes before a release candidate unless `wish` is for candidates."""
    if isinstance(wish, Range):
        released = [one for one in offers if one.version.released]
        newest = {one.version.series: one for one in sorted(released, key=lambda one: one.version)}
        return [newest[series] for series in sorted(newest)]
    if isinstance(wish, Mainline):
        return [max(offers, key=lambda one: one.version)] if offers else []
    return [max(offers, key=lambda one: (one.version.released, one.version))] if offers else []


def offers_of(spec: Wish | From) -> list[Offer]:
    """What a spec of versions means as code; several for a range."""
    if isinstance(spec, From):
        # `source:` is no source's prefix: it means any.
        chosen = next((source for source in SOURCES if spec.source == source.PREFIX), None)
        return find_offers(spec.versions, chosen)
    return find_offers(spec)


def tree_code(spec: Local | Git) -> Code:
    """The code of a source tree or a repository."""
    return local_code(spec) if isinstance(spec, Local) else git_code(spec)


def fetch_code(offer: Offer) -> Code:
    """The offer's code, or that of the next source in order if a mirror has dropped it since."""
    wish = Exact(offer.version)
    try:
        return offer.fetch()
    except (NotFound, Unreachable) as error:
        order = _order()
        names = [source.NAME for source in order]
        for source in order[names.index(offer.source) + 1 :] if offer.source in names else ():
            try:
                found = newest_of(wish, source.offers(wish))
                if found:
                    print(f"ktstr: {error}; using {found[0].where}", file=sys.stderr)
                    return found[0].fetch()
            except (NotFound, Unreachable):
                continue
        raise


def _order() -> tuple[CodeSource, ...]:
    known = {source.NAME: source for source in SOURCES}
    order = source_order()
    for name in order:
        if name not in known:
            raise KtstrError(f"KTSTR_SOURCES: {name!r}: no such source; accepted are {', '.join(known)}")
    return tuple(known[name] for name in order)
