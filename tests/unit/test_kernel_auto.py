"""What `auto` means: a kernel that somebody asked for and a scheduler accepts; and a change is said."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from debian_archive import DebianArchive
from report_case import KERNEL

from ktstr.base.cache import cache_dir
from ktstr.kernel.resolve import candidates, fetch, resolve
from ktstr.plugin.kernels import say_change


@pytest.fixture
def published(archive: DebianArchive) -> DebianArchive:
    for version in ("6.18.2", "7.0.1", "7.3.4"):
        archive.add_kernel(version)
    archive.publish("stable")
    return archive


def auto(*accepted_by: tuple[str, ...]) -> str:
    return resolve(None, accepted_by=accepted_by)[0].version


@pytest.mark.usefixtures("published")
def test_what_came_along_with_something_else_does_not_count() -> None:
    resolve("7.0")
    fetch(candidates("7.3.4")[0])  # as a bisection does
    assert auto() == "7.0.1"
    resolve("7.3", along=True)  # as sched-build does
    assert auto() == "7.0.1"
    resolve("7.3")
    assert auto() == "7.3.4"
    fetch(candidates("7.3.4")[0])
    assert auto() == "7.3.4"


@pytest.mark.usefixtures("published")
def test_it_is_a_kernel_that_a_scheduler_accepts() -> None:
    assert auto(("6.18",), ("7.0",)) == "7.0.1"
    resolve("7.3")
    assert auto(("6.18",), ("7.0",)) == "7.0.1"
    assert auto(("6.18",)) == "6.18.2"
    assert auto() == "7.3.4"
    assert auto(("9.9",)) == "7.3.4"  # no kernel would do; each test says why it is skipped


def test_a_change_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    say_change(KERNEL, tmp_path)
    say_change(KERNEL, tmp_path)
    assert capsys.readouterr().err == ""
    (tmp_path / "target/ktstr/.auto").write_text("6.18.2-debian-0123abcd\n")
    say_change(KERNEL, tmp_path)
    assert capsys.readouterr().err == (
        f"ktstr: kernel auto: is {KERNEL.key} now, and was 6.18.2-debian-0123abcd in the last run;"
        " kernels = [...] in pyproject.toml's [tool.ktstr] settles it\n"
    )


def test_without_a_network_it_is_what_there_is(
    published: DebianArchive, capsys: pytest.CaptureFixture[str]
) -> None:
    fetch(candidates("7.3.4")[0])
    shutil.rmtree(cache_dir() / "debian")
    published.server.stop()
    assert auto() == "7.3.4"
    assert (
        "kernel auto: the Debian mirror cannot be reached; using 7.3.4 from the cache"
        in capsys.readouterr().err
    )
