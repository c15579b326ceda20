"""Kernels built from what a source of code offers."""

from __future__ import annotations

from collections.abc import Callable

from ktstr.base.cache import cache_dir
from ktstr.kernel.build import Recipe, build, find_built, find_toolset
from ktstr.kernel.fragment import wanted
from ktstr.kernel.model import Kernel
from ktstr.kernel.sources.offers import fetch_code
from ktstr.kernel.sources.source import Code, Offer

__all__ = ["build_offer", "built_of", "default_recipe"]


def build_offer(offer: Offer, recipe: Callable[[Code], Recipe]) -> Kernel:
    """The kernel that `recipe` makes of an offer, which is downloaded only if it has to be built."""
    if (found := find_built(recipe(offer.unfetched))) is not None:
        return found
    code = fetch_code(offer)
    kernel = build(recipe(code))
    # The download was needed for this build; another configuration downloads it again.
    (cache_dir() / "downloads" / code.id).unlink(missing_ok=True)
    return kernel


def built_of(offer: Offer) -> Kernel | None:
    """The kernel that `default_recipe` makes of an offer, if the cache has it."""
    return find_built(default_recipe(offer.unfetched))


def default_recipe(code: Code) -> Recipe:
    """How code is built if nothing else is asked for."""
    return Recipe(code, wanted(), find_toolset())
