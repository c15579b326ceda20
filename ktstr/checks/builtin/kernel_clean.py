"""The check `kernel_clean`."""

from __future__ import annotations

from collections.abc import Iterator

from ktstr.checks.evidence import Evidence
from ktstr.checks.registry import Stage, declare_check
from ktstr.checks.violation import Finding

__all__ = ["kernel_clean"]


@declare_check(stage=Stage.KERNEL, rank=0)
def kernel_clean(run: Evidence, _on: bool) -> Iterator[Finding]:
    """The kernel reported no bug of its own: no warning, oops, lockup or stall."""
    bugs = run.report.kernel_bugs
    if bugs:
        more = f" (and {len(bugs) - 1} more)" if len(bugs) > 1 else ""
        yield Finding(f"the kernel reported a bug ({bugs[0].kind}): {bugs[0].text}{more}", bugs[0].at_ns)
