"""The vCPU time slice: under the virtual clock QEMU runs one CPU after another, and the others stand still.

Programs that never pause show it best: a gap between two clock readings of a pinned one is another CPU's time slice.
"""

from collections.abc import Sequence

import pytest

from ktstr import CgroupDef, Cpuset, Ctx, SpinWait, ktstr_test
from ktstr.checks.verdict import RunReport
from ktstr.vm.qemu.accel import probe

CPUS = 8


def pinned(ctx: Ctx, pause: bool, *, bounded: bool = True) -> RunReport:
    """A spinner pinned to each CPU for two guest seconds."""
    cgroups = [
        CgroupDef(f"cpu_{cpu}", workers=1, cpuset=Cpuset.exact([cpu]), work=SpinWait(pause=pause))
        for cpu in range(CPUS)
    ]
    # An unbounded time slice may be longer than the default limit of a gap.
    return ctx.run(*cgroups, hold_s=2, bounded_turn=bounded, check=bounded)


def percentile(gaps: Sequence[int], share: float) -> int:
    """The upper bound, in ns, of the bucket that the `share` percentile lies in, of gaps from 16 us on.

    Shorter ones are a chunk of the spinner's own work.
    """
    counted = [(1 << (i + 1), count) for i, count in enumerate(gaps) if 2**i >= 16_000]
    left = share * sum(count for _, count in counted)
    for bound, count in counted:
        left -= count
        if left <= 0:
            return bound
    raise AssertionError("no gaps were seen")


def show(name: str, report: RunReport) -> tuple[int, float]:
    """Print the distribution; the 99th percentile in ns, and how unequal the CPUs' speeds are."""
    total = [sum(column) for column in zip(*(worker.gaps for worker in report.workers), strict=True)]
    done = [worker.iterations for worker in report.workers]
    p50, p99 = percentile(total, 0.50), percentile(total, 0.99)
    longest = max(worker.gap_ns for worker in report.workers)
    print(
        f"{name:24} p50 < {p50 / 1e6:8.3f} ms  p99 < {p99 / 1e6:8.3f} ms  longest {longest / 1e6:8.3f} ms"
        f"  fastest/slowest CPU {max(done) / min(done):.2f}  (QEMU {report.result.qemu_version})"
    )
    return p99, max(done) / min(done)


@ktstr_test(cores=CPUS)
def bounded_time_slice_shortens_the_gaps(ctx: Ctx) -> None:
    if probe().clock != "virtual":
        pytest.skip("only the virtual clock has time slices")
    unbounded, _ = show("unbounded, no PAUSE", pinned(ctx, pause=False, bounded=False))
    bounded, _ = show("bounded, no PAUSE", pinned(ctx, pause=False))
    pausing, speeds = show("bounded, PAUSE", pinned(ctx, pause=True))
    assert bounded < unbounded
    assert bounded <= 2**24, "nearly all gaps are under 17 ms, whatever runs"
    assert pausing <= 2**18, "with PAUSE, which work types execute, under 0.3 ms"
    assert speeds < 1.25, "and equal CPUs run at nearly equal speed"
