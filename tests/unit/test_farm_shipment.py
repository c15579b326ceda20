"""What goes to a worker and comes back, and the blobs that a worker fetches."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from test_vm_remembered import a_result as remembered_result
from vm_stand_in import a_job

from ktstr.base.cache import cache_dir, entries
from ktstr.base.cancel import Cancel
from ktstr.base.errors import KtstrError
from ktstr.farm.blobs import KIND, WorkerBlobs
from ktstr.farm.runs import Runs
from ktstr.farm.shipment import (
    Damaged,
    Lost,
    blobs_of,
    pack_job,
    pack_loss,
    pack_refusal,
    pack_result,
    unpack_job,
    unpack_result,
)
from ktstr.vm.blobs import KnownFiles
from ktstr.vm.host import Accel
from ktstr.vm.job import RunOptions, VmJob
from ktstr.vm.result import VmResult

ACCEL = Accel("tcg", "virtual", "a test")


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KTSTR_CACHE_DIR", str(tmp_path / "cache"))


def sent(blobs: dict[str, Path], *, asked: list[str]) -> Callable[[str, Path, Cancel], None]:
    def fetch(sha256: str, into: Path, cancel: Cancel) -> None:
        asked.append(sha256)
        into.write_bytes(blobs[sha256].read_bytes())

    return fetch


def test_a_job_is_a_few_kb_and_comes_back_elsewhere(tmp_path: Path) -> None:
    job, options = a_job(tmp_path), RunOptions(cold=True)
    shipped = pack_job(job, ACCEL, options)
    assert len(pickle.dumps(shipped)) < 2000
    asked: list[str] = []
    blobs = WorkerBlobs(sent(blobs_of(job), asked=asked), Cancel())
    there, accel, how = unpack_job(shipped, blobs)
    assert (there.digest(), accel, how) == (job.digest(), ACCEL, options)
    assert there.kernel.image.is_relative_to(cache_dir() / KIND)
    assert sorted(asked) == sorted(blobs_of(job))
    unpack_job(shipped, blobs)
    assert len(asked) == 2


def test_no_path_of_this_machine_is_shipped(tmp_path: Path) -> None:
    shipped = pack_job(a_job(tmp_path), ACCEL, RunOptions())
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert shipped == pack_job(a_job(elsewhere), ACCEL, RunOptions())


def test_a_blob_that_is_another_one_is_refused(tmp_path: Path) -> None:
    job = a_job(tmp_path)
    lie = dict.fromkeys(blobs_of(job), job.kernel.config)
    with pytest.raises(
        KtstrError, match=r"blob [0-9a-f]{16}: what was sent for it is [0-9a-f]{16}; it is refused$"
    ):
        unpack_job(pack_job(job, ACCEL, RunOptions()), WorkerBlobs(sent(lie, asked=[]), Cancel()))
    assert entries(KIND) == []


def test_a_shared_lookup_is_asked_before_the_client(tmp_path: Path) -> None:
    job, asked = a_job(tmp_path), list[str]()
    blobs = WorkerBlobs(sent({}, asked=asked), Cancel(), KnownFiles(blobs_of(job)))
    there, *_ = unpack_job(pack_job(job, ACCEL, RunOptions()), blobs)
    assert (there.kernel.image, asked) == (job.kernel.image, [])


def test_a_shared_lookup_is_not_believed(tmp_path: Path) -> None:
    class Liar:
        def find(self, sha256: str) -> Path | None:
            return tmp_path / "config"

    job, asked = a_job(tmp_path), list[str]()
    unpack_job(
        pack_job(job, ACCEL, RunOptions()), WorkerBlobs(sent(blobs_of(job), asked=asked), Cancel(), Liar())
    )
    assert len(asked) == 2


def test_what_is_no_job_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KtstrError, match=r"^the job cannot be run here: "):
        unpack_job(b"nonsense", WorkerBlobs(sent({}, asked=[]), Cancel()))


# Results.


def a_result() -> VmResult:
    return replace(remembered_result(), events=({"ev": "begin", "t": 1},))


@pytest.fixture
def answered(tmp_path: Path) -> tuple[VmJob, dict[str, Any]]:
    """A job, and a worker's answer to it."""
    job, folder = a_job(tmp_path), tmp_path / "there"
    folder.mkdir()
    (folder / "plan.txt").write_text("seed 1\nhold 1\n")
    (folder / "console.log").write_text("up\r\n")
    (folder / "events.jsonl").write_text('{"ev":"begin","t":1}\n')
    image = Path("/elsewhere/vmlinux")
    result = replace(
        a_result(), command=("qemu", "-kernel", str(image), f"file:{folder}/console.log"), console="up\n"
    )
    there = replace(job, kernel=replace(job.kernel, image=image))
    return job, pack_result(there, result, folder)


