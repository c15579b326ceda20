"""The executor that a setting names: this machine, or a farm."""

from __future__ import annotations

import atexit
import importlib.util
from functools import cache

from ktstr.base.errors import KtstrError
from ktstr.farm.address import LOCAL, Address, parse
from ktstr.vm.executor import Executor

__all__ = ["check_extra", "executor_of"]


def executor_of(text: str) -> Executor:
    """The executor that `text` names: `local`, or a scheduler's address. A process has one connection to a scheduler.

    KtstrError if it is neither, nobody answers there, or the extra `farm` is not installed.
    """
    if text != LOCAL:
        return _farm(parse(text, f"executor {text}: must be "))
    from ktstr.vm.local import LocalExecutor  # who runs guests elsewhere needs no emulator

    return LocalExecutor()


def check_extra(what: str) -> None:
    """Raise KtstrError, beginning with `what`, if Dask is not installed."""
    if importlib.util.find_spec("distributed") is None:
        raise KtstrError(f"{what}: needs Dask, which is not installed: pip install distributed")


@cache
def _farm(address: Address) -> Executor:
    check_extra(f"executor {address}")
    from ktstr.farm.client import connect
    from ktstr.farm.executor import FarmExecutor

    connection = connect(address)
    atexit.register(connection.close)  # also if no worker is found
    return FarmExecutor(connection)
