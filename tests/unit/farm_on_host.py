"""A farm on this host, for tests: a scheduler and workers, each a process of its own, with a cache of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ktstr.base.process import child_dies_with_us

_WORKER = Path(__file__).with_name("farm_worker.py")
_PATIENCE_S = 120.0


def until(condition: Callable[[], object]) -> None:
    """Wait until `condition` holds; a failure after a time that no slow machine needs."""
    end = time.monotonic() + _PATIENCE_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


class Farm:
    """Its processes' files are in `folder`; `marks` has a file for each guest (see farm_worker.py)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.marks = folder / "marks"
        self.marks.mkdir()
        self.workers: dict[str, subprocess.Popen[bytes]] = {}
        self._processes: list[subprocess.Popen[bytes]] = []
        file = folder / "scheduler.json"
        self.scheduler = self._start(
            *("-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"),
            *("--no-dashboard", "--scheduler-file", str(file)),
        )
        until(lambda: file.is_file() and file.read_text().rstrip().endswith("}"))
        data: dict[str, Any] = json.loads(file.read_text())
        self.address = f"dask://{data['address'].rpartition('/')[2]}"

    def worker(self, host: str, what: str = "") -> subprocess.Popen[bytes]:
        """Start a worker as of another host."""
        arguments = (str(_WORKER), self.address, host, str(self.marks), *([what] if what else []))
        self.workers[host] = self._start(*arguments, cache=host)
        return self.workers[host]

    def running(self, host: str = "*", seed: int | str = "*") -> list[str]:
        """The guests that run, `<host>-<seed>`."""
        return sorted(path.name for path in self.marks.glob(f"{host}-{seed}") if not path.suffix)

    def ran(self) -> list[str]:
        """The guests that have ended, each as often as it did."""
        return sorted(path.stem for path in self.marks.glob("*.done"))

    def dismiss(self, but: str) -> None:
        """End all workers but one, and forget the guests that ran."""
        for host in [host for host in self.workers if host != but]:
            worker = self.workers.pop(host)
            worker.kill()
            worker.wait()
        until(lambda: not self.running(but))
        for mark in self.marks.iterdir():
            mark.unlink()

    def close(self) -> None:
        """End all its processes."""
        for process in self._processes:
            process.kill()
            process.wait()

    def _start(self, *arguments: str, cache: str = "scheduler") -> subprocess.Popen[bytes]:
        log = self._folder / f"{cache}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, "KTSTR_CACHE_DIR": str(self._folder / f"cache-{cache}")},
                preexec_fn=child_dies_with_us(),
            )
        self._processes.append(process)
        return process
