"""Standard output that may be closed or full, and Ctrl-C at any time: how a program ends then."""

from __future__ import annotations

import errno
import functools
import io
import os
import signal
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager

__all__ = ["INTERRUPTED", "guarded", "silent_start"]

INTERRUPTED = 128 + signal.SIGINT
"""The status of a program that Ctrl-C ended, as a shell shows it."""
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


@contextmanager
def silent_start() -> Generator[None]:
    """While a program imports what it needs, Ctrl-C ends it at once and without a word, as it ends one written in C."""
    handler = signal.getsignal(signal.SIGINT)
    unblock = functools.partial(signal.pthread_sigmask, signal.SIG_UNBLOCK, [signal.SIGINT])
    if handler is not signal.default_int_handler:  # ignored, as for a shell's background jobs
        unblock()
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    unblock()  # blocked if another program of ours became this one
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


class _Descriptor(io.FileIO):
    """Standard output's descriptor. When it takes no more, the rest goes nowhere and the process is interrupted."""

    problem: OSError | None = None

    def write(self, data: object) -> int:
        if self.problem is None:
            try:
                return super().write(data)  # type: ignore[arg-type]  # as the class says itself
            except OSError as error:
                if not isinstance(error, BrokenPipeError) and error.errno not in _FULL:
                    raise
                self.problem = error
                # As after Ctrl-C: what runs is ended in order, and what is done is kept.
                signal.raise_signal(signal.SIGINT)
        return memoryview(data).nbytes  # type: ignore[arg-type]


def guarded(body: Callable[[], int]) -> int:
    """The status of `body`, run with a standard output that may end.

    If nobody reads it any more (`| head`), the status is that of a program killed by SIGPIPE, without a word; if it
    takes no more, it is 2, with a line. After Ctrl-C it is 130. Letters that it cannot encode are written as numbers.
    """
    plain, descriptor = sys.stdout, _Descriptor(sys.stdout.fileno(), "wb", closefd=False)
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(descriptor),
        encoding=plain.encoding,
        errors="backslashreplace",
        line_buffering=True,  # who reads a log of a run wants to see how far it is
    )
    try:
        status = body()
        sys.stdout.flush()
    except KeyboardInterrupt:
        status = INTERRUPTED
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1
        if isinstance(ended.code, str):
            print(ended.code, file=sys.stderr)
    finally:
        # What is left goes out or nowhere: Python itself would end with a complaint.
        try:
            sys.stdout.flush()
        except KeyboardInterrupt:
            status = INTERRUPTED
        sys.stdout = plain
    if descriptor.problem is None:
        return status
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, plain.fileno())
    os.close(nowhere)
    if isinstance(descriptor.problem, BrokenPipeError):
        return 128 + signal.SIGPIPE
    print(f"ktstr: standard output: {descriptor.problem.strerror}", file=sys.stderr)
    return 2
