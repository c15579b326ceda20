"""`--budget` and `--shard`: how long tests will take, which ones run, and what is said about the others."""

from __future__ import annotations

import itertools
import json

import plugin_project
import pytest
from plugin_project import CONFTEST, PASSING, Run, lines
from report_case import a_case

from ktstr.base.errors import KtstrError
from ktstr.base.topology import Topology
from ktstr.declare.host_time import boot_ms, run_ms
from ktstr.declare.test import KtstrTest, ktstr_test, record_of
from ktstr.plugin.budget import shown_time
from ktstr.plugin.session import parse_budget
from ktstr.plugin.shard import Shard, divide
from ktstr.report.timings import keep_timings, read_timings

pytest_plugins = "pytester"
run = plugin_project.run  # the fixture

THREE = """
@ktstr_test()
@pytest.mark.parametrize("n", [1, 2])
def many(ctx, n):
    ctx.run()

@ktstr_test()
def one(ctx):
    ctx.run()

@ktstr_test(scheduler=MY, kernels=["7.3"])
def never(ctx):
    ctx.run()

def test_plain():
    pass
"""


def timings(pytester: pytest.Pytester, **seconds: float) -> None:
    """Note what tests took in an earlier session, by the part of their id after the file."""
    folder = pytester.path / "target" / "ktstr"
    folder.mkdir(parents=True, exist_ok=True)
    known = {f"test_it.py::{name}": round(1000 * took) for name, took in seconds.items()}
    (folder / "timings.json").write_text(json.dumps({"schema": 1, "wall_ms": known}))


def chosen(result: pytest.RunResult) -> list[str]:
    return [line.split()[2] for line in lines(result)]


def told(result: pytest.RunResult) -> list[str]:
    """The lines from that of the budget on."""
    at = next(number for number, line in enumerate(result.outlines) if line.startswith("budget "))
    ours = itertools.takewhile(lambda line: not line.startswith("="), result.outlines[at:])
    return [line for line in ours if " collected " not in line]


# Choosing


@pytest.mark.parametrize("workers", [(), ("-n1",)])
def test_a_budget_runs_what_covers_most(
    run: Run, pytester: pytest.Pytester, workers: tuple[str, ...]
) -> None:
    timings(pytester, **{"many[7.0-1]": 6, "many[7.0-2]": 5, "one[7.0]": 4})
    result = run(THREE, "--kernel", "7.0", "--budget", "10s", *workers)
    assert result.ret == 0
    assert chosen(result) == ["many[2]", "one", "never", "test_it.py::test_plain"]
    assert told(result) == [
        "budget 10s: 2 of 3 tests, about 9s of 15s; covers 2 of 2 tests, 1 of 1 kernels, and 92% of all values and"
        " pairs",
        "left out 1: many[7.0-1]: the budget",
    ]


def test_a_list_shows_what_would_run(run: Run, pytester: pytest.Pytester) -> None:
    timings(pytester, **{"many[7.0-1]": 6, "many[7.0-2]": 5, "one[7.0]": 4})
    result = run(THREE, "--kernel", "7.0", "--budget", "10s", "--collect-only", "-q")
    ids = [line for line in result.outlines if line.startswith("test_it.py::")]
    assert ids == [f"test_it.py::{name}" for name in ("many[7.0-2]", "one[7.0]", "never[7.0]", "test_plain")]
    assert told(result)[-1] == "left out 1: many[7.0-1]: the budget"


def test_it_says_which_tests_are_not_covered(run: Run, pytester: pytest.Pytester) -> None:
    timings(pytester, **{"many[7.0-1]": 60, "many[7.0-2]": 50, "one[7.0]": 4})
    assert told(run(THREE, "--kernel", "7.0", "--budget", "10s"))[1:] == [
        "not covered: test many",
        "left out 2: many[7.0-1], many[7.0-2]: the budget",
    ]


def test_a_budget_for_nothing(run: Run, pytester: pytest.Pytester) -> None:
    timings(pytester, **{"basic_steady[7.0]": 9})
    result = run(PASSING, "--kernel", "7.0", "--budget", "5s")
    assert result.ret == 5
    assert told(result)[-1] == "no test fits: basic_steady[7.0] alone takes 9s"


def test_a_selection_is_made_before_the_budget(run: Run, pytester: pytest.Pytester) -> None:
    timings(pytester, **{"many[7.0-1]": 6, "many[7.0-2]": 5, "one[7.0]": 4})
    assert chosen(run(THREE, "--kernel", "7.0", "--budget", "10s", "-k", "many and 1")) == ["many[1]"]


def test_the_gauntlet_in_a_budget(run: Run) -> None:
    body = "@ktstr_test()\ndef basic(ctx):\n    ctx.run()\n"
    menu = ("--kernel", "7.0", "--kernel", "7.3", "--gauntlet", "--budget", "60s", "--collect-only", "-q")
    first = told(run(body, *menu))
    assert "2 of 2 kernels" in first[0]
    assert first == told(run("", *menu))


@pytest.mark.parametrize("text", ["", "0s", "10", "m", "1.5m", "10m5", "-1s", "5s10m"])
def test_a_time_that_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(KtstrError, match=r"--budget .*: must be a time such as 90s, 10m or 1h30m"):
        parse_budget(text, "--budget")


def test_a_wrong_budget_is_one_line(run: Run) -> None:
    result = run(PASSING, "--kernel", "7.0", "--budget", "soon")
    assert (result.ret, result.errlines) == (
        2,
        ["ktstr: --budget soon: must be a time such as 90s, 10m or 1h30m"],
    )


