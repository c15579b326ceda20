"""Seeds: a race that a run by itself does not show is found by perturbing, repeats from its seed, and is shrunk."""

from pathlib import Path

from ktstr import CgroupDef, Checks, Cpuset, Ctx, declare_scheduler, ktstr_test
from ktstr.checks.verdict import RunReport, VerdictFailed
from ktstr.vm.job import RunOptions

SCHEDULERS = Path(__file__).parents[1] / "schedulers"
RACY = declare_scheduler(
    name="racy",
    bpf=SCHEDULERS / "racy.bpf.c",
    topology=(1, 1, 8, 1),
    checks=Checks(max_gap_ms=200, max_spread_pct=False),
    # The kernel itself preempts every four seconds, too, which would be a failure that needs no perturbation.
    sysctls={"kernel.watchdog": 0},
)
FIXTURE = declare_scheduler(name="seeds_fixture", bpf=SCHEDULERS / "fixture.bpf.c", topology=(1, 1, 4, 1))
HOLD_S = 1.0
SEEDS = 100
REPLAYS = 20


def race(ctx: Ctx, *, check: bool = True) -> RunReport:
    """More workers than CPUs, so that slices begin all the time; the last CPU is the agent's, which preempts too."""
    return ctx.run(CgroupDef("w", 10, cpuset=Cpuset.exact(range(7))), hold_s=HOLD_S, check=check)


def perturbed(ctx: Ctx, seed: int, folder: str, *, fresh: bool = False) -> Ctx:
    """The guest of `ctx` under another seed, perturbed."""
    return Ctx(
        ctx.test,
        ctx.kernel,
        "virtual",
        seed,
        ctx.artifacts / folder,
        options=RunOptions(fresh=fresh),
        perturb=True,
    )


# Ignored: it takes dozens of runs, a minute and more on two cores. About a seed in twelve fails.
@ktstr_test(scheduler=RACY, ignore=True)
def a_race_is_found_repeats_and_is_shrunk(ctx: Ctx) -> None:
    quiet = Ctx(ctx.test, ctx.kernel, "virtual", 1, ctx.artifacts / "quiet")
    assert race(quiet).passed, "nothing preempts a worker in the first moments of its time slice"

    failing = next(
        (
            (seed, report)
            for seed in range(1, SEEDS + 1)
            if not (report := race(perturbed(ctx, seed, f"seed-{seed}"), check=False)).passed
        ),
        None,
    )
    assert failing is not None, f"none of {SEEDS} seeds shows the race"
    seed, first = failing
    assert {violation.check for violation in first.violations} == {"max_gap_ms"}

    for number in range(REPLAYS):
        again = race(perturbed(ctx, seed, f"again-{number}", fresh=True), check=False)
        assert again.result.start == "clone"
        assert again.result.events_sha256 == first.result.events_sha256

    try:
        race(perturbed(ctx, seed, "shrunk"))
    except VerdictFailed as failed:
        section = str(failed).partition("--- perturbations ---\n")[2].partition("\n\n")[0].splitlines()
    else:
        raise AssertionError("a failing seed must fail")
    print(f"seed {seed}:", *section, sep="\n")
    tried = len(first.guest.perturbed)
    assert 1 <= len(section) - 1 <= 3
    assert section[0].startswith((f"one of {tried} is enough", f"it takes {len(section) - 1} of {tried}:"))
    assert "preempted ktstr-w" in section[-1]


@ktstr_test(scheduler=FIXTURE)
def seeds_give_other_orders_of_switches(ctx: Ctx) -> None:
    """Without a perturber, too: workers start at moments of their own."""

    def order(seed: int) -> str:
        guest = Ctx(ctx.test, ctx.kernel, "virtual", seed, ctx.artifacts / f"order-{seed}")
        switches = guest.run(CgroupDef("w", 6), hold_s=0.2, trace=True).guest.switches
        assert switches is not None
        assert not switches.lost
        return switches.order

    assert len({order(seed) for seed in range(1, 5)}) >= 3
