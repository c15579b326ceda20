"""Every callback and every flag that user space can cause is reached by a canned scenario: counted in the guest."""

from __future__ import annotations

import sys
from pathlib import Path

from ktstr import Ctx, declare_scheduler, ktstr_test, scenarios
from ktstr.base.errors import Unsuitable

sys.path.insert(0, str(Path(__file__).with_name("census")))

from census import CANNED, FLAGS_OF_OTHERS, OUT_OF_REACH, SCHEDULER, Counting, members, table

CENSUS = declare_scheduler(name="census", bpf=SCHEDULER, topology=(1, 2, 2, 1))
HOLD_S = 0.2


@ktstr_test(scheduler=CENSUS, auto_repro=False, ignore=True)  # minutes: `nox -s census` runs it
def canned_scenarios_reach_every_callback_and_flag(ctx: Ctx) -> None:
    counts: dict[str, dict[str, int]] = {}
    left: dict[str, str] = {}
    for name in CANNED:
        guest = Counting(ctx)
        try:
            getattr(scenarios, name)(guest, hold_s=HOLD_S)
        except Unsuitable as error:
            print(f"{name}: {error}")
            continue
        assert guest.report is not None
        counts[name] = guest.counts
        for one in guest.report.violations:
            if one.check in ("attached", "operations", "kernel_clean"):
                left[name] = one.message
    callbacks, flags = members(ctx.kernel)
    rows = [*callbacks, *flags]
    print(f"{ctx.kernel.version}, {len(counts)} scenarios\n{table(counts, rows)}")
    assert left == {}
    never = [row for row in rows if not any(count.get(row) for count in counts.values())]
    assert set(never) <= set(OUT_OF_REACH) | set(FLAGS_OF_OTHERS), never
