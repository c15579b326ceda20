"""A job as JSON, kept in a run's folder, so that the run can be made again without the test that asked for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ktstr.base.errors import KtstrError
from ktstr.base.topology import Topology
from ktstr.guest.initramfs import Packed
from ktstr.kernel.model import Kernel
from ktstr.vm.job import VmJob

__all__ = ["JOB", "job_from_json", "job_to_json", "stored_job"]

JOB = "job.json"


def job_to_json(job: VmJob) -> str:
    """The job, its files by their paths here and what they add up to."""
    data = {**vars(job), "digest": job.digest()}
    return json.dumps(data, default=_plain, indent=1) + "\n"


def job_from_json(text: str) -> VmJob:
    """The job that `job_to_json` wrote; ValueError where it is none, or its files are not what they were."""
    try:
        data: dict[str, Any] = json.loads(text)
        digest = data.pop("digest")
        kernel = data["kernel"]
        data["kernel"] = Kernel(
            **{**kernel, "image": Path(kernel["image"]), "config": Path(kernel["config"])}
        )
        data["topology"] = Topology.parse(data["topology"])
        for name in ("files", "payload"):
            data[name] = tuple(Packed(**{**file, "source": Path(file["source"])}) for file in data[name])
        data["kargs"] = tuple(data["kargs"])
        job = VmJob(**data)
        if job.digest() != digest:
            raise ValueError("a file of the job has changed since")
    except (KeyError, TypeError, AttributeError, KtstrError) as error:
        raise ValueError(f"not a job: {error}") from None
    except OSError as error:
        raise ValueError(f"{error.filename}: {error.strerror}") from None
    return job


def stored_job(folder: Path) -> VmJob:
    """The job of the run in `folder`; KtstrError where it is not there, or its files are not what they were."""
    path = folder / JOB
    try:
        return job_from_json(path.read_text())
    except OSError as error:
        raise KtstrError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise KtstrError(f"{path}: {error}") from None


def _plain(value: object) -> object:
    if isinstance(value, Packed | Kernel):
        return vars(value)
    if isinstance(value, Path | Topology):
        return str(value)
    raise TypeError(type(value).__name__)
