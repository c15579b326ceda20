"""A page of runs made by hand, and a look at its HTML as a browser would have it, for tests of pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from kept_runs import BEGIN, a_record, keep
from report_case import a_case

from ktstr.compare.runs import all_runs
from ktstr.pages.report import write_report
from ktstr.report.case import Case

__all__ = ["HOSTILE", "Seen", "a_test", "page_of", "seen"]

HOSTILE = "</script></pre><script>alert(1)</script>\x1b[31m\x07\u202e<img src=x onerror=alert(2)> ' \" & {{ 7 * 7 }}"
"""What a guest would write to leave the place it is shown in."""
_VOID = {"meta", "link", "input", "br", "wbr"}


def a_test(**changes: Any) -> Case:
    """A passed test with a whole record of its run, and `changes`."""
    return a_case(**{"runs": [a_record()], **changes})


class Seen(HTMLParser):
    """The elements of a page, and the text in each."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, Mapping[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.crossed: list[str] = []
        self.section = ""
        self.sections: dict[str, list[str]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "section":
            self.section = str(dict(attrs)["id"])
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.crossed.append(tag)

    def handle_data(self, data: str) -> None:
        if self.texts and self.elements[-1][0] == "wbr":  # which breaks no word of the text
            self.texts[-1] = (self.texts[-1][0], self.texts[-1][1] + data)
            self.sections[self.section][-1] += data
            return
        self.texts.append((self.open[-1] if self.open else "", data))
        self.sections.setdefault(self.section, []).append(data)

    def of(self, tag: str) -> list[Mapping[str, str | None]]:
        """The attributes of each element of this name."""
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self) -> str:
        """All text but that of the style and the script, with single spaces."""
        return " ".join(" ".join(data for tag, data in self.texts if tag not in ("style", "script")).split())


def seen(path: Path) -> Seen:
    """The page at `path`."""
    page = Seen()
    page.feed(path.read_text(encoding="utf-8"))
    page.close()
    return page


def page_of(root: Path, *runs: Sequence[Case], **options: Any) -> Path:
    """Keep these runs, an hour apart, and write the report of all of them."""
    for number, cases in enumerate(runs):
        keep(root, cases, BEGIN + timedelta(hours=number), **options)
    return write_report(root, all_runs(root), root / "page.html")
