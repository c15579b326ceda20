"""A job as JSON in a run's folder: it comes back as it was, or the error says why not."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from vm_stand_in import a_job

from ktstr import KtstrError
from ktstr.base import cache
from ktstr.guest.initramfs import Packed
from ktstr.kernel import store
from ktstr.vm.blobs import KnownFiles, LocalCache
from ktstr.vm.job import VmJob
from ktstr.vm.stored import JOB, job_from_json, job_to_json, stored_job


def a_full_job(folder: Path, topology: str = "1n1l2c1t") -> VmJob:
    """A job that uses every field."""
    program = folder / "program"
    program.write_text("a program")
    job = a_job(folder, topology)
    return replace(
        job,
        payload=(Packed("/p", program, 0o755, "a test"),),
        kargs=("a=1", "b"),
        bounded_turn=False,
        channel=True,
    )


def test_a_job_comes_back_as_it_was_stored(tmp_path: Path) -> None:
    job = a_full_job(tmp_path)
    (tmp_path / JOB).write_text(job_to_json(job))
    assert stored_job(tmp_path) == job


def test_a_job_whose_blobs_are_missing_names_the_first(tmp_path: Path) -> None:
    (tmp_path / JOB).write_text(job_to_json(a_full_job(tmp_path)))
    (tmp_path / "program").write_text("another program, of another size")
    missing = rf"^{tmp_path}/{JOB}: /p: its blob [0-9a-f]{{16}} is missing: it is not in the cache, and "
    with pytest.raises(KtstrError, match=rf"{missing}{tmp_path}/program has another content now$"):
        stored_job(tmp_path)
    (tmp_path / "program").unlink()
    with pytest.raises(KtstrError, match=rf"{missing}{tmp_path}/program is not there$"):
        stored_job(tmp_path)
    (tmp_path / "program").write_text("a program")
    (tmp_path / "vmlinux").unlink()
    with pytest.raises(KtstrError, match=r"kernel 7\.0\.13: its blob [0-9a-f]{16} is missing: "):
        stored_job(tmp_path)
    (tmp_path / JOB).unlink()
    with pytest.raises(KtstrError, match=rf"{tmp_path}/{JOB}: No such file or directory"):
        stored_job(tmp_path)


def test_a_job_is_found_by_content_on_another_machine(tmp_path: Path) -> None:
    """A machine with the files elsewhere: the job is equal, and has their paths there."""
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    job = a_full_job(here)
    text = job_to_json(job)
    here.rename(there)
    places = {cache.file_digest(path): path for path in there.iterdir()}
    carried = job_from_json(text, KnownFiles(places))
    assert carried.digest() == job.digest()
    assert (carried.files, carried.payload) == (job.files, job.payload)
    assert [file.source for file in carried.payload] == [there / "program"]
    assert (carried.kernel.image, carried.kernel.image_sha256) == (
        there / "vmlinux",
        job.kernel.image_sha256,
    )


def test_the_cache_has_kernels_and_builds_by_content(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KTSTR_CACHE_DIR", str(tmp_path / "cache"))
    image = tmp_path / "cache" / "kernels" / "7.0.13-debian-1"
    image.mkdir(parents=True)
    sha256 = hashlib.sha256(b"image").hexdigest()
    manifest = {"version": "7.0.13", "release": "7.0.13", "source": "a test", "image_sha256": sha256}
    store.write(image, b"image", "", manifest)
    built = tmp_path / "cache" / "build" / "agent-1"
    (built / "a folder").mkdir(parents=True)
    (built / "agent").write_text("agent")
    find = LocalCache().find
    assert find(sha256) == image / "vmlinux"
    assert find(hashlib.sha256(b"agent").hexdigest()) == built / "agent"
    assert find("0" * 64) is None


def in_format_1(job: VmJob) -> str:
    """As the previous release wrote it: paths, and one digest."""
    stored = json.loads(job_to_json(job))
    del stored["format"]
    for file in (*stored["files"], *stored["payload"]):
        del file["sha256"]
    return json.dumps(stored, indent=1) + "\n"


def test_a_job_of_the_previous_release_is_still_read(tmp_path: Path) -> None:
    job = a_full_job(tmp_path)
    (tmp_path / JOB).write_text(in_format_1(job))
    assert stored_job(tmp_path) == job
    (tmp_path / "program").write_text("another")
    with pytest.raises(KtstrError, match=rf"^{tmp_path}/{JOB}: a file of the job has changed since$"):
        stored_job(tmp_path)
    (tmp_path / "program").unlink()
    with pytest.raises(KtstrError, match=rf"{JOB}: /p: {tmp_path}/program: No such file or directory$"):
        stored_job(tmp_path)


def test_a_job_that_the_previous_release_wrote_says_what_it_lacks(tmp_path: Path) -> None:
    """On a machine that has none of its files."""
    (tmp_path / JOB).write_bytes((Path(__file__).with_name("data") / "previous" / JOB).read_bytes())
    with pytest.raises(
        KtstrError, match=rf"^{tmp_path}/{JOB}: /init: /home/ann/\S+: No such file or directory$"
    ):
        stored_job(tmp_path)


def test_a_job_of_a_later_format_is_refused(tmp_path: Path) -> None:
    text = job_to_json(a_full_job(tmp_path)).replace('"format": 2', '"format": 3')
    with pytest.raises(ValueError, match=r"^a job of format 3; this ktstr reads up to 2$"):
        job_from_json(text)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_anything_but_a_job_is_an_error(tmp_path: Path, data: st.DataObject) -> None:
    text = job_to_json(a_full_job(tmp_path))
    stored: dict[str, Any] = json.loads(text)
    # The first two do not change a result; for the third every true value means true.
    name = data.draw(st.sampled_from(sorted(stored.keys() - {"wall_limit_s", "instruments", "channel"})))
    stored[name] = data.draw(st.sampled_from([None, 7, "x", [], {}, [[]]]))
    cut = data.draw(st.integers(0, len(text) - 2))
    for other in (json.dumps(stored), text[:cut]):
        with pytest.raises(ValueError, match=r".+"):
            job_from_json(other)
