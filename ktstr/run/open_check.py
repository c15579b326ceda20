"""Whether the loader can open an object with what is set in it: found on the host, before a guest is started."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.events.load_failure import read_load_failure

__all__ = ["check_opens"]

# The loader's status if its arguments or the object are at fault.
_UNUSABLE = 2


def check_opens(loader: Path, object_file: Path, arguments: Sequence[str], release: str) -> None:
    """Raise KtstrError, with the cause, if the loader would refuse the object or its arguments on kernel `release`.

    It opens the object, which needs no privilege and no kernel, and loads nothing.
    """
    done = subprocess.run(
        [str(loader), str(object_file), "--check", *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode != _UNUSABLE:
        return
    said = done.stderr.splitlines()
    if failure := read_load_failure(said, release):
        raise KtstrError(failure.what)
    last = next(
        (line for line in reversed(said) if line.startswith("loader: ")), "loader: it cannot be opened"
    )
    raise KtstrError(last.removeprefix("loader: "))
