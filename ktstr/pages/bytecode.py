"""Templates as byte code, kept where Python keeps that of modules: compiling them takes longer than filling them in."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from hashlib import sha256
from importlib.util import cache_from_source
from pathlib import Path

import jinja2
from jinja2.bccache import Bucket, BytecodeCache

__all__ = ["ByteCode"]


class ByteCode(BytecodeCache):
    """The byte code of the templates in `folder`, as long as `maker`, the module with their environment, is the same.

    Each has the digest of its template besides, so that an old one is never used.
    """

    def __init__(self, folder: Path, maker: Path) -> None:
        self._folder = folder
        installed = Path(jinja2.__file__).stat().st_mtime_ns
        self._made_by = sha256(maker.read_bytes() + str(installed).encode())

    def load_bytecode(self, bucket: Bucket) -> None:
        """See jinja2."""
        with suppress(OSError, NotImplementedError), self._path(bucket).open("rb") as file:
            bucket.load_bytecode(file)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """See jinja2. It does without if it may not write, as Python does."""
        if sys.dont_write_bytecode:
            return
        with suppress(OSError, NotImplementedError):
            path = self._path(bucket)
            path.parent.mkdir(exist_ok=True)
            new = path.with_name(f"{path.name}.{os.getpid()}")
            new.write_bytes(bucket.bytecode_to_string())
            new.replace(path)

    def _path(self, bucket: Bucket) -> Path:
        digest = self._made_by.copy()
        digest.update(bucket.key.encode())
        return Path(cache_from_source(str(self._folder / f"{digest.hexdigest()[:24]}.py")))
