"""What a compiler reads, as a digest: found without the compiler for as long as nothing that it reads has changed."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ktstr.base import cache
from ktstr.base.per_environment import per_environment
from ktstr.base.stamp import is_settled, stamp_of
from ktstr.toolchain.preprocessed import preprocessed_digest

SOURCE = '#include <value.h>\n#include "near.h"\nint value = VALUE + NEAR;\n'


class Asked:
    """A source in a folder, headers in two others, and how often the compiler was asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("source", "first", "second"):
            (folder / name).mkdir()
        self.write("source/a.c", SOURCE)
        self.write("source/near.h", "#define NEAR 1\n")
        self.write("second/value.h", "#define VALUE 1\n")
        self.count = 0

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def write_instead(self, old: str, name: str, text: str) -> None:
        (self.folder / old).unlink()
        self.write(name, text)

    def digest(self) -> str:
        source = self.folder / "source" / "a.c"
        includes = ("-I../first", f"-I{self.folder / 'second'}")
        return preprocessed_digest(["cc", *includes, "-P", str(source)], source, "a compiler", self.run)

    def run(self, command: list[str]) -> None:
        self.count += 1
        subprocess.run(command, cwd=self.folder / "source", check=True)


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Asked:
    monkeypatch.setenv("KTSTR_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr("ktstr.base.stamp._SETTLED_NS", -(10**12))
    (tmp_path / "with space").mkdir()
    return Asked(tmp_path / "with space")


def test_the_compiler_is_asked_once(asked: Asked) -> None:
    found = asked.digest()
    # Each process asks anew; what is kept is a file.
    assert (asked.digest(), asked.digest(), asked.count) == (found, found, 1)


CHANGES: dict[str, Callable[[Asked], None]] = {
    "the source": lambda asked: asked.write("source/a.c", f"{SOURCE}int more;\n"),
    "a header beside it": lambda asked: asked.write("source/near.h", "#define NEAR 2\n"),
    "a header elsewhere": lambda asked: asked.write("second/value.h", "#define VALUE 2\n"),
    "a new header that is found first": lambda asked: asked.write("first/value.h", "#define VALUE 3\n"),
    "a header that went elsewhere": lambda asked: asked.write_instead(
        "second/value.h", "first/value.h", "#define VALUE 4\n"
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_of_what_it_reads_is_noticed(asked: Asked, change: Callable[[Asked], None]) -> None:
    found = asked.digest()
    change(asked)
    assert asked.digest() != found
    assert asked.count == 2


def test_a_change_that_means_nothing_gives_the_same_digest(asked: Asked) -> None:
    found = asked.digest()
    asked.write("source/a.c", f"{SOURCE}/* nothing */\n")
    assert (asked.digest(), asked.count) == (found, 2)


@pytest.mark.parametrize("damage", ["", "{", '{"digest": "0", "check": "0", "stamps": {}}', '{"digest": 1}'])
def test_a_damaged_record_is_not_believed(asked: Asked, damage: str) -> None:
    found = asked.digest()
    (kept,) = (cache.cache_dir() / "answers").glob("*.json")
    kept.write_text(damage)
    assert (asked.digest(), asked.count) == (found, 2)


def test_other_folders_of_headers_are_another_question(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    asked.digest()
    monkeypatch.setenv("CPATH", str(asked.folder))
    asked.digest()
    assert asked.count == 2


def test_what_was_written_just_now_is_not_kept(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of files is coarse: another content may get the same stamp."""
    monkeypatch.setattr("ktstr.base.stamp._SETTLED_NS", 10**12)
    asked.digest()
    asked.digest()
    assert asked.count == 2


def test_a_stamp_tells_files_apart(tmp_path: Path) -> None:
    file = tmp_path / "file"
    assert stamp_of(file) is None
    assert is_settled(None)
    file.write_text("one")
    first = stamp_of(file)
    assert first == stamp_of(file)
    file.write_text("three")
    assert stamp_of(file) not in (first, None)


def test_what_is_found_once_is_found_again_in_another_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    @per_environment
    def twice(number: int) -> int:
        calls.append(number)
        return 2 * number

    assert (twice(1), twice(1), twice(2)) == (2, 2, 4)
    assert calls == [1, 2]
    monkeypatch.setenv("CC", "another")
    assert (twice(1), calls) == (2, [1, 2, 1])
    monkeypatch.setenv("UNRELATED", "1")
    assert (twice(1), calls) == (2, [1, 2, 1])


def test_an_error_is_not_kept() -> None:
    answers: list[Exception | int] = [ValueError("not yet"), 3]

    @per_environment
    def asked() -> int:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    with pytest.raises(ValueError, match="not yet"):
        asked()
    assert (asked(), asked()) == (3, 3)
