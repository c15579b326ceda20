"""The verbs that act on things, as Invoke tasks: `invoke -l` lists them, and so does `ktstr -l`.

One module a noun; their tasks lie flat in one collection. It serves `invoke` (through tasks.py in a
checkout) and the `ktstr` command, which needs no files of ours.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from importlib.metadata import version
from types import ModuleType
from typing import Any

from invoke import Collection, Exit, ParseError, Program, Task

from ktstr.errors import KtstrError
from ktstr.tasks import cache, doctor, guest, kernel, replay, verifier

__all__ = ["main", "ns"]


def _with_exit_status(body: Callable[..., Any]) -> Callable[..., Any]:
    """The task body with a user's error turned into one line and status 2, and Ctrl-C into status 130."""

    @functools.wraps(body)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            return body(*args, **kwargs)
        except KtstrError as error:
            raise Exit(f"ktstr: {error}", code=2) from None
        except KeyboardInterrupt:
            raise Exit(code=130) from None

    return wrapper


def gather(*modules: ModuleType) -> Collection:
    """One flat collection of the tasks of `modules`."""
    collection = Collection()
    for module in modules:
        for task in vars(module).values():
            if isinstance(task, Task):
                # Invoke's own runner knows nothing of our errors, so each task brings the handling along.
                task = copy.copy(task)
                task.body = _with_exit_status(task.body)
                collection.add_task(task)
    return collection


ns = gather(cache, doctor, guest, kernel, replay, verifier)


class _Ktstr(Program):
    """The `ktstr` command: a mistake on its command line is status 2, since 1 says that a verdict failed."""

    def parse_core(self, argv: list[str] | None) -> None:
        try:
            super().parse_core(argv)
        except ParseError as error:
            raise Exit(f"ktstr: {error}", code=2) from None

    def parse_tasks(self) -> None:
        try:
            super().parse_tasks()
        except ParseError as error:
            raise Exit(f"ktstr: {error}", code=2) from None


def main() -> None:
    """The `ktstr` command."""
    _Ktstr(namespace=ns, name="ktstr", binary="ktstr", version=version("ktstr")).run()
