"""`--budget`: the tests of a session that cover most in a given time, and what that leaves out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from ktstr.plugin.axes import KERNEL_FIXTURE, PRESET_FIXTURE, SEED_FIXTURE, VARIANT_FIXTURE
from ktstr.plugin.cover import MAIN_AXES, Pick, Variant, cover_of, pick
from ktstr.plugin.estimate import estimates

__all__ = ["budget_lines", "shown_time", "variant_of", "within_budget"]

_NAMED = 4  # of what is left out, so many are named


def shown_time(ms: int) -> str:
    """A time as `--budget` takes it: `48s`, `9m41s`, `1h30m0s`."""
    minutes, seconds = divmod(round(ms / 1000), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes}m{seconds}s" if hours else f"{minutes}m{seconds}s" if minutes else f"{seconds}s"


def within_budget(
    items: Sequence[pytest.Item], known: Mapping[str, int], budget_ms: int, lanes: int
) -> tuple[list[pytest.Item], Pick]:
    """Those of `items` to leave out, and the choice; see `pick`. `known` is what tests took before, by id."""
    variants = [variant_of(item, ms) for item, ms in zip(items, estimates(items, known), strict=True)]
    found = pick(variants, budget_ms, lanes)
    left = {variant.name for variant in found.left}
    return [item for item in items if item.nodeid in left], found


def variant_of(item: pytest.Item, cost_ms: int) -> Variant:
    """What the item covers: test, kernel, preset, variant, seed, and its own parameters, as far as it has them."""
    params = getattr(getattr(item, "callspec", None), "params", {})
    ours = {
        "kernel": KERNEL_FIXTURE,
        "preset": PRESET_FIXTURE,
        "variant": VARIANT_FIXTURE,
        "seed": SEED_FIXTURE,
    }
    axes = [("test", item.nodeid.partition("[")[0])]
    axes += [(axis, str(params[name])) for axis, name in ours.items() if name in params]
    own = item.nodeid.partition("[")[2].removesuffix("]")
    for axis, value in axes[1:]:
        own = own.removeprefix(f"seed{value}" if axis == "seed" else value).removeprefix("-")
    return Variant(item.nodeid, cost_ms, (*axes, *([("arguments", own)] if own else [])))


def budget_lines(found: Pick, budget_ms: int, lanes: int) -> list[str]:
    """What was chosen, how much it covers, and what it leaves out."""
    everything = (*found.chosen, *found.left)
    at_once = f", {lanes} at once" if lanes > 1 else ""
    whole_ms = sum(variant.cost_ms for variant in everything)
    lines = [
        f"budget {shown_time(budget_ms)}{at_once}: {len(found.chosen)} of {len(everything)} tests, about"
        f" {shown_time(round(found.cost_ms / lanes))} of {shown_time(round(whole_ms / lanes))}; covers"
        f" {_covered(found, everything)}"
    ]
    for axis in MAIN_AXES:
        missing = [
            value.rpartition("::")[2]
            for value in _values(everything, axis)
            if value not in _values(found.chosen, axis)
        ]
        if missing:
            lines.append(f"not covered: {axis} {_named(missing)}")
    if found.left:
        names = [variant.name.rpartition("::")[2] for variant in found.left]
        lines.append(f"left out {len(names)}: {_named(names)}: the budget")
    if not found.chosen and everything:
        least = min(everything, key=lambda one: one.cost_ms)
        lines.append(
            f"no test fits: {least.name.rpartition('::')[2]} alone takes {shown_time(least.cost_ms)}"
        )
    return lines


def _covered(found: Pick, everything: Sequence[Variant]) -> str:
    parts = [
        f"{len(_values(found.chosen, axis))} of {len(values)} {axis}s"
        for axis in MAIN_AXES
        if (values := _values(everything, axis))
    ]
    share = 100 * cover_of(found.chosen) // max(1, cover_of(everything))
    return f"{', '.join(parts)}, and {share}% of all values and pairs"


def _values(variants: Sequence[Variant], axis: str) -> dict[str, None]:
    return dict.fromkeys(value for one in variants for name, value in one.axes if name == axis)


def _named(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (", ..." if names[_NAMED:] else "")
