"""What a process finds out once, and again only if its environment changes: which compilers there are, and the like."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from ktstr.base.stamp import Stamp, is_settled, stamp_of

__all__ = ["kept_file", "per_environment"]

_P = ParamSpec("_P")
_T = TypeVar("_T")
_VARIABLES = tuple(
    name.encode()
    for name in (
        *("PATH", "HOME", "XDG_CACHE_HOME", "KTSTR_CACHE_DIR"),
        *("KTSTR_CLANG", "KTSTR_SOURCES", "KTSTR_DEBIAN_MIRROR"),
        *("KTSTR_REMOTE_CACHE", "KTSTR_REMOTE_CACHE_WRITE", "KTSTR_OFFLINE"),
        # gcc(1) and clang(1), "Environment".
        *("CC", "CPATH", "C_INCLUDE_PATH", "COMPILER_PATH", "GCC_EXEC_PREFIX"),
        *("LANG", "LC_ALL", "LIBRARY_PATH"),
    )
)
_AGAIN_S = 60.0


def _environment() -> tuple[bytes | None, ...]:
    return tuple(map(os.environb.get, _VARIABLES))  # as bytes: a remembered test asks a hundred times


def _are_settled(arguments: tuple[object, ...]) -> bool:
    """Whether any later change gives another stamp, for all stamps in the tuples among the arguments."""
    several = (one for argument in arguments if isinstance(argument, tuple) for one in argument)
    return all(is_settled(one) for one in several if isinstance(one, Stamp))


def per_environment(function: Callable[_P, _T]) -> Callable[_P, _T]:
    """Keep what `function` gave for the same arguments, which can be hashed, and the same environment variables.

    The variables are those by which compilers, ktstr's cache and its sources are found. A session asks for the same
    compilers with each of its tests, and a search of PATH alone takes milliseconds. Nothing is kept for a stamp among
    the arguments that the next change may not alter, and no exception.
    """
    kept: dict[object, _T] = {}

    @functools.wraps(function)
    def once(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        key = (args, tuple(kwargs.items()), _environment())
        if key in kept:
            return kept[key]
        settled = _are_settled(args)  # before the files are read
        found = function(*args, **kwargs)
        if settled:
            kept[key] = found
        return found

    return once


def kept_file(function: Callable[_P, Path]) -> Callable[_P, Path]:
    """Keep the file of the cache that `function` gave: for a minute, while no change gives the file another stamp.

    For what a session needs with each of its tests and has of ktstr itself, such as the agent: its sources are as this
    process found them. Arguments and environment are as for `per_environment`. After a minute `function` is asked
    again, so that an entry that is in use is seen to be.
    """
    kept: dict[object, tuple[Path, Stamp, float]] = {}

    @functools.wraps(function)
    def once(*args: _P.args, **kwargs: _P.kwargs) -> Path:
        key = (args, tuple(kwargs.items()), _environment())
        if (known := kept.get(key)) and time.monotonic() < known[2] and stamp_of(known[0]) == known[1]:
            return known[0]
        settled = _are_settled(args)
        path = function(*args, **kwargs)
        if settled and (stamp := stamp_of(path)) is not None and is_settled(stamp):
            kept[key] = (path, stamp, time.monotonic() + _AGAIN_S)
        return path

    return once