def test_times() -> None:
    assert [parse_budget(text, "") for text in ("90s", "10m", "1h30m", "1m5s")] == [
        90_000,
        600_000,
        5_400_000,
        65_000,
    ]
    assert [shown_time(ms) for ms in (400, 48_200, 581_000, 5_400_000)] == ["0s", "48s", "9m41s", "1h30m0s"]


# How long tests take


def test_a_session_keeps_what_its_tests_took(run: Run, pytester: pytest.Pytester) -> None:
    run(PASSING, "--kernel", "7.0")
    run("", "--kernel", "7.3")
    known = read_timings(pytester.path)
    assert list(known) == [f"test_it.py::basic_steady[{kernel}]" for kernel in ("7.0", "7.3")]
    assert all(ms > 0 for ms in known.values())


def test_a_remembered_result_says_nothing_of_the_time(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        CONFTEST.replace(
            '"booted": 1, "cloned": 0, "remembered": 0', '"booted": 0, "cloned": 0, "remembered": 1'
        )
    )
    assert run(PASSING, "--kernel", "7.0").ret == 0
    assert read_timings(pytester.path) == {}


def test_a_boot_is_not_part_of_the_time(tmp_path: pytest.TempPathFactory, pytester: pytest.Pytester) -> None:
    vms = {"booted": 1, "cloned": 1, "remembered": 0}
    case = a_case(wall_s=12.0, runs=({"result": {"template_boot_s": 9.5}, "vms": vms},))
    keep_timings(pytester.path, [case, a_case(nodeid="skipped", outcome="skipped")])
    keep_timings(pytester.path, [a_case(nodeid="another", wall_s=1.0)])
    assert read_timings(pytester.path) == {case.nodeid: 2_500, "another": 1_000}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"wall_ms": [1]}', '{"wall_ms": {"a": "b", "c": -1}}'])
def test_a_damaged_file_is_no_knowledge(pytester: pytest.Pytester, text: str) -> None:
    timings(pytester)
    (pytester.path / "target" / "ktstr" / "timings.json").write_text(text)
    assert read_timings(pytester.path) == {}


def a_record(**declared: float) -> KtstrTest:
    @ktstr_test(**declared)  # type: ignore[arg-type]
    def body(ctx: object) -> None: ...

    found = record_of(body)
    assert found is not None
    return found


def test_an_estimate_grows_with_the_hold_and_the_cpus() -> None:
    small, large = Topology.parse("1n1l4c1t"), Topology.parse("1n8l4c2t")
    assert run_ms(a_record(duration_s=2), small) == 1_900
    assert run_ms(a_record(duration_s=10), small) == 6_700
    assert 2.6 < run_ms(a_record(), large) / run_ms(a_record(), small) < 2.8
    assert (boot_ms(Topology.parse("1n2l4c1t")), boot_ms(large)) == (4_457, 33_257)


def test_what_is_known_corrects_the_guess_for_the_others(run: Run, pytester: pytest.Pytester) -> None:
    """The guess for `one` is as long as that for `many`, which took ten times as long as guessed."""
    timings(pytester, **{"many[7.0-1]": 19.0, "many[7.0-2]": 19.0})
    line = told(run(THREE, "--kernel", "7.0", "--budget", "1h"))[0]
    assert "3 of 3 tests, about 1m1s of 1m1s" in line  # 19, 19, and 19 with the boot of a guest


# Shards


GAUNTLET = """
@ktstr_test()
@pytest.mark.parametrize("n", range(3))
def many(ctx, n):
    ctx.run()

@ktstr_test(duration_s=20)
def long(ctx):
    ctx.run()
"""


def test_shards_of_the_gauntlet_are_a_partition(run: Run) -> None:
    menu = ("--collect-only", "-q", "--kernel", "7.0", "--gauntlet")

    def collected(*shard: str) -> list[str]:
        return [line for line in run("", *menu, *shard).outlines if "::" in line and "[" in line]

    everything = [line for line in run(GAUNTLET, *menu).outlines if line.startswith("test_it.py::")]
    assert len(everything) == 4 * 11
    parts = [collected("--shard", f"{n}/3") for n in (1, 2, 3)]
    assert sorted(name for part in parts for name in part if name.startswith("test_it")) == sorted(everything)


class Item:
    """As much of an item as a shard looks at."""

    def __init__(self, nodeid: str, cost_ms: int) -> None:
        self.nodeid, self.cost_ms = nodeid, cost_ms


@pytest.mark.parametrize("count", [2, 3, 5])
def test_shards_take_about_as_long_as_one_another(count: int) -> None:
    items = [Item(f"t{number:03}", 100 + 37 * number % 2_000) for number in range(200)]
    loads, seen = [], []
    for index in range(1, count + 1):
        mine, others = divide(items, Shard(index, count), lambda item: item.cost_ms)  # type: ignore[arg-type, attr-defined]
        assert len(mine) + len(others) == len(items)
        loads.append(sum(item.cost_ms for item in mine))  # type: ignore[attr-defined]
        seen += [item.nodeid for item in mine]
    assert sorted(seen) == [item.nodeid for item in items]
    assert max(loads) < 1.01 * min(loads)


def test_a_shard_is_the_same_for_items_in_any_order() -> None:
    items = [Item(f"t{number}", 100 + number % 3) for number in range(30)]
    cost = lambda item: item.cost_ms  # noqa: E731
    first, _ = divide(items, Shard(1, 4), cost)  # type: ignore[arg-type]
    again, _ = divide(items[::-1], Shard(1, 4), cost)  # type: ignore[arg-type]
    assert {item.nodeid for item in first} == {item.nodeid for item in again}
