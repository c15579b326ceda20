"""The kernel that warns and panics on request, for the tests that need one."""

from __future__ import annotations

import pytest

from ktstr.kernel import store
from ktstr.kernel.model import Kernel

__all__ = ["PROVOKE", "breakable_kernel"]

PROVOKE = "/sys/kernel/debug/provoke-crash/DIRECT"
"""Where such a kernel takes what it shall do (drivers/misc/lkdtm)."""


def breakable_kernel() -> Kernel:
    """The newest in the cache that breaks on request; without one the test that asks is skipped."""
    found = store.newest([kernel for kernel in store.cached() if store.breakable(kernel)])
    if found is None:
        pytest.skip(
            "no kernel in the cache warns when told to; `ktstr kernel-build --kernel 7.3 --config lkdtm` builds one"
        )
    return store.hold(found)
