"""The axes of a test: a kernel, a preset in the gauntlet, a variant of its scheduler, and a seed: parts of its id.

The plugin's entry imports this module in every session, so it stays light.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

__all__ = ["KERNEL_FIXTURE", "PRESET_FIXTURE", "SEED_FIXTURE", "VARIANT_FIXTURE", "parametrize"]

KERNEL_FIXTURE = "_ktstr_kernel"
"""The fixture by which a test is parametrized with its kernel's spec."""
PRESET_FIXTURE = "_ktstr_preset"
"""The fixture by which a test is parametrized with the name of its preset."""
VARIANT_FIXTURE = "_ktstr_variant"
"""The fixture by which a test is parametrized with the name of its scheduler's variant."""
SEED_FIXTURE = "_ktstr_seed"
"""The fixture by which a test is parametrized with its seed."""


@pytest.fixture(name=KERNEL_FIXTURE)
def ktstr_kernel_axis(request: pytest.FixtureRequest) -> object:
    return getattr(request, "param", None)


@pytest.fixture(name=PRESET_FIXTURE)
def ktstr_preset_axis(request: pytest.FixtureRequest) -> object:
    return getattr(request, "param", None)


@pytest.fixture(name=VARIANT_FIXTURE)
def ktstr_variant_axis(request: pytest.FixtureRequest) -> object:
    return getattr(request, "param", None)


@pytest.fixture(name=SEED_FIXTURE)
def ktstr_seed_axis(request: pytest.FixtureRequest) -> object:
    return getattr(request, "param", None)


def parametrize(
    metafunc: pytest.Metafunc,
    kernels: Sequence[str],
    presets: Sequence[str],
    variants: Sequence[str],
    seeds: Sequence[int],
) -> None:
    """Give the test an item for each combination. Without presets, variants, or seeds, there is no such axis."""
    for fixture, values, prefix in (
        (KERNEL_FIXTURE, kernels, ""),
        (PRESET_FIXTURE, presets, ""),
        (VARIANT_FIXTURE, variants, ""),
        (SEED_FIXTURE, seeds, "seed"),
    ):
        if values:
            ids = [f"{prefix}{value}" for value in values]
            metafunc.parametrize(fixture, values, ids=ids, indirect=True)
