"""`Ctx`: what a test body is handed, to run scenarios in its guest."""

from __future__ import annotations

from ktstr.kernel.model import Kernel
from ktstr.testing import KtstrTest

__all__ = ["Ctx"]
