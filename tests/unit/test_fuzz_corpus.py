"""What fuzzing has found, and inputs that reach far: no decoder does anything with them but take or refuse them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from fuzz_corpus import CORPUS, kept, reached
from fuzz_target import Target, content_name, examine, smaller
from fuzz_targets import TARGETS

from ktstr.base.errors import KtstrError

MOST_BYTES = 1 << 20


def inputs(name: str) -> list[Path]:
    return sorted((CORPUS / name).glob("*"))


@pytest.mark.parametrize("name", TARGETS)
def test_a_decoder_takes_or_refuses_what_it_is_given(name: str, tmp_path: Path) -> None:
    target = TARGETS[name]
    given = {f"seed {number}": data for number, data in enumerate(target.seeds())}
    given |= {path.name: path.read_bytes() for path in inputs(name)}
    found = {which: one for which, data in given.items() if (one := examine(target, data, tmp_path))}
    assert not found, "\n".join(f"{which}: {one.text}" for which, one in found.items())


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_get_past_the_first_check(name: str, tmp_path: Path) -> None:
    """They reach more than one that is cut to nothing does."""
    target = TARGETS[name]
    nothing = reached(target, b"", tmp_path)
    assert len(max((reached(target, seed, tmp_path) - nothing for seed in target.seeds()), key=len)) > 50


def test_the_corpus_is_small_and_named_by_content() -> None:
    files = [path for name in TARGETS for path in inputs(name)]
    assert sum(path.stat().st_size for path in files) < MOST_BYTES
    assert [path for path in files if path.name != content_name(path.read_bytes())] == []
    assert {path.name for path in CORPUS.iterdir()} <= set(TARGETS)


def run(data: bytes, _folder: Path) -> None:
    if data.startswith(b"no"):
        raise KtstrError("refused")
    if b"!" in data:
        raise IndexError(data)
    while b"?" in data:
        pass


TARGET = Target("mine", lambda: [b"seed"], run)


def test_any_other_exception_is_a_finding_and_made_small(tmp_path: Path) -> None:
    assert examine(TARGET, b"no!", tmp_path) is None
    found = examine(TARGET, b"some text! and more", tmp_path)
    assert found is not None
    assert found.error == "IndexError"
    assert smaller(TARGET, b"some text! and more", found, tmp_path) == b"!"


def test_an_input_that_takes_too_long_is_a_finding(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("fuzz_target.CPU_S", 0.05)
    found = examine(TARGET, b"?", tmp_path)
    assert found is not None
    assert (found.error, found.where) == ("TooLong", "test_fuzz_corpus.py:run")


def test_of_inputs_that_reach_the_same_the_shortest_is_kept(tmp_path: Path) -> None:
    words = TARGETS["words"]
    assert kept(words, [b"v7.0.13", b"c3-1 ", b"c3-1"], tmp_path) == [b"c3-1"]


def test_the_session_refuses_a_target_that_there_is_not() -> None:
    fuzz = CORPUS.with_name("fuzz.py")
    unit, shared = Path(__file__).parent, CORPUS.parents[1] / "shared"
    done = subprocess.run(
        [sys.executable, fuzz, "nothing"],
        env={"PYTHONPATH": f"{CORPUS.parents[2]}:{unit}:{shared}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].endswith(
        "error: target nothing: must be one of " + ", ".join(TARGETS)
    )
