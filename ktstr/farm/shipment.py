"""What goes to a worker and comes back: a job without its blobs, and a result with the files of its run.

Neither has a path that matters elsewhere: blobs are named by content, and a run's files by their names.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import zstandard

from ktstr.base.errors import KtstrError
from ktstr.vm.blobs import Blobs
from ktstr.vm.host import Accel
from ktstr.vm.job import RunOptions, VmJob
from ktstr.vm.result import SAID, VmResult
from ktstr.vm.result_data import result_from_data, result_to_data
from ktstr.vm.stored import job_from_json, job_to_json

__all__ = [
    "Damaged",
    "Lost",
    "blobs_of",
    "pack_job",
    "pack_loss",
    "pack_refusal",
    "pack_result",
    "unpack_job",
    "unpack_result",
]

_FILES = (*SAID, "plan.txt")
_MOST_BYTES = 1 << 28  # more than a run's files can be: MOST_BYTES of each


class Damaged(Exception):
    """What a worker sent back is not the result of the job that it was given; the message says why, in one line."""


class Lost(Exception):
    """The worker gave the run up, because it ends."""


def blobs_of(job: VmJob) -> dict[str, Path]:
    """The job's blobs by their SHA-256, and where each lies here."""
    files = {file.sha256: file.source for file in (*job.files, *job.payload)}
    return {**files, job.kernel.image_sha256: job.kernel.image}


def pack_job(job: VmJob, accel: Accel, options: RunOptions) -> bytes:
    """The job and how to run it."""
    data: dict[str, Any] = json.loads(job_to_json(job))
    # A job.json has where its blobs lay as hints. What they are called is enough elsewhere.
    for file in (*data["files"], *data["payload"]):
        file["source"] = Path(file["source"]).name
    for name in ("image", "config"):
        data["kernel"][name] = Path(data["kernel"][name]).name
    text = json.dumps({"job": data, "accel": asdict(accel), "options": asdict(options)})
    return zstandard.compress(text.encode())


def unpack_job(data: bytes, blobs: Blobs) -> tuple[VmJob, Accel, RunOptions]:
    """What `pack_job` packed, with the blobs from `blobs`; KtstrError if one is missing, or this is no job."""
    try:
        parts = json.loads(_decompressed(data))
        job = job_from_json(json.dumps(parts["job"]), blobs)
        return job, Accel(**parts["accel"]), RunOptions(**parts["options"])
    except (ValueError, KeyError, TypeError, zstandard.ZstdError) as error:
        raise KtstrError(f"the job cannot be run here: {error}") from None


def pack_result(job: VmJob, result: VmResult, folder: Path) -> dict[str, Any]:
    """The result of the run in `folder`."""
    contents = {name: (folder / name).read_bytes() for name in _FILES if (folder / name).is_file()}
    return {
        "digest": job.digest(),
        "result": json.dumps(result_to_data(result)),
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()},
        "files": {name: zstandard.compress(content) for name, content in contents.items()},
        "paths": {str(folder): ".", str(job.kernel.image): job.kernel.image_sha256},
    }


def pack_refusal(why: str) -> dict[str, Any]:
    """The answer of a worker that could not run a job, for a reason that a user can act on."""
    return {"refused": why}


def pack_loss() -> dict[str, Any]:
    """The answer of a worker that gave a run up."""
    return {"lost": True}


def unpack_result(answer: Mapping[str, Any], job: VmJob, folder: Path) -> VmResult:
    """The result in a worker's answer, its files written to `folder`.

    Raises KtstrError for a refusal, Lost if the worker gave up, and Damaged if the answer is not one to this job, or is
    not as it was sent.
    """
    if "lost" in answer:
        raise Lost
    if "refused" in answer:
        raise KtstrError(str(answer["refused"]))
    try:
        if answer["digest"] != job.digest():
            raise Damaged("it is the result of another job")
        for name in _FILES:
            content = _decompressed(answer["files"][name])
            if hashlib.sha256(content).hexdigest() != answer["sha256"][name]:
                raise Damaged(f"{name} does not match its hash")
            (folder / name).write_bytes(content)
        data = json.loads(answer["result"])
        here = {".": str(folder), job.kernel.image_sha256: str(job.kernel.image)}
        for path, name in answer["paths"].items():  # as if it had run here
            data["command"] = [word.replace(path, here[name]) for word in data["command"]]
        result = result_from_data(data, folder)
    except (KeyError, TypeError, ValueError, AttributeError, zstandard.ZstdError) as error:
        raise Damaged(f"it is no result: {type(error).__name__} {error}") from None
    if (result.clock, result.ending.value) != (job.clock, data["ending"]):
        raise Damaged("it has another clock")
    return result


def _decompressed(data: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompress(data, max_output_size=_MOST_BYTES)
