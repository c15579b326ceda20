"""Builds that do not outlive the process that started them."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from ktstr.base.process import child_dies_with_us, interrupt_waits

__all__ = ["run_alone", "run_guarded"]

# Waits for the end of file on the pipe from this process, which comes however this process dies, and then kills the
# build's whole process group. Written so that dash accepts it, too.
_GUARD = 'read -r group || exit 0; cat; kill -KILL "-$group"'


def run_alone(
    command: Sequence[str], environment: Mapping[str, str], lock: Path, on_line: Callable[[str], object]
) -> tuple[int, str]:
    """Run a build as `run_guarded` does, but not beside another one in the same place.

    The next one waits until the last process of this one is gone: they inherit the flock on the file `lock`.
    """
    held = os.open(lock, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        return run_guarded(command, environment, on_line, inherited=(held,))
    finally:
        os.close(held)


def run_guarded(
    command: Sequence[str],
    environment: Mapping[str, str],
    on_line: Callable[[str], object],
    cwd: Path | None = None,
    inherited: Sequence[int] = (),
) -> tuple[int, str]:
    """Run a build; returns its exit status and its whole output. Calls `on_line` with each line.

    If an exception passes through, such as Ctrl-C, or this process is killed, every process of the build is killed.
    Each inherits the descriptors in `inherited`. Raises OSError if the command cannot be started.
    """
    lines = []
    guard = subprocess.Popen(
        ["/bin/sh", "-c", _GUARD],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C at the terminal must not kill it before the build
    )
    assert guard.stdin is not None  # it is a pipe
    process = None
    try:
        with interrupt_waits():
            process = subprocess.Popen(
                command,
                cwd=cwd,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
                pass_fds=inherited,
                preexec_fn=child_dies_with_us(),
            )
        assert process.stdout is not None  # it is a pipe
        guard.stdin.write(f"{process.pid}\n".encode())
        guard.stdin.flush()
        with process.stdout:
            for line in process.stdout:
                lines.append(line)
                on_line(line)
        status = process.wait()
    except BaseException:
        if process:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        raise
    finally:
        # Before its pipe is closed: by then, the group's number may belong to another group.
        guard.kill()
        with suppress(BrokenPipeError):
            guard.stdin.close()
        guard.wait()
    return status, "".join(lines)
