"""The sources of code, asked in the settings' order."""

from __future__ import annotations

import sys

from ktstr.base.download import NotFound, Unreachable
from ktstr.base.errors import KtstrError
from ktstr.kernel.settings import source_order
from ktstr.kernel.sources import debian as debian_source
from ktstr.kernel.sources import kernel_org
from ktstr.kernel.sources.git import git_code, local_code
from ktstr.kernel.sources.source import Code, Offer, Source, Wish
from ktstr.kernel.spec import Exact, From, Git, Local, Mainline, Range

__all__ = ["SOURCES", "fetch_code", "find_offers", "newest_of", "offers_of", "tree_code"]

SOURCES: dict[str, Source] = {
    debian_source.NAME: debian_source.offers,
    kernel_org.NAME: kernel_org.offers,
}


def find_offers(wish: Wish, source: str | None = None) -> list[Offer]:
    """The newest offer of what was asked for, for a range the newest of each released series, oldest first.

    `source` None: the first source in the settings' order that has any decides; that others were asked before, and why
    they have none, goes to stderr. KtstrError where none has any, `Unreachable` where that is for want of a network.
    """
    names = _order() if source is None else (source,)
    empty: list[str] = []
    unreachable: list[Unreachable] = []
    for name in names:
        try:
            found = newest_of(wish, SOURCES[name](wish))
        except Unreachable as error:
            unreachable.append(error)
            empty.append(f"{name} cannot be reached ({error.why})")
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
        empty.append(f"{name} has none")
    message = f"kernel source {wish}: {', '.join(empty)}"
    raise Unreachable(message) if unreachable else KtstrError(message)


def newest_of(wish: Wish, offers: list[Offer]) -> list[Offer]:
    """The offers that are meant: a release comes before a candidate for one, unless candidates were asked for."""
    if isinstance(wish, Range):
        released = [one for one in offers if one.version.released]
        newest = {one.version.series: one for one in sorted(released, key=lambda one: one.version)}
        return [newest[series] for series in sorted(newest)]
    if isinstance(wish, Mainline):
        return [max(offers, key=lambda one: one.version)] if offers else []
    return [max(offers, key=lambda one: (one.version.released, one.version))] if offers else []


def offers_of(spec: Wish | From) -> list[Offer]:
    """What a spec of versions means as code; several for a range."""
    match spec:
        case From("debian", versions):
            return find_offers(versions, debian_source.NAME)
        case From("kernel.org", versions):
            return find_offers(versions, kernel_org.NAME)
        case From(_, versions):
            return find_offers(versions)
    return find_offers(spec)


def tree_code(spec: Local | Git) -> Code:
    """The code of a source tree or a repository."""
    return local_code(spec) if isinstance(spec, Local) else git_code(spec)


def fetch_code(offer: Offer) -> Code:
    """The offer's code, or that of the next source in order where a mirror has dropped it since."""
    wish = Exact(offer.version)
    try:
        return offer.fetch()
    except (NotFound, Unreachable) as error:
        order = _order()
        for name in order[order.index(offer.source) + 1 :] if offer.source in order else ():
            try:
                found = newest_of(wish, SOURCES[name](wish))
                if found:
                    print(f"ktstr: {error}; using {found[0].where}", file=sys.stderr)
                    return found[0].fetch()
            except (NotFound, Unreachable):
                continue
        raise


def _order() -> tuple[str, ...]:
    order = source_order()
    for name in order:
        if name not in SOURCES:
            raise KtstrError(f"KTSTR_SOURCES: {name!r}: no such source; accepted are {', '.join(SOURCES)}")
    return order
