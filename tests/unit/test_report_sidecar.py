from __future__ import annotations

import json
import string
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_case import VERSIONS, a_case

from ktstr.report.sidecar import file_stem, sidecar, write_json

SAFE = set(string.ascii_letters + string.digits + "_.-")


def test_a_sidecar_says_what_ran_where_and_how_it_ended() -> None:
    assert sidecar(a_case(), VERSIONS) == {
        "schema": 1,
        "test": "basic_steady",
        "nodeid": "tests/test_a.py::basic_steady[7.0]",
        "outcome": "passed",
        "message": None,
        "details": None,
        "kernel": {
            "version": "7.0.13",
            "release": "7.0.13+deb13-cloud-amd64",
            "source": "Debian, signature verified",
            "image_sha256": "ab" * 32,
        },
        "topology": "1n2l4c1t",
        "scheduler": {"name": "my_sched", "variant": None, "args": ["--slice", "5"]},
        "clock": "virtual",
        "clock_reason": "no KVM",
        "seed": 1,
        "perturb": False,
        "accelerator": "tcg",
        "qemu": "7.2.22",
        "started": "2026-09-21T14:13:20.250+00:00",
        "timings": {"wall_s": 12.346, "guest_s": 2.5},
        "runs": [
            {"result": {"guest_s": 2.5, "start": "boot"}, "vms": {"booted": 1, "cloned": 0, "remembered": 0}}
        ],
        "versions": {"ktstr": "0.1.0", "python": "3.11.2", "commit": "1a2b3c4d" * 5, "dirty": False},
    }


def test_the_documented_fields_are_the_written_ones() -> None:
    page = (Path(__file__).parents[2] / "docs" / "sidecar.md").read_text(encoding="utf-8")
    page = page.split("An element of `runs`")[0]  # the context and the guest decide what a run reports
    rows = [line.split("|")[1].strip().strip("`") for line in page.splitlines() if line.startswith("| `")]
    document: Mapping[str, object] = sidecar(a_case(), VERSIONS)
    nested = {"kernel", "scheduler", "timings", "versions"}
    written = [key for key in document if key not in nested]
    for key in nested:
        inner = document[key]
        assert isinstance(inner, dict)
        written += [f"{key}.{name}" for name in inner]
    assert sorted(rows) == sorted(written)


def test_a_skipped_test_has_null_for_what_a_vm_would_report() -> None:
    document: Mapping[str, object] = sidecar(
        a_case(outcome="skipped", clock="", accelerator="", emulator="", clock_reason=""), VERSIONS
    )
    assert [document[key] for key in ("clock", "clock_reason", "accelerator", "qemu")] == [None] * 4


def test_a_broken_console_can_be_written(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", sidecar(a_case(details="\udcff\x00\x1b[31m ü"), VERSIONS))
    assert json.loads((tmp_path / "a.json").read_bytes())["details"] == "\udcff\x00\x1b[31m ü"


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"old": True})
    with pytest.raises(TypeError):
        write_json(tmp_path / "a.json", {"new": object()})
    assert json.loads((tmp_path / "a.json").read_bytes()) == {"old": True}
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_a_file_name_is_readable_and_depends_on_the_test_only() -> None:
    assert file_stem("tests/test_a.py::basic_steady[7.0]") == "basic_steady-7.0-424e3c57"


@given(st.text(max_size=300))
def test_a_file_name_is_safe_whatever_the_test_is_called(nodeid: str) -> None:
    stem = file_stem(nodeid)
    assert set(stem) <= SAFE
    assert stem[0] not in ".-"
    assert len(stem) < 200


def test_tests_that_look_alike_have_files_of_their_own() -> None:
    names = ["a.py::t[x y]", "a.py::t[x-y]", "a.py::t[x/y]", "b.py::t[x y]", "a.py::T::t[x y]", "a.py::t[ü]"]
    names += [f"a.py::{'n' * 200}{number}" for number in range(3)]
    assert len({file_stem(name) for name in names}) == len(names)
