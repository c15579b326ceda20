"""A test for which there were too few samples: its own word everywhere, and status 2 unless it is allowed."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import plugin_project
import pytest
from plugin_project import PASSING, Run, lines, sidecars
from report_case import VERSIONS, a_case

from ktstr.bisect.verdict import Verdict, judged
from ktstr.plugin.empty import nothing_ran
from ktstr.report import console, github
from ktstr.report.junit import junit_xml

pytest_plugins = "pytester"
run = plugin_project.run  # the fixture

UNDECIDED = """
from ktstr import Inconclusive

@ktstr_test(DECLARED)
def undecided(ctx):
    ctx.run()
    raise Inconclusive("runnable: 2 samples, 5 are needed")
"""
SERIES = """
from ktstr import SeriesFailed

@ktstr_test()
def too_deep(ctx):
    ctx.run()
    raise SeriesFailed("dsq0.depth exceeded 4: 5 at 0.040 s\\n  dsq0.depth  bars  1 to 5")
"""
LINE = "undecided 7.0.13 1n1l2c1t eevdf: runnable: 2 samples, 5 are needed"


def test_it_has_a_word_of_its_own_and_status_2(run: Run, pytester: pytest.Pytester) -> None:
    result = run(UNDECIDED.replace("DECLARED", "") + PASSING, "--kernel", "7.0")
    assert f"INCONCLUSIVE (1/2) {LINE.replace(' ', '    ', 1)}" in lines(result)
    result.stdout.fnmatch_lines(["kernel 7.0.13  1 passed, 1 inconclusive in *", "run again *"])
    assert result.ret == 2
    data = sidecars(pytester)["undecided"]
    assert (data["outcome"], data["message"]) == ("inconclusive", "runnable: 2 samples, 5 are needed")


def test_where_it_is_allowed_the_session_is_a_success_and_the_word_stays(
    run: Run, pytester: pytest.Pytester
) -> None:
    result = run(UNDECIDED.replace("DECLARED", "allow_inconclusive=True"), "--kernel", "7.0")
    assert lines(result) == [f"INCONCLUSIVE (1/1) {LINE}"]
    assert result.ret == 0
    assert sidecars(pytester)["undecided"]["outcome"] == "inconclusive"


def test_under_xdist_it_is_the_same(run: Run) -> None:
    result = run(UNDECIDED.replace("DECLARED", ""), "--kernel", "7.0", "-n1")
    assert lines(result) == [f"INCONCLUSIVE (1/1) {LINE}"]
    assert result.ret == 2


def test_a_series_that_is_wrong_fails_the_test_in_one_line(run: Run) -> None:
    result = run(SERIES, "--kernel", "7.0")
    assert lines(result) == ["FAIL (1/1) too_deep 7.0.13 1n1l2c1t eevdf: dsq0.depth exceeded 4: 5 at 0.040 s"]
    assert result.ret == 1
    assert "Traceback" not in result.stdout.str()


UNSETTLED = a_case(outcome="inconclusive", message="2 samples", details="2 samples")


def test_junit_has_an_error_of_that_type_or_a_skip() -> None:
    for allowed, tag, field in ((False, "error", "2 samples"), (True, "skipped", "inconclusive: 2 samples")):
        document = junit_xml([a_case(outcome="inconclusive", message="2 samples", allowed=allowed)], VERSIONS)
        found = ElementTree.fromstring(document).find(f".//{tag}")
        assert found is not None
        assert found.get("message") == field


def test_github_shows_it_as_an_error_or_a_warning() -> None:
    annotation = github.annotation(UNSETTLED, Path("/"))
    assert annotation.startswith("::error ")
    assert "title=INCONCLUSIVE basic_steady" in annotation
    allowed = a_case(outcome="inconclusive", message="2 samples", allowed=True)
    assert github.annotation(allowed, Path("/")).startswith("::warning ")
    assert "| INCONCLUSIVE | basic\\_steady |" in github.summary({"7.0.13": [UNSETTLED]}, [])


def test_it_counts_for_itself() -> None:
    assert console.counts_text(["inconclusive", "passed", "skipped"]) == "1 passed, 1 inconclusive, 1 skipped"
    assert not nothing_ran([UNSETTLED])


def test_it_says_nothing_of_a_kernel_that_is_bisected() -> None:
    assert judged([{"outcome": "inconclusive", "message": "2 samples"}], "") == Verdict(
        "skipped", "2 samples"
    )
