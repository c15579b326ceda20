"""The report of real runs, opened in headless Chromium: `nox -s report`, which names the browser and axe-core.

The runs are those of `project`: passes, a failure of each kind, latency and coverage on two kernels, and a sweep of the
verifier.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

HERE = Path(__file__).parent
SCHEDULERS = HERE.parent / "schedulers"
KERNELS = ("--kernel", "7.0", "--kernel", "debian:7.3")
SECTIONS = ("summary", "grid", "tests", "verifier", "latency", "coverage", "lanes", "failures")
WIDTHS = (390, 1440)
LOOKS = [(width, scheme) for width in WIDTHS for scheme in ("light", "dark")]
PICTURES = Path("target/report-pictures")
"""Where a picture of each look is left, below the folder in which pytest is called: to be looked at."""


def ktstr(project: Path, *words: str, statuses: tuple[int, ...] = (0,)) -> str:
    command = [sys.executable, "-m", *words]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode in statuses, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project after two runs of its tests and a sweep; KTSTR_PAGES_PROJECT names a folder to keep it in."""
    kept = os.environ.get("KTSTR_PAGES_PROJECT")
    folder = Path(kept) if kept else tmp_path_factory.mktemp("pages") / "project"
    if not folder.is_dir():
        shutil.copytree(HERE / "project", folder)
        for name in ("fixture.bpf.c", "rejected.bpf.c"):
            shutil.copy(SCHEDULERS / name, folder)
        ktstr(folder, "pytest", *KERNELS, "-q", "-k", "web or waits or skipped", statuses=(1,))
        ktstr(folder, "pytest", *KERNELS, "-q", "--coverage", statuses=(1, 2))
        sweep = ("--preset", "tiny-1llc", "--preset", "smt-2llc", ".")
        ktstr(folder, "ktstr.verifier", *KERNELS, *sweep, statuses=(1, 2))
    return folder


@pytest.fixture(scope="session")
def report(project: Path) -> Path:
    """The page of the newest run of all tests, and of the sweep."""
    *_, tests, sweep = re.findall(r"^\S+T\S+", ktstr(project, "ktstr", "runs"), re.MULTILINE)
    return project / ktstr(project, "ktstr", "report", tests, sweep, "--output", "page.html").strip()


@pytest.fixture(scope="session")
def comparison(project: Path) -> Path:
    """The page of two runs of tests, which compares them."""
    first, second, _ = re.findall(r"^\S+T\S+", ktstr(project, "ktstr", "runs"), re.MULTILINE)[-3:]
    return project / ktstr(project, "ktstr", "report", first, second, "--output", "both.html").strip()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # As root Chromium has no sandbox to enter; the page is ours.
        found = playwright.chromium.launch(
            executable_path=os.environ["KTSTR_CHROMIUM"], args=["--no-sandbox"]
        )
        yield found
        found.close()


class Opened:
    """A page in the browser, with all that it said and asked for."""

    def __init__(self, browser: Browser, path: Path, **look: Any) -> None:
        self.context = browser.new_context(**look)
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(600_000)  # a busy host is no failure
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(path.absolute().as_uri())

    def __enter__(self) -> Opened:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()


def look(width: int, scheme: str) -> dict[str, Any]:
    return {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
@pytest.mark.parametrize("name", ["report", "comparison"])
def test_it_says_nothing_asks_for_nothing_fits_and_is_accessible(
    browser: Browser, request: pytest.FixtureRequest, name: str, width: int, scheme: str
) -> None:
    path = request.getfixturevalue(name)
    with Opened(browser, path, **look(width, scheme)) as opened:
        page = opened.page
        PICTURES.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=PICTURES / f"{name}-{width}-{scheme}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") == width
        page.evaluate(Path(os.environ["KTSTR_AXE"]).read_text())
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        bad = [
            (one["impact"], one["id"], [node["html"] for node in one["nodes"][:3]])
            for one in found["violations"]
            if one["impact"] in ("serious", "critical")
        ]
        assert not bad
        assert opened.said == []
        assert opened.asked == [path.absolute().as_uri()]


