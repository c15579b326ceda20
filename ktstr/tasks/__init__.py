"""The verbs that act on things, as Invoke tasks: `invoke -l` and `ktstr -l` list them.

Each noun has a module, and one flat collection has all their tasks. It serves `invoke` (through tasks.py in a checkout)
and the `ktstr` command, which needs no file in the user's project.
"""

from __future__ import annotations

import copy
import functools
import os
import shlex
import signal
import sys
from collections.abc import Callable
from importlib.metadata import version
from types import ModuleType
from typing import Any

from invoke import Collection, Exit, ParseError, Program, Task

from ktstr.base.errors import KtstrError
from ktstr.tasks import bisect, cache, doctor, guest, kernel, project, replay, shell, suite, verifier

__all__ = ["main", "ns"]


def _with_exit_status(body: Callable[..., Any]) -> Callable[..., Any]:
    """The task body, which ends with one line and status 2 for a user's error, with status 130 for Ctrl-C, and with the
    status of a program killed by SIGPIPE if nobody reads its output any more."""

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
            # The reader has seen enough (`| head`). Python must not try to write the rest at its exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise Exit(code=128 + signal.SIGPIPE) from None

    return wrapper


def gather(*modules: ModuleType) -> Collection:
    """One flat collection of the tasks of `modules`."""
    collection = Collection()
    for module in modules:
        for task in vars(module).values():
            if isinstance(task, Task):
                # Invoke's own runner does not know our errors, so each task handles them itself.
                task = copy.copy(task)
                task.body = _with_exit_status(task.body)
                collection.add_task(task)
    return collection


ns = gather(bisect, cache, doctor, guest, kernel, project, replay, shell, suite, verifier)
"""The tasks of the ktstr command; invoke looks for this name."""


class _Ktstr(Program):
    """The `ktstr` command. A mistake on its command line is status 2, because 1 says that a verdict failed.

    Invoke must not read what follows the verbs of a suite. It is handed over as if it followed `--`, and in a shell's
    quotes, because Invoke joins it with spaces.
    """

    def parse_core(self, argv: list[str] | None) -> None:
        words = sys.argv if argv is None else argv
        if len(words) > 2 and words[1] in suite.VERBS:
            rest = words[3:] if words[2] == "--" else words[2:]
            words = [*words[:2], "--", *map(shlex.quote, rest)]
        try:
            super().parse_core(words)
        except ParseError as error:
            raise Exit(f"ktstr: {error}", code=2) from None

    def parse_collection(self) -> None:
        super().parse_collection()
        if self.args.complete.value:
            # The line as typed, its program first. Invoke does not know these options.
            words = self.core.remainder.split()
            if len(words) > 2 and words[1] in suite.VERBS and words[-1].startswith("-"):
                from ktstr.plugin.suite import suite_options

                print("\n".join(suite_options(words[1])))
                raise Exit

    def parse_tasks(self) -> None:
        try:
            super().parse_tasks()
        except ParseError as error:
            raise Exit(f"ktstr: {error}", code=2) from None


def main() -> None:
    """The `ktstr` command."""
    _Ktstr(namespace=ns, name="ktstr", binary="ktstr", version=version("ktstr")).run()
