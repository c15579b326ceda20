"""The summary: verdicts, why tests did not pass and whose fault that is, and what was run where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from ktstr.compare.listing import run_lines
from ktstr.compare.runs import Run
from ktstr.pages.charts import share_bar
from ktstr.pages.page import Page, Section, Test
from ktstr.pages.render import rendered
from ktstr.pages.words import OUTCOMES, plain

__all__ = ["SECTION", "counted", "whose_fault"]

_MOST_FAILED = 100
_KERNEL_ENDED = ("kernel panic", "hang")


@dataclass(frozen=True)
class Blame:
    """What a sidecar says of the reason."""

    violated: bool
    """Whether a check was violated."""
    ending: str
    """How the guest ended; empty if there was none."""


def keep(sidecar: Mapping[str, Any]) -> Blame | None:
    """The reason of what did not pass."""
    if sidecar["outcome"] != "failed":
        return None
    runs = sidecar["runs"]
    endings = [run["result"]["ending"] for run in runs if run["result"]["ending"] != "done"]
    return Blame(any(run["verdict"]["violations"] for run in runs), plain(endings[0], 40) if endings else "")


def whose_fault(test: Test) -> str:
    """Who is to be asked about a test that did not pass."""
    if test.outcome == "error":
        return "the set-up: it says nothing about the scheduler"
    if test.outcome == "inconclusive":
        return "nobody: too few samples for a verdict"
    blame = test.kept.get(SECTION.name)
    if blame is not None and not blame.violated:
        return "an assertion of the test itself"
    who = f"the scheduler {test.scheduler}" if test.scheduler != "eevdf" else "the kernel's own scheduler"
    return f"{who} ({blame.ending})" if blame is not None and blame.ending in _KERNEL_ENDED else who


def counted(tests: Sequence[Test]) -> list[tuple[str, int]]:
    """How many tests ended in each way, the worst first."""
    counts = Counter(test.outcome for test in tests)
    return [(name, counts[name]) for name in OUTCOMES if counts[name]]


def html(page: Page) -> Markup:
    """The summary."""
    failed = [test for test in page.tests if test.outcome not in ("passed", "skipped")]
    failed.sort(
        key=lambda test: (OUTCOMES.index(test.outcome), test.swept, test.key.file, test.key.test, test.column)
    )
    counts = counted(page.tests)
    return rendered(
        "summary.html",
        counts=counts,
        bar=share_bar(counts) if counts else "",
        failed=[(test, whose_fault(test)) for test in failed[:_MOST_FAILED]],
        several=len(page.runs) > 1 or len(page.columns) > 1,
        page=page,
        left=len(failed) - _MOST_FAILED,
        facts=facts(page.runs),
        damaged=page.damaged,
    )


def facts(runs: Sequence[Run]) -> list[tuple[str, list[str]]]:
    """What the runs say of themselves: a name, and a value of each run."""
    said = [dict(_fact(line) for line in run_lines(run)) for run in runs]
    names = list(dict.fromkeys(name for one in said for name in one))
    left_out = {"folder", "damage"}
    return [(name, [one.get(name, "-") for one in said]) for name in names if name not in left_out]


def _fact(line: str) -> tuple[str, str]:
    name, _, value = line.partition(" ")
    return name, plain(value, 400)


SECTION = Section("summary", "Summary", html, keep)
"""The summary."""
