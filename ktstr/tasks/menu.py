"""All tasks in one flat collection."""

from __future__ import annotations

import copy
import functools
from collections.abc import Mapping
from types import ModuleType

from invoke import Collection, Task
from invoke.parser import ParserContext

from ktstr.tasks import (
    bisect,
    cache,
    compare,
    doctor,
    guest,
    kernel,
    project,
    replay,
    report,
    runs,
    shell,
    suite,
    trace,
    verifier,
    worker,
)
from ktstr.tasks.ending import with_exit_status

__all__ = ["contexts", "gather", "ns"]


def gather(*modules: ModuleType) -> Collection:
    """One flat collection of the tasks of `modules`."""
    collection = Collection()
    for module in modules:
        for task in vars(module).values():
            if isinstance(task, Task):
                # Invoke's own runner does not know our errors, so each task handles them itself.
                task = copy.copy(task)
                task.body = with_exit_status(task.body)
                collection.add_task(task)
    return collection


ns = gather(
    bisect,
    cache,
    compare,
    doctor,
    guest,
    kernel,
    project,
    replay,
    report,
    runs,
    shell,
    suite,
    trace,
    verifier,
    worker,
)
"""The tasks of the ktstr command; invoke looks for this name."""


@functools.cache  # a task gives the help of its options away when it is first asked
def contexts() -> Mapping[str, ParserContext]:
    """What Invoke's parser knows of each task, by the task's name: its options, and its arguments without a name."""
    return {str(context.name): context for context in ns.to_contexts()}
