"""How a task ends: the exit status and the words of each kind of error."""

from __future__ import annotations

import errno
import functools
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from invoke import Exit

from ktstr.base.errors import KtstrError

__all__ = ["with_exit_status"]

_OF_THE_OUTPUT = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def with_exit_status(body: Callable[..., Any]) -> Callable[..., Any]:
    """The task body, which ends with one line and status 2 for a user's error or an output that takes no more, with
    status 130 for Ctrl-C, and with the status of a program killed by SIGPIPE if nobody reads its output any more."""

    @functools.wraps(body)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            done = body(*args, **kwargs)
            sys.stdout.flush()
            return done
        except KtstrError as error:
            raise Exit(f"ktstr: {error}", code=2) from None
        except KeyboardInterrupt:
            raise Exit(code=130) from None
        except BrokenPipeError:
            # The reader has seen enough (`| head`).
            _let_go_of_output()
            raise Exit(code=128 + signal.SIGPIPE) from None
        except OSError as error:
            # An error of a file has its name; one of standard output has none.
            if error.errno not in _OF_THE_OUTPUT or error.filename is not None:
                raise
            _let_go_of_output()
            raise Exit(f"ktstr: standard output: {error.strerror}", code=2) from None

    return wrapper


def _let_go_of_output() -> None:
    """Send what is still to be written nowhere, because Python would try it once more at its exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
