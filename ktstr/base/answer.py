"""What a program of this host says about itself, asked once for as long as the program stays the same.

A run asks its compilers some thirty questions, such as `gcc --version`; each answer costs a process. An answer is kept
by the program's file (inode, size and times of change) and the question, with the contents of what it is about, and
never for a program that may be a wrapper: what a script or ccache says can change while its file stays.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from ktstr.base.cache import cache_dir, digest
from ktstr.base.whole_file import write_whole

__all__ = ["Answer", "ask"]

_KIND = "answers"
_ELF = b"\x7fELF"
# Files by these names are compilers themselves; `ccache` and `distcc` are not.
_COMPILERS = re.compile(r"(^|-)(gcc|clang)(-|$)")
# gcc(1) and clang(1): what changes where they look for files.
_ENVIRONMENT = ("COMPILER_PATH", "GCC_EXEC_PREFIX", "LANG", "LC_ALL", "LC_MESSAGES", "LIBRARY_PATH")


@dataclass(frozen=True)
class Answer:
    """The exit status and the standard output of a program that was asked."""

    status: int
    text: str


def ask(
    command: Sequence[str],
    timeout_s: float | None = None,
    *,
    fresh: bool = False,
    names: re.Pattern[str] = _COMPILERS,
    digests: Sequence[str] = (),
) -> Answer:
    """What `command` answers, from the cache if the program is the one that said it and nothing `fresh` is wanted.

    `timeout_s` is in host seconds. `names` match the file names of programs that are no wrappers. `digests` are those
    of the files that it reads to answer. Raises OSError, ValueError or subprocess.TimeoutExpired if it cannot be run.
    """
    program = shutil.which(command[0]) if command else None
    known = _identity(program, names) if program else None
    if known is None:
        return _run(command, timeout_s)
    environment = tuple(f"{name}={os.environ.get(name)}" for name in _ENVIRONMENT)
    key = digest(*known, *command, *environment, *digests)
    kept = cache_dir() / _KIND / f"{key}.json"
    if not fresh and (answer := _kept(kept)) is not None:
        return answer
    answer = _run(command, timeout_s)
    if answer.status == 0:
        _keep(kept, answer)
    return answer


def _run(command: Sequence[str], timeout_s: float | None) -> Answer:
    done = subprocess.run(
        command, capture_output=True, text=True, errors="replace", check=False, timeout=timeout_s
    )
    return Answer(done.returncode, done.stdout)


def _identity(program: str, names: re.Pattern[str]) -> tuple[str, ...] | None:
    """What tells the program from any other; None if it may start another one."""
    path = Path(program).resolve()
    try:
        with path.open("rb") as file:
            magic, status = file.read(len(_ELF)), os.fstat(file.fileno())
    except OSError:
        return None
    if magic != _ELF or not names.search(path.name):
        return None
    return (
        str(path),
        *map(str, (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)),
    )


def _kept(path: Path) -> Answer | None:
    """The answer in a file; None if there is none or it is damaged."""
    try:
        data = json.loads(path.read_bytes())
        answer = Answer(int(data["status"]), str(data["text"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return answer if data.get("digest") == _digest(answer) else None


def _keep(path: Path, answer: Answer) -> None:
    """Keep an answer; a cache that cannot be written costs time only."""
    with suppress(OSError):
        path.parent.mkdir(exist_ok=True)
        write_whole(path, json.dumps({**asdict(answer), "digest": _digest(answer)}))


def _digest(answer: Answer) -> str:
    return digest(str(answer.status), answer.text)
