"""A job as JSON, kept in a run's folder, so that the run can be made again without the test that asked for it.

It names each blob by its SHA-256, and where it lay as a hint. Format 2; format 1 had paths alone and is still read.
"""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import msgspec

from ktstr.base.errors import KtstrError
from ktstr.base.topology import Topology
from ktstr.guest.initramfs import Packed
from ktstr.instrument.interleaving import Interleaving
from ktstr.instrument.plugin import known_instruments
from ktstr.kernel.model import Kernel
from ktstr.vm.blobs import Blobs, FirstOf, KnownFiles, LocalCache
from ktstr.vm.job import VmJob

__all__ = ["JOB", "job_from_json", "job_to_json", "stored_job"]

JOB = "job.json"
"""The name of the job's file in a run's folder."""
_FORMAT = 2


def job_to_json(job: VmJob) -> str:
    """The job, its files by content, with their paths here as hints, and its digest."""
    data = {"format": _FORMAT, **vars(job), "digest": job.digest()}
    # Without an indent json writes with C code.
    return msgspec.json.format(json.dumps(data, default=_plain), indent=1) + "\n"


def job_from_json(text: str, blobs: Blobs | None = None) -> VmJob:
    """The job that `job_to_json` wrote, its files found by `blobs` (None: the cache), else where they lay.

    ValueError for anything else, and for a blob that is missing, which it names.
    """
    blobs = LocalCache() if blobs is None else blobs
    try:
        data: dict[str, Any] = json.loads(text)
        digest, version = data.pop("digest"), data.pop("format", 1)
        if version not in (1, _FORMAT):
            raise ValueError(f"a job of format {version!r}; this ktstr reads up to {_FORMAT}")
        data["topology"] = Topology.parse(data["topology"])
        for name in ("files", "payload"):
            data[name] = tuple(_file(file, version, blobs) for file in data[name])
        data["kernel"] = _kernel(data["kernel"], data["files"], version, blobs)
        data["kargs"] = tuple(data["kargs"])
        data["instruments"] = known_instruments(data.get("instruments", []))  # earlier jobs had none
        data["interleaving"] = str(Interleaving.parse(data.get("interleaving", "")))  # nor this
        job = VmJob(**data)
        if job.digest() != digest:
            raise ValueError("a file of the job has changed since")
    except KtstrError as error:
        raise ValueError(str(error)) from None
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a job: {error}") from None
    except OSError as error:
        raise ValueError(f"{error.filename}: {error.strerror}") from None
    return job


def stored_job(folder: Path, blobs: Blobs | None = None) -> VmJob:
    """The job of the run in `folder`; KtstrError if it is not there, or a blob of it is missing."""
    path = folder / JOB
    try:
        return job_from_json(path.read_text(), blobs)
    except OSError as error:
        raise KtstrError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise KtstrError(f"{path}: {error}") from None


def _file(file: dict[str, Any], version: int, blobs: Blobs) -> Packed:
    hint = Path(file["source"])
    if version == 1:  # by path alone: the job's digest says whether the content is the same
        return Packed(**{**file, "source": hint})
    return Packed(**{**file, "source": _found(file["path"], str(file["sha256"]), hint, blobs)})


def _kernel(kernel: dict[str, Any], files: tuple[Packed, ...], version: int, blobs: Blobs) -> Kernel:
    image, config = Path(kernel["image"]), Path(kernel["config"])
    if version != 1:
        image = _found(f"kernel {kernel['version']}", str(kernel["image_sha256"]), image, blobs)
        # The guest has the configuration, too, so it is among the files.
        packed = [file.source for file in files if file.path == f"/boot/config-{kernel['release']}"]
        config = packed[0] if packed and not config.is_file() else config
    kernel = {**kernel, "image": image, "config": config}
    return Kernel(**{field.name: kernel[field.name] for field in fields(Kernel)})


def _found(what: str, sha256: str, hint: Path, blobs: Blobs) -> Path:
    if path := FirstOf([blobs, KnownFiles({sha256: hint})]).find(sha256):
        return path
    why = "has another content now" if hint.is_file() else "is not there"
    raise ValueError(f"{what}: its blob {sha256[:16]} is missing: it is not in the cache, and {hint} {why}")


def _plain(value: object) -> object:
    if isinstance(value, Packed | Kernel):
        return vars(value)
    if isinstance(value, Path | Topology):
        return str(value)
    raise TypeError(type(value).__name__)
