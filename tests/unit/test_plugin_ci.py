"""What the plugin does for CI: shards of a suite, and what GitHub Actions shows of a session."""

from __future__ import annotations

from pathlib import Path

import plugin_project
import pytest
from plugin_project import FAILING, PASSING, Run, lines
from report_case import a_case

from ktstr.base.errors import KtstrError
from ktstr.plugin.shard import Shard, parse_shard
from ktstr.report.github import annotation, summary

pytest_plugins = "pytester"
run = plugin_project.run  # the fixture

SEVERAL = """
@ktstr_test()
@pytest.mark.parametrize("n", range(4))
def many(ctx, n):
    ctx.run()

def test_plain():
    pass
"""


def collected(result: pytest.RunResult) -> list[str]:
    return [line for line in result.outlines if "::" in line]


# Shards


@pytest.mark.parametrize("arguments", [(), ("-k", "many"), ("--kernel", "7.3")])
def test_every_test_is_in_exactly_one_shard(run: Run, arguments: tuple[str, ...]) -> None:
    menu = ("--collect-only", "-q", "--kernel", "7.0", *arguments)
    everything = collected(run(SEVERAL + PASSING, *menu))
    for count in (2, 3, 7):
        shards = [collected(run("", *menu, "--shard", f"{n}/{count}")) for n in range(1, count + 1)]
        assert sorted(name for shard in shards for name in shard) == sorted(everything)


def test_shards_have_one_size(run: Run) -> None:
    menu = ("--collect-only", "-q", "--kernel", "7.0")
    sizes = [len(collected(run(SEVERAL + PASSING, *menu, "--shard", f"{n}/2"))) for n in (1, 2)]
    assert sizes == [3, 3]


def test_workers_run_their_shard_only(run: Run) -> None:
    named = [
        line.split()[2]
        for n in (1, 2)
        for line in lines(run(SEVERAL, "--kernel", "7.0", "-n2", "--shard", f"{n}/2"))
    ]
    assert sorted(named) == ["many[0]", "many[1]", "many[2]", "many[3]", "test_it.py::test_plain"]


@pytest.mark.parametrize("workers", [(), ("-n2",)])
def test_more_shards_than_tests_is_not_a_failure(run: Run, workers: tuple[str, ...]) -> None:
    assert run(PASSING, "--kernel", "7.0", *workers, "--shard", "2/2").ret == 0
    assert run("", "--kernel", "7.0", *workers, "--shard", "1/2", "-k", "nothing").ret == 5


def test_a_shard_is_refused_before_anything_is_done(run: Run) -> None:
    result = run(PASSING, "--shard", "3/2")
    assert result.ret == 2
    assert result.errlines == ["ktstr: --shard 3/2: must be which part of how many, such as 1/2 or 2/2"]


@pytest.mark.parametrize("text", ["", "1", "0/2", "3/2", "1/0", "-1/2", "1/2/3", "a/b", "1/99999"])
def test_an_invalid_shard_is_refused(text: str) -> None:
    with pytest.raises(KtstrError, match="must be which part of how many"):
        parse_shard(text)


def test_a_shard_is_read() -> None:
    assert parse_shard("2/3") == Shard(2, 3)


# GitHub Actions


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch, pytester: pytest.Pytester) -> Path:
    """A step of a job whose checkout holds the suite; the file of its summary."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(pytester.path.parent))
    written = pytester.path.parent / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(written))
    return written


def test_a_failure_is_annotated_on_the_line_that_failed(
    run: Run, job: Path, pytester: pytest.Pytester
) -> None:
    result = run(PASSING + FAILING, "--kernel", "7.0")
    source = (pytester.path / "test_it.py").read_text().partition("verdict=")[0]
    line = source.count("\n") + 1
    assert [line for line in result.outlines if line.startswith("::")] == [
        f"::error file={pytester.path.name}/test_it.py,line={line},"
        "title=FAIL unfair on 7.0.13 1n1l2c1t any_sched::max_spread_pct: worker 3: 22.5 points, limit 15"
    ]


def test_annotations_are_the_same_under_xdist(run: Run, job: Path, pytester: pytest.Pytester) -> None:
    alone = run(PASSING + FAILING, "--kernel", "7.0")
    divided = run("", "--kernel", "7.0", "-n2")
    told = [[line for line in one.outlines if line.startswith("::")] for one in (alone, divided)]
    assert told[0] == told[1] != []


def test_the_summary_is_added_to_the_steps(run: Run, job: Path) -> None:
    job.write_text("before\n")
    run(PASSING + FAILING, "--kernel", "7.0")
    text = job.read_text()
    assert text.startswith("before\n### ktstr\n")
    assert "| 7.0.13 | 1 passed, 1 failed |\n" in text
    assert (
        "| FAIL | unfair | 7.0.13 | 1n1l2c1t | any\\_sched |"
        " max\\_spread\\_pct: worker 3: 22.5 points, limit 15 |\n" in text
    )
    assert "```\nunfair: the header\n" in text
    assert "Results: `target/ktstr/history/7.0.13-nogit/" in text


def test_outside_github_actions_nothing_is_annotated(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    assert "::error" not in run(FAILING, "--kernel", "7.0").stdout.str()


def test_characters_that_end_a_workflow_command_are_escaped() -> None:
    case = a_case(outcome="failed", test="a[x,y:1%]", message="50% is\ntoo little", line=7)
    assert annotation(case, Path("/repo")) == (
        "::error file=tests/test_a.py,line=7,title=FAIL a[x%2Cy%3A1%25] on 7.0.13 1n2l4c1t my_sched"
        "::50%25 is%0Atoo little"
    )


def test_a_failures_text_cannot_leave_its_block() -> None:
    case = a_case(outcome="failed", message="a|b <i>", details="```\n</details>\n````\n")
    text = summary({"7.0.13": [case]}, [])
    assert "a\\|b &lt;i&gt; |" in text
    assert "\n`````\n```\n</details>\n````\n\n`````\n" in text