def here(tmp_path: Path) -> Path:
    (tmp_path / "run").mkdir()
    return tmp_path / "run"


def test_a_result_is_as_if_it_had_run_here(tmp_path: Path, answered: tuple[VmJob, dict[str, Any]]) -> None:
    job, answer = answered
    folder = here(tmp_path)
    result = unpack_result(answer, job, folder)
    assert result == replace(
        a_result(), command=("qemu", "-kernel", str(job.kernel.image), f"file:{folder}/console.log")
    )
    assert (folder / "console.log").read_bytes() == b"up\r\n"
    assert (folder / "plan.txt").read_text() == "seed 1\nhold 1\n"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"digest": "another"}, "it is the result of another job"),
        ({"sha256": {"console.log": "0" * 64}}, "console.log does not match its hash"),
        ({"files": {}}, "it is no result: KeyError 'console.log'"),
        ({"files": {"console.log": b"junk"}}, "it is no result: ZstdError .*"),
        ({"result": "{}"}, "it is no result: KeyError 'command'"),
        ({"result": "no JSON"}, "it is no result: JSONDecodeError .*"),
        ({"paths": {"qemu": "a place that is none"}}, "it is no result: KeyError .*"),
    ],
)
def test_a_result_that_is_not_as_it_was_sent_is_damaged(
    tmp_path: Path, answered: tuple[VmJob, dict[str, Any]], changes: dict[str, Any], why: str
) -> None:
    job, answer = answered
    merged = {
        name: {**answer[name], **value} if value and isinstance(value, dict) and name != "paths" else value
        for name, value in changes.items()
    }
    with pytest.raises(Damaged, match=f"^{why}$"):
        unpack_result({**answer, **merged}, job, here(tmp_path))


def test_a_refusal_is_an_error_and_a_loss_is_lost(tmp_path: Path) -> None:
    with pytest.raises(KtstrError, match=r"^no emulator \(on b\)$"):
        unpack_result(pack_refusal("no emulator (on b)"), a_job(tmp_path), tmp_path)
    with pytest.raises(Lost):
        unpack_result(pack_loss(), a_job(tmp_path), tmp_path)


# The runs of a worker.


def test_a_run_can_be_stopped_before_its_thread_begins() -> None:
    runs = Runs()
    runs.expect("k")
    runs.stop("k")
    with runs.running("k") as cancel:
        assert cancel.cancelled


def test_a_worker_that_closes_stops_what_runs_and_what_comes() -> None:
    runs = Runs()
    with runs.running("k") as cancel:
        runs.stop("another")
        assert not cancel.cancelled
        runs.close()
        assert cancel.cancelled
    with runs.running("later") as cancel:
        assert cancel.cancelled


def test_a_blob_is_named_by_its_whole_digest(tmp_path: Path) -> None:
    job = a_job(tmp_path)
    unpack_job(pack_job(job, ACCEL, RunOptions()), WorkerBlobs(sent(blobs_of(job), asked=[]), Cancel()))
    assert {one.key for one in entries(KIND)} == {
        hashlib.sha256(b).hexdigest() for b in (b"vmlinux", b"init")
    }
