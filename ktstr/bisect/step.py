"""One step: a test on one kernel, which pytest runs as always, and its verdict."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ktstr.base.errors import KtstrError
from ktstr.bisect.limit import Limit, judged_by
from ktstr.bisect.verdict import Verdict, judged
from ktstr.kernel.model import Kernel
from ktstr.kernel.spec import parse
from ktstr.report.rundir import RUN_SUFFIX, project_of, run_dir
from ktstr.report.text import printable

__all__ = ["Options", "Target", "run_pytest", "run_step", "target_of"]

_SUFFIX = "bisect"
_SEED = re.compile(r"seed[0-9]+")


@dataclass(frozen=True)
class Options:
    """The values of pytest's options of the same names; an empty one is not passed."""

    topology: str = ""
    clock: str = ""
    seed: str = ""
    perturb: str = ""
    executor: str = ""
    seeds: str = ""

    @property
    def arguments(self) -> list[str]:
        """The options as pytest's arguments."""
        return [word for name, value in vars(self).items() if value for word in (f"--{name}", value)]


@dataclass(frozen=True)
class Target:
    """A test: its file, its function, and the parameters of one variant; empty parameters mean all variants."""

    file: str
    function: str
    parameters: str

    def __str__(self) -> str:
        return f"{self.file}::{self.function}" + (f"[{self.parameters}]" if self.parameters else "")

    def on(self, kernel: str) -> str:
        """The argument with which pytest runs it on the kernel with id `kernel`."""
        return f"{self.file}::{self.function}" + (f"[{kernel}-{self.parameters}]" if self.parameters else "")


def target_of(nodeid: str, name: str) -> Target:
    """The test that `name` means; `nodeid` is its id without parameters.

    `name` may have parameters in brackets, as pytest shows them; a kernel among them is ignored. Raises KtstrError if
    there is a seed among them.
    """
    file, _, function = nodeid.rpartition("::")
    parts = name.partition("[")[2].removesuffix("]").split("-")
    # The kernel comes first, and may itself contain dashes: 7.3-rc7.
    for count in range(len(parts), 0, -1):
        try:
            parse("-".join(parts[:count]))
        except KtstrError:
            continue
        parts = parts[count:]
        break
    if any(_SEED.fullmatch(part) for part in parts):
        raise KtstrError(f"bisect: --test {name}: give the seed as --seed 17 --perturb on")
    return Target(file, function, "-".join(parts))


def run_step(
    target: Target, kernel: Kernel, options: Options, log: Path, limit: Limit | None = None
) -> Verdict:
    """Run the test on a kernel in the cache, with pytest's output in the file `log`.

    A remembered result counts. With a `limit` it is judged by that. Raises KtstrError if there is no such test, or if
    pytest itself fails.
    """
    root = Path.cwd()
    command = [
        *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", str(root)),
        *(target.on(kernel.key), "--ktstr-kernel", kernel.key, *options.arguments),
    ]
    environment = {**os.environ, RUN_SUFFIX: _SUFFIX, "KTSTR_DIE_WITH_PARENT": "1"}
    status, said = run_pytest(command, root, environment, log)
    if status == 4:  # pytest: an argument names no test
        raise KtstrError(f"bisect: --test {target}: {said}")
    if status not in (0, 1, 2, 5):
        raise KtstrError(f"bisect: pytest ended with status {status}: {said} (see {log})")
    folder = run_dir(root, kernel.version, project_of(root).label, _SUFFIX)
    sidecars, said = _sidecars(folder, target), f"{said} (see {log})"
    return judged_by(limit, sidecars, said) if limit else judged(sidecars, said)


def run_pytest(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], log: Path
) -> tuple[int, str]:
    """Run pytest in a folder, with its output in the file `log`; its status, and the line that says most."""
    with log.open("wb") as output:
        done = subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            check=False,
        )
    return done.returncode, _last_line(log)


def _sidecars(folder: Path, target: Target) -> list[dict[str, Any]]:
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            data = json.loads(path.read_text(encoding="ascii"))
        except (OSError, ValueError):
            continue
        if isinstance(data, dict) and str(data.get("nodeid")).startswith(
            f"{target.file}::{target.function}["
        ):
            found.append(data)
    return found


def _last_line(log: Path) -> str:
    lines = [line for line in printable(log.read_text(errors="replace")).splitlines() if line.strip()]
    error = next((line for line in reversed(lines) if re.match(r"(ktstr|ERROR|E  ):? ", line)), "")
    return (error or (lines[-1] if lines else "no output")).strip()
