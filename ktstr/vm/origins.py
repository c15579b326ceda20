"""What a run is made of: the entries of the cache behind it, and whether its kernel is the one that it names."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from ktstr.base import cache, seal
from ktstr.base.errors import KtstrError
from ktstr.guest.initramfs import initramfs
from ktstr.kernel.model import Kernel
from ktstr.vm.job import VmJob

__all__ = ["boot_files", "check_image", "origins", "payload_files"]


def boot_files(job: VmJob) -> list[Path]:
    """The files that the job's guest boots from."""
    return [job.kernel.image, initramfs(job.files), *(file.source for file in job.files)]


def payload_files(job: VmJob) -> list[Path]:
    """The files that the guest gets for this job alone."""
    return [file.source for file in job.payload]


def origins(files: Iterable[Path]) -> dict[str, str]:
    """The entries of the cache that the files lie in, as `kind/key`, with a digest of each entry's content.

    A user's own files are in no entry; a job's digest has their content.
    """
    root = cache.cache_dir()
    inside = (file.relative_to(root).parts for file in files if file.is_relative_to(root))
    entries = sorted({f"{parts[0]}/{parts[1]}" for parts in inside if len(parts) > 2})
    return {entry: seal.digest_of(root / entry) for entry in entries}


def check_image(kernel: Kernel) -> None:
    """Raise KtstrError if the kernel's image is not the one that results name."""
    folder = kernel.image.parent
    try:
        if seal.is_sealed(folder):
            damage = seal.damage(folder)
        else:
            same = cache.file_digest(kernel.image) == kernel.image_sha256
            damage = None if same else f"{kernel.image.name}: its content has changed"
            if same and folder.parent == cache.cache_dir() / "kernels":  # fetched before there were seals
                with suppress(OSError):
                    seal.write_seal(folder)
    except OSError as error:
        damage = f"{kernel.image.name}: {error.strerror}"
    if damage:
        raise KtstrError(
            f"kernel {kernel.version} ({folder}): {damage}; the next run fetches or builds it again"
        )
