"""What a process finds out once, and again only if its environment changes: which compilers there are, and the like."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from ktstr.base.stamp import Stamp, is_settled

__all__ = ["per_environment"]

_P = ParamSpec("_P")
_T = TypeVar("_T")
_VARIABLES = (
    *(
        "PATH",
        "HOME",
        "XDG_CACHE_HOME",
        "KTSTR_CACHE_DIR",
        "KTSTR_CLANG",
        "KTSTR_SOURCES",
        "KTSTR_DEBIAN_MIRROR",
    ),
    # gcc(1) and clang(1), "Environment".
    *("CC", "CPATH", "C_INCLUDE_PATH", "COMPILER_PATH", "GCC_EXEC_PREFIX", "LANG", "LC_ALL", "LIBRARY_PATH"),
)


def per_environment(function: Callable[_P, _T]) -> Callable[_P, _T]:
    """Keep what `function` gave for the same arguments, which can be hashed, and the same environment variables.

    The variables are those by which compilers, ktstr's cache and its sources are found. A session asks for the same
    compilers with each of its tests, and a search of PATH alone takes milliseconds. Nothing is kept for a stamp among
    the arguments that the next change may not alter, and no exception.
    """
    kept: dict[object, _T] = {}

    @functools.wraps(function)
    def once(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        stamps = [one for arg in args if isinstance(arg, tuple) for one in arg if isinstance(one, Stamp)]
        if not all(map(is_settled, stamps)):
            return function(*args, **kwargs)
        key = (args, tuple(kwargs.items()), *map(os.environ.get, _VARIABLES))
        if key not in kept:
            kept[key] = function(*args, **kwargs)
        return kept[key]

    return once
