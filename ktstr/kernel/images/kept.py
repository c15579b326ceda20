"""Images that a user has as files, kept in the cache under what is in them: a test's guest may need one for hours.

They are not among the kernels of the cache: those were fetched or built, are never evicted, and are what versions
mean. A developer's own image is another one after each build.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from ktstr.base import seal
from ktstr.base.cache import cache_dir, digest, entry, find
from ktstr.base.errors import KtstrError
from ktstr.base.scratch import scratch
from ktstr.kernel import store
from ktstr.kernel.images.file import image_kernel
from ktstr.kernel.model import Kernel

__all__ = ["ORIGIN", "find_image", "kept_image", "kept_images"]

ORIGIN = "image"
"""What `Kernel.origin` is for such an image."""
_KIND = "images"
_FACTS = ("version", "release", "source", "image_sha256", "sched_ext")


def kept_image(path: Path) -> Kernel:
    """The kernel in the image at `path`, with its configuration, as it is now; KtstrError if either is missing."""
    with scratch("image") as folder:
        found = image_kernel(path, folder)
        image, config = found.image.read_bytes(), found.config.read_text()
    if not config:
        raise KtstrError(
            f"kernel {path}: has no configuration, which tests need: build it with CONFIG_IKCONFIG=y, or put"
            f" config-{found.release} or .config beside it"
        )
    # The same image with another configuration is another kernel: schedulers are compiled for it.
    key = f"{found.version}-{ORIGIN}-{digest(found.image_sha256, config)[:8]}"
    facts = {name: getattr(found, name) for name in _FACTS}
    entry(_KIND, key, f"keeping {path}", lambda folder: store.write(folder, image, config, facts))
    kept = find_image(key)
    assert kept is not None  # it has just been made, and is not evicted for a day
    return dataclasses.replace(kept, source=found.source)


def find_image(key: str) -> Kernel | None:
    """The image that is kept under this key; None if there is none, or what is there is damaged."""
    folder = find(_KIND, key)
    if folder is None or seal.damage(folder) is not None:
        return None
    manifest = json.loads((folder / "manifest.json").read_text())
    facts = {name: manifest[name] for name in _FACTS}
    return Kernel(key=key, image=folder / "vmlinux", config=folder / "config", **facts)


def kept_images() -> list[Kernel]:
    """All images that are kept."""
    keys = sorted(path.name for path in (cache_dir() / _KIND).glob("[0-9]*") if path.is_dir())
    return [kernel for key in keys if (kernel := find_image(key)) is not None]
