"""A mistake in a user's Python file, in one line: where it is, what it is, and the nearest name that would be right."""

from __future__ import annotations

import builtins
import inspect
import re
import sys
import sysconfig
from collections.abc import Callable, Iterable
from pathlib import Path
from types import FrameType, ModuleType, TracebackType

from ktstr.base.errors import KtstrError
from ktstr.base.nearest import near
from ktstr.declare.settings import shown_path

__all__ = ["explained", "in_one_line", "place"]

_PACKAGE = str(Path(__file__).parents[1])
_UNEXPECTED = re.compile(r"(?P<called>[\w.<>]+)\(\) got an unexpected keyword argument '(?P<word>\w+)'")
_NOT_IN_MODULE = re.compile(r"cannot import name '(?P<word>\w+)' from '(?P<module>[\w.]+)'")


def in_one_line(error: BaseException, file: Path | None = None) -> str:
    """`tests/test_it.py:12: TypeError: ...` for any exception that a user's file raised.

    `file` is where it is looked for; None: the last file of the user's in the traceback.
    """
    text = str(error) if isinstance(error, KtstrError) else explained(error) or _plain(error)
    found = place(error, file)
    if found is None:
        return text
    path, line = found
    # A declaration names its file already.
    return f"{shown_path(path)}:{line}: {text.removeprefix(f'{path}: ')}"


def explained(error: BaseException) -> str | None:
    """What is wrong, if it is a name that does not exist or text that is not Python; None for any other exception."""
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg}"
    if isinstance(error, TypeError) and (match := _UNEXPECTED.search(str(error))):
        accepted = _parameters(match["called"], _last_frame(error))
        listed = f"; accepted are {', '.join(accepted)}" if accepted else ""
        return f"TypeError: {match[0]}{near(match['word'], accepted)}{listed}"
    if isinstance(error, ImportError):
        match = _NOT_IN_MODULE.search(str(error))
        if match is None:
            return f"{type(error).__name__}: {_first_line(error)}{_import_of(error.name or '')}"
        module = sys.modules.get(match["module"])
        return f"ImportError: {match[0]}{near(match['word'], dir(module) if module else ())}"
    if isinstance(error, AttributeError) and error.name:
        return f"AttributeError: {_first_line(error)}{near(error.name, _public(dir(error.obj)))}"
    if isinstance(error, NameError) and error.name:
        frame = _last_frame(error)
        names = {*frame.f_globals, *frame.f_locals, *vars(builtins)} if frame else {*vars(builtins)}
        return f"NameError: {_first_line(error)}{near(error.name, names)}"
    return None


def _import_of(module: str) -> str:
    """What to write instead of the import of a module that does not exist; empty if that is not known."""
    package, _, name = module.partition(".")
    known = sys.modules.get("ktstr")
    if package == "ktstr" and known is not None and name in dir(known):
        return f"; write from ktstr import {name}"
    return near(module, ["ktstr"])


def place(error: BaseException, file: Path | None = None) -> tuple[Path, int] | None:
    """The file and line of an exception: the last in `file`, or, without one, the last that is the user's."""
    if isinstance(error, SyntaxError) and error.filename:
        return Path(error.filename), error.lineno or 1
    found = None
    trace = error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name == str(file) if file is not None else _is_users(name):
            found = Path(name), trace.tb_lineno
        trace = trace.tb_next
    return found


def _is_users(name: str) -> bool:
    libraries = (_PACKAGE, sysconfig.get_path("stdlib"), sysconfig.get_path("purelib"))
    return not name.startswith(("<", *libraries))


def _plain(error: BaseException) -> str:
    text = _first_line(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), "")


def _public(names: Iterable[str]) -> list[str]:
    return [name for name in names if not name.startswith("_")]


def _last_frame(error: BaseException) -> FrameType | None:
    """The frame that raised the exception; for a wrong argument that is the caller's."""
    trace: TracebackType | None = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace.tb_frame if trace is not None else None


def _parameters(called: str, frame: FrameType | None) -> list[str]:
    """The arguments that can be given by name to what an error calls `called`; none if it is not found.

    It is found among the names that the caller can see, and in the modules among them.
    """
    name = called.removesuffix(".__init__")
    kind, _, method = name.rpartition(".")
    for value in _visible(frame):
        # Of a class the error says `Step.__init__`, of a function `steady`, and of a method `Ctx.run`.
        if callable(value) and getattr(value, "__qualname__", "") == name:
            return _by_name(value)
        if method and type(value).__qualname__ == kind and callable(getattr(value, method, None)):
            return _by_name(getattr(value, method))
    return []


def _visible(frame: FrameType | None) -> Iterable[object]:
    own = [] if frame is None else [*frame.f_locals.values(), *frame.f_globals.values()]
    yield from own
    for value in own:
        if isinstance(value, ModuleType):
            yield from list(vars(value).values())


def _by_name(value: Callable[..., object]) -> list[str]:
    try:
        parameters = inspect.signature(value).parameters.values()
    except (TypeError, ValueError):
        return []
    by_name = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [parameter.name for parameter in parameters if parameter.kind in by_name]
