"""How many of xdist's workers a run needs: no more than it has tests, and none for one test.

A worker costs a process that imports everything again. xdist asks before anything is collected, so the tests are
counted in the text of their files. Parameters may multiply them, so a file that has any is not counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from ktstr.base.errors import KtstrError

__all__ = ["at_once", "most_tests", "workers_for", "workers_start"]

_MOST_FILES = 200
_WAITING_PER_CORE = 8
_TEST = re.compile(rb"^(?:@(?:\w+\.)?ktstr_test\b[^\n]*|(?:async )?def (test\w*))", re.MULTILINE)
_DEF = re.compile(rb"^(?:async )?def (\w+)", re.MULTILINE)
_UNCOUNTED = re.compile(
    rb"parametrize|params=|pytest_generate_tests|^class |load_tests|unittest", re.MULTILINE
)
_WORD = re.compile(r"\w+")


def at_once(cores: int, capacity: int) -> int:
    """The workers for guests that run elsewhere, `capacity` at once, on a host with so many `cores`.

    A worker waits nearly all the time then, and is what a process takes: some 100 MB.
    """
    return max(1, min(capacity, _WAITING_PER_CORE * cores))


def workers_for(default: int, tests: int | None) -> int:
    """The workers for at most `tests` tests (None: not known); 0 runs them in pytest's own process."""
    if tests is None or tests >= default:
        return default
    return 0 if tests <= 1 else tests


@contextmanager
def workers_start() -> Iterator[None]:
    """Say in one line that a worker ended while the block starts it: xdist has a word for that only once it runs tests.

    UsageError by KtstrError.
    """
    try:
        yield
    except (EOFError, OSError) as error:
        told = f"a worker process ended while it was started; was it killed, or the memory short? ({error})"
        raise pytest.UsageError(told) from KtstrError(told)


def most_tests(arguments: Sequence[str], keyword: str, variants: int) -> int | None:
    """The most tests that pytest's `arguments` (files, folders, node ids) can name; None if that takes a collection.

    `keyword` is the value of -k, which is used if it is one word; `variants` is how often each test runs.
    """
    if keyword and not _WORD.fullmatch(keyword):
        keyword = ""  # an expression: it may choose all of them
    total = 0
    for argument in arguments:
        path, _, node = argument.partition("::")
        names = _names(Path(path))
        if names is None:
            return None
        if node:
            names = [name for name in names if name == node.split("[")[0]]
        total += sum(keyword.lower() in f"{path}::{name}".lower() for name in names)
    return total * variants or None


def _names(path: Path) -> list[str] | None:
    """The names of the tests of a file or folder; None if its text does not tell them all."""
    names: list[str] = []
    for number, file in enumerate(_files(path)):
        if number == _MOST_FILES:
            return None
        try:
            text = file.read_bytes()
        except OSError:
            return None
        if _UNCOUNTED.search(text):
            return None
        names += _names_in(text)
    return names


def _names_in(text: bytes) -> Iterable[str]:
    for found in _TEST.finditer(text):
        name = found[1] or next((one[1] for one in _DEF.finditer(text, found.end())), b"")
        yield name.decode(errors="replace")


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from (file for pattern in ("test_*.py", "*_test.py") for file in path.rglob(pattern))
    else:
        yield path
