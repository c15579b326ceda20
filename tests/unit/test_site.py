"""The site over many runs: its pages, and that each link leads to a page of it and a place on that."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from kept_runs import BEGIN, keep
from page_html import HOSTILE, Seen, a_test, seen

from ktstr.compare.runs import all_runs
from ktstr.pages.site import write_site


def on_branch(folder: Path, branch: str) -> None:
    path = folder / "run.json"
    about = json.loads(path.read_text())
    about["project"]["branch"] = branch
    path.write_text(json.dumps(about))


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The folder of a site over three runs on two branches."""
    bad = a_test(outcome="failed", message="max_gap_ms: 9 ms", details="a\nb")
    other = a_test(nodeid=f"t.py::{HOSTILE}[7.0]", test=HOSTILE)
    for number, (branch, cases) in enumerate(
        (("main", [a_test()]), ("mine", [bad, other]), ("main", [a_test(wall_s=3)]))
    ):
        on_branch(keep(tmp_path, cases, BEGIN + timedelta(hours=number)), branch)
    return write_site(tmp_path, all_runs(tmp_path), tmp_path / "site").parent


def pages(site: Path) -> dict[Path, Seen]:
    return {path.resolve(): seen(path) for path in sorted(site.rglob("*.html"))}


def test_there_is_an_index_a_page_for_each_run_and_for_each_test(site: Path) -> None:
    assert [len(list(site.glob(pattern))) for pattern in ("*", "runs/*", "tests/*")] == [3, 3, 2]


def test_every_link_is_relative_and_leads_to_a_place_on_the_site(site: Path) -> None:
    found = pages(site)
    followed = set()
    for path, page in found.items():
        for one in page.of("a"):
            address, _, place = str(one["href"]).partition("#")
            assert ":" not in address
            assert not address.startswith("/")
            target = (path.parent / address).resolve() if address else path
            followed.add(target)
            assert not place or place in {there.get("id") for _, there in found[target].elements}
    assert followed == set(found)


def test_the_index_has_the_runs_by_branch_the_newest_first(site: Path) -> None:
    page = seen(site / "index.html")
    assert [data for tag, data in page.texts if tag == "h2"] == ["Branch main", "Branch mine", "Tests"]
    begun = [data for tag, data in page.texts if tag == "a" and data.startswith("2026")]
    assert begun == ["2026-11-29 04:40:38", "2026-11-29 02:40:38", "2026-11-29 03:40:38"]


def test_a_test_has_its_history_over_all_branches(site: Path) -> None:
    (page,) = [
        page for page in pages(site).values() if "basic_steady" in page.text and "History" in page.text
    ]
    assert "3.0 s 7.0.13" in page.text
    assert "✗ failed 12 s 7.0.13 1a2b3c4 mine max_gap_ms: 9 ms" in page.text
    (chart,) = [one for one in page.of("svg") if one["class"] == "history"]
    assert chart["aria-label"] == "last 3 runs: 1 failed, 2 passed; 3.0 s to 12 s"


def test_what_a_guest_wrote_is_text_on_every_page(site: Path) -> None:
    for page in pages(site).values():
        assert len(page.of("script")) == 1
        assert not page.of("img")
        assert not page.crossed


def test_the_same_runs_give_the_same_site(site: Path, tmp_path: Path) -> None:
    first = {path: path.read_bytes() for path in site.rglob("*.html")}
    write_site(tmp_path, all_runs(tmp_path), site)
    assert {path: path.read_bytes() for path in site.rglob("*.html")} == first
