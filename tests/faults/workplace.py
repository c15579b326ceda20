"""Where faults are injected: a project of its own with a small suite, a cache, and a folder for temporary files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from leftovers import MARK, processes
from verdicts import Verdict, verdicts_in

__all__ = ["LIMIT_S", "Ended", "Workplace", "end_all", "finish", "start"]

LIMIT_S = 900.0
"""Host seconds after which a run hangs. One takes seconds, up to a minute in an empty cache."""

_HERE = Path(__file__).parent
_ROOT = _HERE.parents[1]
_SCHEDULER = _ROOT / "tests" / "schedulers" / "fixture.bpf.c"
_NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True)
class Workplace:
    """The folders that runs use; `kernel` is the version they run on, `mirror` the address of a Debian archive."""

    folder: Path
    kernel: str
    mirror: str

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    @property
    def project(self) -> Path:
        return self.folder / "project"

    @property
    def temporary(self) -> Path:
        return self.folder / "tmp"

    @property
    def whole(self) -> Path:
        """The cache as the first run left it."""
        return self.folder / "whole"

    def set_up(self) -> None:
        """Make the project and empty folders."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(_HERE / "project", self.project)
        shutil.copy(_SCHEDULER, self.project)
        for folder in (self.cache, self.temporary):
            folder.mkdir(parents=True)

    def environment(self) -> dict[str, str]:
        """What runs get from the environment."""
        outside = {name: value for name, value in os.environ.items() if not name.startswith("KTSTR_")}
        cores = {name: value for name, value in os.environ.items() if name == "KTSTR_CORES_DIR"}
        return {
            **outside,
            **cores,
            "KTSTR_CACHE_DIR": str(self.cache),
            "KTSTR_REPORT": "off",  # it is made after all that is to be kept has been kept
            "KTSTR_DEBIAN_MIRROR": self.mirror,
            "NO_PROXY": "127.0.0.1",
            "GIT_CEILING_DIRECTORIES": str(self.folder),  # the checkout around it may change meanwhile
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": str(_ROOT),
            "TMPDIR": str(self.temporary),
            MARK: str(self.folder),
        }

    def restore(self) -> None:
        """Put the cache back to what the first run left, and remove results and temporary files."""
        shutil.rmtree(self.cache, ignore_errors=True)
        # Links suffice: what is kept is replaced and never written to.
        shutil.copytree(self.whole, self.cache, copy_function=os.link)
        self.clear()

    def clear(self) -> None:
        """Remove results and temporary files."""
        shutil.rmtree(self.project / "target", ignore_errors=True)
        shutil.rmtree(self.temporary, ignore_errors=True)
        self.temporary.mkdir()

    def forget_results(self) -> None:
        """Remove the results that runs have left in their places; what a killed run was writing stays."""
        results = self.project / "target" / "ktstr"
        for path in results.iterdir() if results.is_dir() else ():
            if path.is_symlink():
                path.unlink()
            elif path.name != ".staging":
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def drop(self, *patterns: str) -> None:
        """Remove the entries that match from the cache, with their seals and locks."""
        for pattern in patterns:
            kind, _, name = pattern.partition("/")
            # A set: `*` alone finds names with a dot before them as well.
            for path in {path for dot in ("", ".") for path in (self.cache / kind).glob(dot + (name or "*"))}:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


@dataclass(frozen=True)
class Ended:
    """A run that ended: its exit status (negative: a signal), what it printed, and the verdicts that it left."""

    status: int
    text: str
    verdicts: Mapping[str, Verdict]
    hung: bool = False


def start(
    place: Workplace, *options: str, settings: Mapping[str, str] = _NOTHING, command: Sequence[str] = ()
) -> subprocess.Popen[bytes]:
    """A run of the suite, or of another `command`, as a user starts it; its output goes to a file."""
    words = command or ["-m", "ktstr", "test", "--kernel", place.kernel, "-p", "no:cacheprovider", *options]
    with (place.folder / "output").open("wb") as output:
        return subprocess.Popen(
            [sys.executable, *words],
            cwd=place.project,
            env={**place.environment(), **settings},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def finish(place: Workplace, run: subprocess.Popen[bytes], left_out: Path | None = None) -> Ended:
    """Wait for a run; one that hangs is ended. `left_out` is a sidecar of an earlier run that does not count."""
    hung = False
    try:
        status = run.wait(LIMIT_S)
    except subprocess.TimeoutExpired:
        hung = True
        end_all(place)
        status = run.wait()
    text = (place.folder / "output").read_text(errors="replace")
    return Ended(status, text, verdicts_in(place.project / "target", left_out), hung)


def end_all(place: Workplace) -> None:
    """End every process of a run, which all bear its mark."""
    deadline = time.monotonic() + LIMIT_S
    while (left := processes(str(place.folder))) and time.monotonic() < deadline:
        for one in left:
            one.kill()
