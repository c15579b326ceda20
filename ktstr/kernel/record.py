"""The record of a kernel's fetch or build, for people and for CI: `target/ktstr/kernels/<key>/`."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from junit_xml import TestCase, TestSuite, to_xml_report_string

from ktstr.base.errors import KtstrError
from ktstr.base.results import open_results

__all__ = ["Record", "recording"]


@dataclass
class Record:
    """What is known so far: the kernel's `key` (or a name, while it has no key), the `log`'s lines, and the files to
    copy, by their names in the record."""

    key: str
    log: list[str] = field(default_factory=list)
    files: dict[str, Path] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def recording(verb: str, key: str, root: Path) -> Iterator[Record]:
    """Write the record of what the block does: one JUnit case, which is an error if a KtstrError passes through."""
    results = open_results(root)  # now, rather than after an hour's build
    record = Record(key)
    started = time.monotonic()
    error: KtstrError | None = None
    try:
        yield record
    except KtstrError as caught:
        error = caught
        raise
    finally:
        _write(verb, record, time.monotonic() - started, error, results)


def _write(verb: str, record: Record, seconds: float, error: KtstrError | None, results: Path) -> None:
    folder = results / "kernels" / record.key
    case = TestCase(f"{verb} {record.key}", classname=f"ktstr.kernels.{verb}", elapsed_sec=round(seconds, 3))
    if error is not None:
        case.add_error_info(str(error), error_type="run")
        record.log.append(str(error))
    suite = TestSuite(f"kernel {record.key}", [case], properties=dict(record.properties))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "junit.xml").write_text(to_xml_report_string([suite]), encoding="utf-8")
        (folder / f"{verb}.log").write_text("".join(f"{line}\n" for line in record.log), encoding="utf-8")
        for name, path in record.files.items():
            if path.is_file():
                shutil.copyfile(path, folder / name)
    except OSError as problem:
        raise KtstrError(f"{problem.filename or folder}: cannot be written: {problem.strerror}") from problem
