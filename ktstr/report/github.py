"""What a GitHub Actions job shows for a session: annotations on the lines of tests, and the step's summary.

The workflow commands and environment files are GitHub's, as its documentation of "Workflow commands" has them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.report.case import NOT_PASSED, Case
from ktstr.report.console import WORDS, counts_text, vm_row

__all__ = [
    "MOST_ANNOTATIONS",
    "all_annotations",
    "annotation",
    "append_summary",
    "error",
    "in_github",
    "summary",
]

MOST_ANNOTATIONS = 10  # GitHub shows no more of one step and kind
_LONGEST_DETAILS = 20_000  # a step's summary may have 1 MiB in all
_PROPERTY = {"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"}
_MESSAGE = {"%": "%25", "\r": "%0D", "\n": "%0A"}


def in_github() -> bool:
    """Whether this is a step of a GitHub Actions job."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def all_annotations(cases: Iterable[Case], root: Path) -> list[str]:
    """The workflow commands that annotate what did not pass; `root` is pytest's root directory."""
    undone = [case for case in cases if case.outcome in NOT_PASSED]
    return [annotation(case, root) for case in undone[:MOST_ANNOTATIONS]]


def annotation(case: Case, root: Path) -> str:
    """The workflow command that shows `case` on its line of the source, relative to the repository's top."""
    path = root / case.nodeid.partition("::")[0]
    title = f"{WORDS[case.outcome]} {case.test} on {case.kernel.version} {case.topology} {case.title}"
    level = "warning" if case.outcome == "inconclusive" and case.allowed else "error"
    return error(path, case.line, root, title, case.message, level)


def error(path: Path, line: int, root: Path, title: str, message: str, level: str = "error") -> str:
    """The workflow command that shows an error on a line (0: none) of a file; `root` stands for the repository's top
    where GitHub does not say where that is. `level` is what GitHub shows it as, such as `warning`."""
    workspace = Path(os.environ.get("GITHUB_WORKSPACE") or root)
    shown = path.relative_to(workspace) if path.is_relative_to(workspace) else path
    properties = {"file": str(shown), **({"line": str(line)} if line else {}), "title": title}
    listed = ",".join(f"{name}={_escaped(value, _PROPERTY)}" for name, value in properties.items())
    return f"::{level} {listed}::{_escaped(message, _MESSAGE)}"


def summary(by_version: Mapping[str, Sequence[Case]], folders: Iterable[Path]) -> str:
    """The session in Markdown: a row for each kernel, then what did not pass, each with its whole text."""
    lines = ["### ktstr", "", "| kernel | tests |", "| --- | --- |"]
    lines += [
        f"| {version} | {counts_text(case.outcome for case in cases)} |"
        for version, cases in by_version.items()
    ]
    cases = [case for some in by_version.values() for case in some]
    undone = [case for case in cases if case.outcome in NOT_PASSED]
    if undone:
        lines += [
            "",
            "| | test | kernel | topology | scheduler | why |",
            "| --- | --- | --- | --- | --- | --- |",
        ]
    for case in undone:
        cells = (case.test, case.kernel.version, case.topology, case.title, case.message)
        lines.append(f"| {WORDS[case.outcome]} | {' | '.join(map(_cell, cells))} |")
    for case in undone:
        details = case.details[:_LONGEST_DETAILS]
        # Longer than any run of backticks within.
        fence = "`" * max(3, 1 + max((len(run) for run in _backticks(details)), default=0))
        title = _cell(f"{case.test} on {case.kernel.version}")
        lines += ["", f"<details><summary>{title}</summary>", "", fence, details, fence, "", "</details>"]
    lines += ["", f"VMs: {_cell(machines)}"] if (machines := vm_row(cases)) else []
    lines += ["", "Results: " + ", ".join(f"`{folder}`" for folder in folders)]
    return "\n".join(lines) + "\n\n"


def append_summary(text: str) -> None:
    """Add to the step's summary, if there is one; KtstrError if it cannot be written."""
    if name := os.environ.get("GITHUB_STEP_SUMMARY"):
        try:
            with Path(name).open("a", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise KtstrError(f"GITHUB_STEP_SUMMARY={name}: {error.strerror}") from None


def _cell(text: str) -> str:
    """`text` in a table's cell, with nothing that Markdown or HTML would interpret."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\n", " ")
    return "".join(f"\\{char}" if char in "\\|`*_[]" else char for char in text)


def _backticks(text: str) -> list[str]:
    return ["`" * len(run) for run in "".join(char if char == "`" else " " for char in text).split()]


def _escaped(text: str, table: Mapping[str, str]) -> str:
    return "".join(table.get(char, char) for char in text)
