"""A QEMU process: started, waited for, and killed whatever happens."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO

from ktstr.base.cancel import Cancel
from ktstr.base.errors import KtstrError
from ktstr.base.process import child_dies_with_us, interrupt_waits
from ktstr.vm.job import Clock
from ktstr.vm.qemu.host_delay import run_delay_ns
from ktstr.vm.qemu.serialize import build_serializer

__all__ = ["Process", "started"]

_SAMPLE_S = 0.05


class Process:
    """A running QEMU."""

    def __init__(self, process: subprocess.Popen[bytes], output: IO[bytes], clock: Clock) -> None:
        self._process = process
        self._output = output
        self._clock = clock
        self.delay_ns = 0
        """With the real clock, for how long the host has kept its threads waiting for a CPU, all together."""

    def wait(self, deadline: float) -> tuple[int, bool]:
        """Its exit status (negative: a signal), and whether it was killed at `deadline` (of time.monotonic())."""
        while (left := deadline - time.monotonic()) > 0:
            # What its threads have waited is gone with them, so it is asked for now and again.
            step = left if self._clock == "virtual" else min(left, _SAMPLE_S)
            with suppress(subprocess.TimeoutExpired):
                return self._process.wait(step), False
            if self._clock == "real":
                self.delay_ns = max(self.delay_ns, run_delay_ns(self._process.pid))
        if (status := self._process.poll()) is not None:
            return status, False
        self.kill()
        return self._process.wait(), True

    def kill(self) -> None:
        """Kill it and everything that a wrapper around it has started, which is its session."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def end(self) -> None:
        """Kill it if it still runs."""
        if self._process.poll() is None:
            self.kill()
            self._process.wait()

    @property
    def output(self) -> str:
        """What it has printed so far."""
        self._output.seek(0)
        return self._output.read().decode(errors="replace")


@contextmanager
def started(
    arguments: Sequence[str],
    clock: Clock,
    descriptors: Sequence[int] = (),
    *,
    debugged: bool = False,
    most_bytes: int | None = None,
    cancel: Cancel | None = None,
) -> Iterator[Process]:
    """QEMU, which inherits `descriptors`; under the virtual clock only one of its threads runs at a time (serialize.c).

    With `debugged` a breakpoint of one CPU also stops the others at once. `most_bytes` is how much QEMU may write to a
    file, such as the guest's console; more ends it with SIGXFSZ.

    The end of the block, an exception, the death of this process and `cancel` kill it; after `cancel` the block raises
    Cancelled. Raises KtstrError if it cannot be started.
    """
    # A QEMU of many CPUs allocates tens of megabytes before its guest runs: huge pages save a tenth of a clone's start.
    environment = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"} | dict(os.environ)
    if clock == "virtual":
        environment["LD_PRELOAD"] = str(build_serializer(debugged=debugged))
    # A file, not a pipe, so that nobody has to read while it runs.
    with tempfile.TemporaryFile(prefix="ktstr-") as output:
        process = None
        try:
            with interrupt_waits():
                process = Process(
                    _start(arguments, environment, output, descriptors, most_bytes), output, clock
                )
            with (cancel or Cancel()).stopping(process.kill):
                yield process
        finally:
            if process:
                process.end()


def _start(
    arguments: Sequence[str],
    environment: dict[str, str],
    output: IO[bytes],
    descriptors: Sequence[int],
    most_bytes: int | None,
) -> subprocess.Popen[bytes]:
    try:
        # A session of its own, because Ctrl-C at the terminal is for this process, which then kills QEMU.
        return subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            pass_fds=tuple(descriptors),
            start_new_session=True,
            preexec_fn=_before_exec(most_bytes),
        )
    except OSError as error:
        raise KtstrError(f"{arguments[0]}: cannot be started: {error.strerror}") from None


def _before_exec(most_bytes: int | None) -> Callable[[], None]:
    dies_with_us = child_dies_with_us()
    if most_bytes is None:
        return dies_with_us
    allowed = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    most = most_bytes if allowed == resource.RLIM_INFINITY else min(most_bytes, allowed)

    def prepare() -> None:
        dies_with_us()
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # that signal has QEMU's memory dumped

    return prepare
