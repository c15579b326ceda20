"""Whether the loader can open an object with what is set in it: found on the host, before a guest is started."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from ktstr.base.answer import ask
from ktstr.base.cache import file_digest
from ktstr.base.errors import KtstrError
from ktstr.base.process import signal_name
from ktstr.events.load_failure import read_load_failure

__all__ = ["check_opens"]

_LOADER = re.compile(r"^loader$")
# The loader's status if its arguments or the object are at fault.
_UNUSABLE = 2
# Host seconds. A whole object of a MiB takes a hundredth of one.
_MOST_S = 120.0
_opened: set[tuple[str, ...]] = set()  # what this process found: contents and arguments


def check_opens(loader: Path, object_file: Path, arguments: Sequence[str], release: str) -> None:
    """Raise KtstrError, with the cause, if the loader would refuse the object or its arguments on kernel `release`.

    It opens the object, which needs no privilege and no kernel, and loads nothing. That it can is remembered for as
    long as the loader and the object's contents are the same.
    """
    command = [str(loader), str(object_file), "--check", *arguments]
    question = (file_digest(loader), file_digest(object_file), *arguments)
    if question in _opened:
        return
    try:
        answer = ask(command, _MOST_S, names=_LOADER, digests=[file_digest(object_file)])
        if answer.status == 0:
            _opened.add(question)
            return
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", check=False, timeout=_MOST_S
        )
    except subprocess.TimeoutExpired:
        raise KtstrError(
            f"{object_file.name}: libbpf did not open it within {_MOST_S:g} s: it is damaged"
        ) from None
    if done.returncode < 0:
        raise KtstrError(
            f"{object_file.name}: libbpf crashed as it opened it ({signal_name(-done.returncode)}): it is damaged"
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
