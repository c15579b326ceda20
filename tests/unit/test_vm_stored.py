"""A job as JSON in a run's folder: it comes back as it was, or tells why it does not."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from vm_stand_in import a_job

from ktstr import KtstrError
from ktstr.guest.initramfs import Packed
from ktstr.vm.job import VmJob
from ktstr.vm.stored import JOB, job_from_json, job_to_json, stored_job


def a_full_job(folder: Path, topology: str = "1n1l2c1t") -> VmJob:
    """One that uses every field."""
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


def test_a_job_whose_files_have_changed_is_refused(tmp_path: Path) -> None:
    (tmp_path / JOB).write_text(job_to_json(a_full_job(tmp_path)))
    (tmp_path / "program").write_text("another program, of another size")
    with pytest.raises(KtstrError, match=rf"{tmp_path}/{JOB}: a file of the job has changed since"):
        stored_job(tmp_path)
    (tmp_path / "program").unlink()
    with pytest.raises(KtstrError, match=rf"{tmp_path}/{JOB}: {tmp_path}/program: No such file or directory"):
        stored_job(tmp_path)
    (tmp_path / JOB).unlink()
    with pytest.raises(KtstrError, match=rf"{tmp_path}/{JOB}: No such file or directory"):
        stored_job(tmp_path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_what_is_no_job_is_an_error_value(tmp_path: Path, data: st.DataObject) -> None:
    text = job_to_json(a_full_job(tmp_path))
    stored: dict[str, Any] = json.loads(text)
    # The one does not change a result, of the other every true value is true.
    name = data.draw(st.sampled_from(sorted(stored.keys() - {"wall_limit_s", "channel"})))
    stored[name] = data.draw(st.sampled_from([None, 7, "x", [], {}, [[]]]))
    cut = data.draw(st.integers(0, len(text) - 2))
    for other in (json.dumps(stored), text[:cut]):
        with pytest.raises(ValueError, match=r".+"):
            job_from_json(other)
