"""What the plugin offers to other plugins: hooks around runs, and properties on every report."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from pathlib import Path

import plugin_project
import pytest
from fake_executor import FakeExecutor
from plugin_project import BROKEN, CONFTEST, FAILING, PASSING, Run
from vm_stand_in import a_job

from ktstr import Ctx, Ending, KtstrError, RunReport, VerdictFailed, VmJob, VmResult, ktstr_test
from ktstr.declare.test import record_of
from ktstr.plugin import hookspec
from ktstr.run.hooks import NO_HOOKS, RunHooks, sections_text

pytest_plugins = "pytester"
run = plugin_project.run  # the fixture

FOLLOWS = """
def pytest_ktstr_before_run(ctx, job):
    print("before", ctx.test.name, job)

def pytest_ktstr_after_verdict(ctx, report):
    print("after", ctx.test.name, report)

def pytest_ktstr_report_sections(ctx, report):
    return [("dmesg", f"of {ctx.test.name}\\n"), ("temperature", "300 K")]
"""


def test_hooks_follow_a_run(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makeconftest(CONFTEST + FOLLOWS)
    out = run(PASSING + FAILING, "--kernel", "7.0", "-s").outlines
    told = [line for line in out if line.startswith(("before ", "after "))]
    assert told == [
        "before basic_steady the job",
        "after basic_steady 0 violations",
        "before unfair the job",
        "after unfair 1 violations",
    ]


def test_sections_of_hooks_end_the_failure(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makeconftest(CONFTEST + FOLLOWS)
    result = run(FAILING, "--kernel", "7.0")
    at = next(number for number, line in enumerate(result.outlines) if line.startswith("folder "))
    assert result.outlines[at + 1 : at + 6] == ["", "--- dmesg ---", "of unfair", "", "--- temperature ---"]


@pytest.mark.parametrize("answer", ["['text']", "[('title', 1)]", "[('title',)]"])
def test_an_invalid_section_is_one_line(run: Run, pytester: pytest.Pytester, answer: str) -> None:
    hook = f"def pytest_ktstr_report_sections(ctx, report):\n    return {answer}\n"
    pytester.makeconftest(CONFTEST + hook)
    result = run(FAILING, "--kernel", "7.0")
    assert result.ret == 2
    result.stdout.fnmatch_lines(
        ["ERROR *: pytest_ktstr_report_sections: *: must be a tuple of a title and a text"]
    )


def test_a_misspelt_hook_is_refused(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makeconftest(CONFTEST + "def pytest_ktstr_before_run(ctx, task):\n    pass\n")
    result = run(PASSING, "--kernel", "7.0")
    assert result.ret != 0
    assert "task" in result.stdout.str() + result.stderr.str()


def test_the_default_hooks_do_nothing() -> None:
    hooks: RunHooks = NO_HOOKS
    sections: Sequence[tuple[str, str]] = hooks.report_sections(None, None)  # type: ignore[arg-type]
    assert sections_text(sections) == ""


def test_every_hook_is_documented() -> None:
    assert all((getattr(hookspec, name).__doc__ or "").strip() for name in hookspec.__all__)


PROPERTIES = {"kernel": "7.0.13", "topology": "1n1l2c1t", "scheduler": "any_sched", "seed": "7"}


def test_pytests_own_junit_file_says_what_a_test_ran_on(run: Run, pytester: pytest.Pytester) -> None:
    skipped = "@ktstr_test(scheduler=ANY, ignore=True)\ndef later(ctx):\n    ctx.run()\n"
    run(FAILING + BROKEN + skipped, "--kernel", "7.0", "--seed", "7", "--junitxml=pytests.xml")
    cases = ElementTree.parse(pytester.path / "pytests.xml").iter("testcase")
    told = {
        str(case.get("name")).partition("[")[0]: {
            str(one.get("name")): one.get("value") for one in case.iter("property")
        }
        for case in cases
    }
    assert told == {
        "unfair": {**PROPERTIES, "clock": "virtual"},
        "broken": {**PROPERTIES, "clock": "virtual"},
        "later": PROPERTIES,  # no VM, no clock
    }


def test_properties_of_a_test_that_is_not_ours_are_its_own(run: Run, pytester: pytest.Pytester) -> None:
    run(PASSING + "def test_plain():\n    pass\n", "--kernel", "7.0", "--junitxml=pytests.xml", "-n1")
    cases = {
        case.get("name"): case for case in ElementTree.parse(pytester.path / "pytests.xml").iter("testcase")
    }
    assert list(cases["test_plain"].iter("property")) == []
    assert len(list(cases["basic_steady[7.0]"].iter("property"))) == 5


class Follows:
    """Hooks that note when they were called."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, object]] = []

    def before_run(self, ctx: Ctx, job: VmJob) -> None:
        self.calls.append(("before", job))

    def after_verdict(self, ctx: Ctx, report: RunReport) -> None:
        self.calls.append(("after", report.passed))

    def failed(self, ctx: Ctx, text: str) -> None:
        self.calls.append(("failed", text.splitlines()[0]))

    def why_not_shrunk(self, ctx: Ctx, check: str) -> str:
        self.calls.append(("shrunk?", check))
        return ""

    def report_sections(self, ctx: Ctx, report: RunReport) -> list[tuple[str, str]]:
        self.calls.append(("sections", len(report.violations)))
        return [("dmesg", "nothing\n")]


def a_context(folder: Path, monkeypatch: pytest.MonkeyPatch, hooks: RunHooks) -> tuple[Ctx, FakeExecutor]:
    """A context whose guest did nothing, and what stands in for its VMs."""

    @ktstr_test()
    def idle(ctx: Ctx) -> None: ...

    record = record_of(idle)
    assert record is not None
    monkeypatch.setattr("ktstr.run.assemble.build_agent", lambda *_: folder / "init")
    executor = FakeExecutor(
        VmResult(Ending.PANIC, "no init", (), "", "", (), "tcg", "virtual", "7.2.22", None, 1.0, "boot")
    )
    return Ctx(
        record, a_job(folder).kernel, "auto", 1, folder / "idle", executor=executor, hooks=hooks
    ), executor


def test_a_context_calls_its_hooks_around_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hooks = Follows()
    ctx, executor = a_context(tmp_path, monkeypatch, hooks)
    with pytest.raises(VerdictFailed) as failed:
        ctx.run()
    assert hooks.calls[:2] == [("before", executor.jobs[0]), ("after", False)]
    first_line = str(failed.value).splitlines()[0]
    assert hooks.calls[2:] == [("failed", first_line), ("shrunk?", "guest"), ("sections", 1)]
    assert str(failed.value).endswith("\n\n--- dmesg ---\nnothing")


def test_a_run_that_is_not_judged_by_its_test_needs_no_sections(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooks = Follows()
    ctx, _ = a_context(tmp_path, monkeypatch, hooks)
    assert not ctx.run(check=False).passed
    assert [name for name, _ in hooks.calls] == ["before", "after"]


def test_a_hook_can_refuse_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Refuses(Follows):
        def before_run(self, ctx: Ctx, job: VmJob) -> None:
            raise KtstrError("not on a Friday")

    ctx, executor = a_context(tmp_path, monkeypatch, Refuses())
    with pytest.raises(KtstrError, match="not on a Friday"):
        ctx.run()
    assert executor.jobs == []
