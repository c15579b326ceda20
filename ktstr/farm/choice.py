"""The executor that a setting names: this machine, or a farm."""

from __future__ import annotations

import atexit
import importlib.util
from functools import cache

from ktstr.base.errors import KtstrError
from ktstr.farm.address import LOCAL, Address, parse
from ktstr.vm.executor import Executor
from ktstr.vm.local import LocalExecutor

__all__ = ["check_extra", "executor_of"]


def executor_of(text: str) -> Executor:
    """The executor that `text` names: `local`, or a scheduler's address. A process has one connection to a scheduler.

    KtstrError if it is neither, nobody answers there, or the extra `farm` is not installed.
    """
    return LocalExecutor() if text == LOCAL else _farm(parse(text, f"executor {text}: must be "))


def check_extra(what: str) -> None:
    """Raise KtstrError, beginning with `what`, if Dask is not installed."""
    if importlib.util.find_spec("distributed") is None:
        raise KtstrError(f"{what}: needs Dask, which is not installed: pip install 'ktstr[farm]'")


@cache
def _farm(address: Address) -> Executor:
    check_extra(f"executor {address}")
    from ktstr.farm.client import connect
    from ktstr.farm.executor import FarmExecutor

    connection = connect(address)
    atexit.register(connection.close)
    return FarmExecutor(
        connection
    )  # it may find no worker, and then the connection is left at the end all the same
