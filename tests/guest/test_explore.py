"""Explorations: a run with stops is a function of its seed, and a race inside a callback is found and replayed."""

from pathlib import Path

from ktstr import CgroupDef, Ctx, declare_scheduler, ktstr_test
from ktstr.checks.verdict import RunReport, VerdictFailed
from ktstr.explore.corpus import Corpus
from ktstr.explore.exploration import AUTO, Exploration
from ktstr.explore.strategy import Chosen, Known, chosen_by
from ktstr.instrument.interleaving import Interleaving
from ktstr.vm.job import RunOptions

BPF = Path(__file__).parent / "bpf"
CPUS = 4
TORN = declare_scheduler(name="torn", bpf=BPF / "torn.bpf.c", topology=(1, 1, CPUS, 1))
MENDED = declare_scheduler(
    name="torn_mended", bpf=BPF / "torn.bpf.c", topology=(1, 1, CPUS, 1), rodata={"mended": 1}
)
HOLD_S = 0.3
RUNS = 40


def counting(ctx: Ctx, *, check: bool = False) -> RunReport:
    """More workers than CPUs, all of which sleep now and then."""
    return ctx.run(CgroupDef("w", 8), hold_s=HOLD_S, check=check)


def chosen_ctx(ctx: Ctx, seed: int, chosen: Chosen, folder: str, *, shrink_s: float = 0.0) -> Ctx:
    """The guest of `ctx` with another seed and interleaving; nothing remembered is used."""
    return Ctx(
        *(ctx.test, ctx.kernel, "virtual", seed, ctx.artifacts / folder),
        options=RunOptions(fresh=True),
        perturb=chosen.perturb,
        interleaving=chosen.interleaving,
        shrink_s=shrink_s,
    )


@ktstr_test(scheduler=MENDED)
def a_seed_has_one_run_and_its_stops_repeat_it(ctx: Ctx) -> None:
    """The same seed, another seed, and the stops of the first as a list."""
    chosen = [chosen_by("rare", seed, Known(CPUS)) for seed in (1, 1, 2)]
    reports = [counting(chosen_ctx(ctx, 1, one, f"seed-{number}")) for number, one in enumerate(chosen)]
    first = reports[0].explored
    assert first is not None
    assert len(first.stops) > 5
    assert any(stop.point.skip for stop in first.stops)
    again = counting(chosen_ctx(ctx, 1, Chosen(Interleaving(first.points)), "list"))
    hashes = [report.result.events_sha256 for report in (*reports, again)]
    assert hashes[0] == hashes[1] == hashes[3] != hashes[2]
    assert again.explored == first


def explored(ctx: Ctx, folder: str) -> tuple[int, Chosen, RunReport] | None:
    """The first run of an exploration that fails, with its seed."""
    exploration = Exploration(Corpus(ctx.artifacts / folder / "corpus"), AUTO, 1, CPUS)
    for _ in range(RUNS):
        trial = exploration.next()
        report = counting(chosen_ctx(ctx, trial.seed, trial.chosen, folder))
        if not report.passed:
            return trial.seed, trial.chosen, report
        exploration.learn(trial, [report.explored] if report.explored else [])
    return None


# Ignored: dozens of runs each, minutes on a busy host.
@ktstr_test(scheduler=TORN, ignore=True)
def a_race_in_a_callback_is_found_repeats_and_is_shrunk(ctx: Ctx) -> None:
    found = explored(ctx, "runs")
    assert found is not None, f"none of {RUNS} runs shows the race"
    seed, chosen, report = found
    assert report.violations[0].check == "attached"
    assert "was given twice" in report.violations[0].message
    again = counting(chosen_ctx(ctx, seed, chosen, "again"))
    assert again.result.events_sha256 == report.result.events_sha256
    try:
        counting(chosen_ctx(ctx, seed, chosen, "shrunk", shrink_s=300.0), check=True)
    except VerdictFailed as failed:
        section = str(failed).partition("--- interleaving ---\n")[2].partition("\n\n")[0].splitlines()
    else:
        raise AssertionError("a failing run must fail again")
    print(*section, sep="\n")
    assert 2 <= len(section) <= 4
    assert "torn.bpf.c:" in section[1]


@ktstr_test(scheduler=MENDED, ignore=True)
def its_twin_is_never_reported(ctx: Ctx) -> None:
    assert explored(ctx, "runs") is None
