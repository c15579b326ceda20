"""Several sources of images: which are asked, and what counts as unreachable."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ktstr.base.download import Unreachable
from ktstr.base.errors import KtstrError
from ktstr.kernel.images import index
from ktstr.kernel.images.index import ImageIndex
from ktstr.kernel.images.source import Image
from ktstr.kernel.model import Kernel
from ktstr.kernel.resolve import candidates
from ktstr.kernel.spec import parse_version


def fetch() -> Kernel:
    raise AssertionError("nothing is fetched here")


@dataclass
class Source:
    """A source of images that a test made up."""

    NAME: str
    versions: tuple[str, ...] = ()
    reachable: bool = True
    TITLE: str = "a source"
    asked: list[bool] = field(default_factory=list)

    def address(self) -> str:
        """Where it looks."""
        return f"https://{self.NAME}.example"

    def images(self, *, refresh: bool = False) -> list[Image]:
        """Its images."""
        self.asked.append(refresh)
        if not self.reachable:
            raise Unreachable(self.NAME, "no route")
        return [
            Image(
                parse_version(one), one, f"{one}-{self.NAME}-00000000", self.NAME, self.NAME, 1, False, fetch
            )
            for one in self.versions
        ]


def use(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *sources: Source) -> None:
    monkeypatch.setenv("KTSTR_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(index, "SOURCES", sources)
    monkeypatch.setattr("ktstr.kernel.resolve.SOURCES", sources)


def test_every_source_is_asked_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    first, second = Source("one", ("9.1.1",)), Source("two", ("9.1.2",))
    use(monkeypatch, tmp_path, first, second)
    found = ImageIndex()
    assert (
        [image.source for image in found.images()] == ["one", "two"] == [one.source for one in found.images()]
    )
    assert (first.asked, second.asked) == ([False], [False])


def test_the_newest_of_all_sources_is_selected(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    use(monkeypatch, tmp_path, Source("one", ("9.1.1",)), Source("two", ("9.1.2",)))
    (candidate,) = candidates("9.1")
    assert candidate.published is not None
    assert (candidate.published.source, str(candidate.version)) == ("two", "9.1.2")


def test_one_source_that_is_reached_is_enough(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    use(monkeypatch, tmp_path, Source("one", reachable=False), Source("two", ("9.1.2",)))
    assert [image.source for image in ImageIndex().images()] == ["two"]


def test_if_no_source_is_reached_the_network_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    only = Source("one", reachable=False)
    use(monkeypatch, tmp_path, only)
    found = ImageIndex()
    for _ in range(2):
        with pytest.raises(Unreachable):
            found.images()
    assert only.asked == [False], "it is not asked again"


def test_a_kernel_that_nobody_publishes_is_refused_with_the_addresses(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    use(monkeypatch, tmp_path, Source("one", ("9.1.1",)), Source("two", ("9.2.1",)))
    with pytest.raises(KtstrError) as error:
        candidates("9.5..9.6")
    assert str(error.value) == (
        "kernel 9.5..=9.6: not published by https://one.example, https://two.example; it has 9.1, 9.2"
    )
