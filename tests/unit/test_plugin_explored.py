"""Explorations on pytest's command line: what is refused, and what a replay gives."""

import json
from pathlib import Path

import pytest

from ktstr.base.errors import KtstrError
from ktstr.instrument.interleaving import Interleaving, SwitchPoint
from ktstr.plugin.interleaved import read_interleavings
from ktstr.plugin.stage import stage_of
from ktstr.report.told import EXPLORING, VERDICT

pytest_plugins = ["pytester"]
TEST = """
    from ktstr import declare_scheduler, ktstr_test

    @ktstr_test(scheduler=declare_scheduler(name="mine", binary="mine"))
    def mine(ctx):
        ctx.run()
"""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--explore soon", "--explore soon: must be a time such as 90s, 10m or 1h30m"),
        ("--explore 1m --seeds 3", "--explore and --seeds: give one of them"),
        ("--explore-with rare", "--explore-with rare: is for --explore; give that, too"),
        (
            "--explore 1m --explore-with luck",
            "--explore-with luck: must be one of auto, burst, pct, rare, stall",
        ),
        ("--explore 1m --clock real", "--explore: the clock is real; must be virtual or auto"),
        (
            "--explore 1m --executor dask://host:8786",
            "--explore: runs guests on this machine only; --executor must be local",
        ),
        (
            "--interleaving mine.json --executor dask://host:8786",
            "--interleaving: runs guests on this machine only; --executor must be local",
        ),
        ("--interleaving nowhere.json", "--interleaving nowhere.json: No such file or directory"),
    ],
)
def test_what_makes_no_sense_is_one_line(pytester: pytest.Pytester, options: str, message: str) -> None:
    pytester.makepyfile(test_mine=TEST)
    result = pytester.runpytest_subprocess("-n0", *options.split())
    assert result.ret == 2
    assert f"ktstr: {message}" in result.stderr.str()


def a_sidecar(folder: Path, *runs: object) -> Path:
    path = folder / "mine.json"
    path.write_text(json.dumps({"runs": runs}))
    return path


def test_each_run_has_the_interleaving_that_it_was_asked_for(tmp_path: Path) -> None:
    one = Interleaving((SwitchPoint(0xABC, 1, 2, 3),))
    asked = {"interleaving": {"asked": str(one).splitlines(), "stops": []}}
    path = a_sidecar(tmp_path, {}, asked, {"interleaving": None})
    assert read_interleavings(path, "--interleaving x") == (None, one, None)


@pytest.mark.parametrize("run", ["text", {"interleaving": 3}, {"interleaving": {"asked": ["run 1 2"]}}])
def test_what_is_no_sidecar_with_interleavings_is_refused(tmp_path: Path, run: object) -> None:
    with pytest.raises(KtstrError, match=r"^(--)?interleaving"):
        read_interleavings(a_sidecar(tmp_path, run), "--interleaving x")


def test_while_it_explores_its_line_is_its_stage_until_a_run_fails(tmp_path: Path) -> None:
    (tmp_path / "run-1").mkdir()
    (tmp_path / "run-1" / "events.jsonl").write_text("")
    (tmp_path / EXPLORING).write_text("3 runs")
    assert stage_of(tmp_path) == "explores (3 runs)"
    (tmp_path / "run-1" / VERDICT).write_text("mine: it failed")
    assert stage_of(tmp_path) == "runs again"
