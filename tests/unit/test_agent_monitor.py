"""The agent's reading of numbers in small files: a column for each, whose name is reported once."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from native_agent import build_native

from ktstr.events.monitor import read_samples
from ktstr.vm.result import parse_events


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("monitor_lines")
    return build_native(folder, "monitor_lines", "monitor_files", "monitor_columns", "files", "emit", "clock")


def numbers(reader: Path, folder: Path, *texts: bytes) -> dict[str, tuple[int | float | None, ...]]:
    """The series of samples, of which each reads one file more, by name."""
    paths = []
    for number, text in enumerate(texts):
        path = folder / f"file-{number}"
        path.write_bytes(text)
        paths.append(str(path))
    done = subprocess.run([reader, *paths], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    head = [{"ev": "monitor", "period_ns": 1, "cpus": 0}]
    found = read_samples([*head, *parse_events(done.stdout.decode())])
    assert found is not None
    return {
        name.removeprefix("file."): values
        for name, values in found.series.items()
        if name.startswith("file.")
    }


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"usage_usec 5\nnr_periods 0\n", {"usage_usec": (5,), "nr_periods": (0,)}),
        (b"SCX_EV_BYPASS_ACTIVATE: 12\n", {"SCX_EV_BYPASS_ACTIVATE": (12,)}),
        (
            b"some avg10=0.00 avg60=1.25 total=7\nfull avg10=0.00 total=18446744073709551615\n",
            {"some.total": (7,), "full.total": (2**64 - 1,)},
        ),
        (b"42\n", {"value": (42,)}),
        (b"", {}),
        (b"max 100000\n", {"max": (100000,)}),
        (b"no number here\n\n \nx=1\n-5\n1.5\nkey -3\n", {}),
    ],
)
def test_whole_numbers_are_columns(
    reader: Path, tmp_path: Path, text: bytes, found: dict[str, tuple[int, ...]]
) -> None:
    assert numbers(reader, tmp_path, text) == found


def test_what_appears_later_is_missing_before(reader: Path, tmp_path: Path) -> None:
    assert numbers(reader, tmp_path, b"a 1\n", b"b 2\n") == {"a": (1, 1), "b": (None, 2)}


def test_a_file_that_is_not_there_has_no_columns(reader: Path, tmp_path: Path) -> None:
    done = subprocess.run([reader, tmp_path / "none"], capture_output=True, check=True)
    assert b"monitor_column" not in done.stdout


def test_columns_and_names_are_bounded(reader: Path, tmp_path: Path) -> None:
    many = b"".join(b"k%d %d\n" % (number, number) for number in range(500))
    assert len(numbers(reader, tmp_path, many)) == 256
    (name,) = numbers(reader, tmp_path, b"x" * 300 + b" 1\n")
    assert len(name) == 95