def test_each_section_has_its_tables_and_charts(browser: Browser, report: Path, comparison: Path) -> None:
    with Opened(browser, report) as opened:
        page = opened.page
        shown = page.eval_on_selector_all("main > section", "all => all.map(one => one.id)")
        assert shown == list(SECTIONS)
        for selector, least in (
            ("#summary .tiles li", 4),
            ("#summary svg.share rect", 4),
            ("#summary table tbody tr", 8),
            ("#grid td.c-failed", 2),
            ("#tests tbody tr", 8),
            ("#tests svg.spark", 8),
            ("#verifier table.grid tbody tr", 3),
            ("#verifier table.heat td.h8", 2),
            ("#latency svg.span circle", 12),
            ("#coverage svg.percent", 1),
            ("#coverage table.costs svg circle", 14),
            ("#coverage table.source tbody tr", 40),
            ("#coverage tr.half", 1),
            ("#lanes svg.lanes g rect", 20),
            ("#failures article", 8),
            ("#failures pre", 4),
            ("#failures .files a", 16),
        ):
            assert page.locator(selector).count() >= least, selector
        empty = page.eval_on_selector_all(
            "main svg",
            "all => all.filter(one => !one.getBoundingClientRect().width && !one.closest('details')).length",
        )
        assert empty == 0
        links = page.eval_on_selector_all("a:not([href^='#'])", "all => all.map(one => one.href)")
        assert [link for link in links if not Path(link.removeprefix("file://")).is_file()] == []
    with Opened(browser, comparison) as opened:
        assert opened.page.locator("#comparison tbody tr").count() >= 1


def test_it_is_whole_without_javascript(browser: Browser, report: Path) -> None:
    with Opened(browser, report, java_script_enabled=False) as opened:
        text = opened.page.locator("main").inner_text()
        assert "web_and_batch" in text
        assert "host-triggered crash" in text
        assert opened.page.locator("#tests input").count() == 0


def test_tests_are_filtered_and_sorted_by_keyboard(browser: Browser, report: Path) -> None:
    with Opened(browser, report) as opened:
        page = opened.page
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.locator("#tests input[type=search]").focus()
        page.keyboard.type("web eevdf")
        assert page.locator("#tests tbody tr:visible").count() == 1
        assert page.locator("#tests [role=status]").inner_text() == "1 of 8 tests"
        page.locator("#tests input[type=search]").fill("")
        page.locator("#tests input[value=failed]").press("Space")
        assert "crashes" not in page.locator("#tests tbody").inner_text()
        page.locator("#tests thead button").nth(1).press("Enter")
        seconds = page.eval_on_selector_all(
            "#tests tbody td:nth-child(2)", "all => all.map(one => +one.dataset.v)"
        )
        assert seconds == sorted(seconds)


def test_what_a_guest_wrote_runs_nothing(browser: Browser, report: Path) -> None:
    with Opened(browser, report) as opened:
        assert "</script><script>alert('a guest wrote this')" in opened.page.locator("#failures").inner_text()
        assert opened.page.locator("script").count() == 1


def test_it_prints(browser: Browser, report: Path) -> None:
    with Opened(browser, report) as opened:
        data = opened.page.pdf(format="A4")
        assert data.startswith(b"%PDF")
        opened.page.emulate_media(media="print", color_scheme="dark")
        opened.page.set_viewport_size({"width": 794, "height": 1123})  # A4
        assert opened.page.evaluate("document.documentElement.scrollWidth") == 794
        assert opened.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        PICTURES.mkdir(parents=True, exist_ok=True)
        opened.page.screenshot(path=PICTURES / "print.png", full_page=True)
        assert not opened.page.locator("nav").is_visible()
