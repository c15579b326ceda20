"""`ktstr compare`: what two sides' metrics say, on recorded runs, and what is said of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from recorded_runs import AFTER, BEFORE, recorded

from ktstr.compare.difference import Comparison, compared
from ktstr.compare.runs import Part, Run
from ktstr.compare.samples import Axis, cases_of
from ktstr.compare.sides import Side
from ktstr.compare.table import coloured, comparison_lines
from ktstr.compare.thresholds import Threshold

Sidecars = Sequence[Mapping[str, Any]]
OLD, NEW = recorded(BEFORE, "7.0.13"), recorded(AFTER, "7.0.13")
RUN = Run((Part(Path("nowhere"), {}),))
SIDE_OLD, SIDE_NEW = Side("old", (RUN,), ()), Side("new", (RUN,), ())


def comparison(before: Sidecars, after: Sidecars, axis: Axis = "", **thresholds: Threshold) -> Comparison:
    return compared(cases_of(before, axis), cases_of(after, axis), thresholds)


def results(found: Comparison) -> dict[str, str]:
    return {one.name: one.result for one in found.differences}


def of(scheduler: str, sidecars: Sidecars) -> Sidecars:
    return [one for one in sidecars if one["scheduler"]["name"] == scheduler]


def test_longer_slices_are_found_and_what_stayed_equal_is_not() -> None:
    found = comparison(OLD, NEW)
    worse = [one for one in found.differences if one.result == "worse"]
    assert found.status == 1
    assert {one.key.scheduler for one in worse} == {"mine"}
    assert worse[0].name == "wakeup_p50_ms[web]"
    assert worse[0].p == pytest.approx(24 * 2 / 184756)
    assert {one.result for one in found.differences if one.key.scheduler == "eevdf"} == {"same"}


def test_the_other_way_round_it_got_better() -> None:
    found = results(comparison(of("mine", NEW), of("mine", OLD)))
    assert (found["wait_p99_ms[web]"], found["throughput[spin_wait]"]) == ("better", "worse")
    assert found["slice_p50_ms[batch]"] == "changed"


def test_a_run_is_the_same_as_itself_with_one_seed_too() -> None:
    found = comparison(OLD[:2], OLD[:2])
    assert (set(results(found).values()), found.status, found.tests) == ({"same"}, 0, 0)


def test_seeds_of_one_scheduler_do_not_differ_from_its_other_seeds() -> None:
    first = [one for one in recorded(BEFORE, "7.3.4") if one["seed"] <= 5]
    rest = [one for one in recorded(BEFORE, "7.3.4") if one["seed"] > 5]
    found = comparison(of("mine", first), of("mine", rest))
    assert not set(results(found).values()) & {"worse", "better", "changed"}


def test_too_few_samples_are_never_green() -> None:
    few = [one for one in NEW if one["seed"] <= 3]
    found = comparison(OLD, few)
    assert (found.status, found.needed) == (2, 8)
    assert results(found)["wait_p99_ms[web]"] == "inconclusive"
    assert comparison_lines(found, SIDE_OLD, SIDE_NEW)[-1].endswith(
        "3 to 10 samples a side; 8 a side are needed for 52 metrics at 0.01"
    )


def test_a_second_run_of_a_seed_is_no_further_sample() -> None:
    one = [sidecar for sidecar in OLD if sidecar["seed"] == 1]
    assert [len(case.samples) for case in cases_of(one * 10).values()] == [1, 1]
    real = [{**sidecar, "clock": "real"} for sidecar in one * 10]
    assert [len(case.samples) for case in cases_of(real).values()] == [10, 10]


def test_a_difference_below_the_projects_threshold_is_noise() -> None:
    found = results(comparison(of("mine", OLD), of("mine", NEW), off_cpu_pct=Threshold(absolute=20.0)))
    assert (found["off_cpu_pct"], found["gap_ms"]) == ("same", "worse")


def test_a_projects_direction_makes_a_change_worse() -> None:
    found = results(comparison(of("mine", OLD), of("mine", NEW), slice_p50_ms=Threshold(better="lower")))
    assert found["slice_p50_ms[batch]"] == "worse"


def test_a_test_that_fails_now_is_worse_with_one_seed_too() -> None:
    broken = [{**one, "outcome": "failed"} if one["seed"] == 3 else one for one in OLD]
    found = comparison(OLD, broken)
    assert [(one.name, one.result, one.ends) for one in found.differences[:2]] == [
        ("failed", "worse", (0.0, 10.0)),
        ("failed", "worse", (0.0, 10.0)),
    ]
    assert results(comparison(broken, OLD))["failed"] == "better"


def test_what_could_not_be_run_is_said() -> None:
    undone = [{**one, "outcome": "error"} if one["seed"] < 3 else one for one in of("mine", OLD)]
    found = comparison(of("mine", OLD), undone)
    assert list(found.undone.values()) == ["2 without a verdict after"]
    none = comparison(of("mine", OLD), [{**one, "outcome": "error"} for one in of("mine", OLD)])
    assert (none.status, none.differences) == (2, [])


def test_a_test_that_could_not_be_run_at_all_on_one_side_is_never_green() -> None:
    broken = [{**one, "outcome": "error"} if one in of("mine", OLD) else one for one in OLD]
    assert set(results(comparison(OLD, broken)).values()) == {"same"}
    assert comparison(OLD, broken).status == 2
    assert comparison(broken, broken).status == 0


def test_a_test_that_passes_nowhere_has_no_numbers_and_says_so() -> None:
    failed = [{**one, "outcome": "failed"} for one in of("mine", OLD)]
    found = comparison(failed, failed)
    assert results(found) == {"failed": "same"}
    assert list(found.undone.values()) == [
        "none passed before, so no numbers are compared, none passed after, so no numbers are compared"
    ]


def test_what_only_one_side_has_is_named() -> None:
    found = comparison(OLD, of("mine", OLD))
    assert [key.scheduler for key in found.only_before] == ["eevdf"]
    lines = comparison_lines(found, SIDE_OLD, SIDE_NEW)
    assert (
        "only before: tests/test_eevdf.py::web_and_batch (eevdf, 7.0.13, 1n1l2c1t, virtual clock, perturbed)"
        in lines
    )
    newer = [{**one, "kernel": {**one["kernel"], "version": "7.0.14"}} for one in OLD]
    assert comparison(OLD, newer).status == 2


def test_schedulers_are_compared_across_their_files() -> None:
    found = comparison(of("eevdf", OLD), of("mine", OLD), "scheduler")
    assert (found.status, results(found)["wakeup_p50_ms[web]"]) == (1, "worse")


def test_costs_need_one_sample() -> None:
    def sweep(insns: int) -> Sidecars:
        program = {"name": "enqueue", "verified_insns": insns, "jited_bytes": 500}
        run = {**OLD[0]["runs"][0], "programs": [program]}
        name = "verifier/mine/kernel_7_0/tiny-1llc"
        return [{**OLD[0], "test": name, "nodeid": name, "runs": [run], "outcome": "passed"}]

    dearer = comparison(sweep(120), sweep(140))
    assert [(one.name, one.result, one.key.test) for one in dearer.differences[:1]] == [
        ("verified_insns[enqueue]", "worse", "verifier tiny-1llc")
    ]
    assert results(dearer).keys() == {"failed", "verified_insns[enqueue]", "jited_bytes[enqueue]"}
    assert (comparison(sweep(120), sweep(128)).status, dearer.status) == (0, 1)


@pytest.mark.parametrize(
    ("test", "seed", "variant", "axis", "name"),
    [
        ("busy[seed7]", 7, None, "", "busy"),
        ("busy[smt-2llc-fifo-seed7]", 7, "fifo", "", "busy[smt-2llc-fifo]"),
        ("busy[smt-2llc-fifo-seed7]", 7, "fifo", "scheduler", "busy[smt-2llc]"),
        ("busy[smt-2llc-fifo-seed7]", 7, "fifo", "topology", "busy[fifo]"),
        ("busy[-1-seed7]", 7, None, "", "busy[-1]"),
        ("busy[seed7-x]", 7, None, "", "busy[x]"),
        ("busy", 1, None, "", "busy"),
    ],
)
def test_a_test_is_one_case_with_all_its_seeds(
    test: str, seed: int, variant: str | None, axis: Axis, name: str
) -> None:
    scheduler: Mapping[str, Any] = {"name": "mine", "variant": variant, "args": []}
    sidecar = {**OLD[0], "test": test, "seed": seed, "scheduler": scheduler}
    assert [key.test for key in cases_of([sidecar], axis)] == [name]


def test_a_terminal_shows_what_got_worse_in_red() -> None:
    assert coloured(["worse  a", "same   b", "better c"]) == [
        "\x1b[31mworse  a\x1b[0m",
        "same   b",
        "\x1b[32mbetter c\x1b[0m",
    ]
