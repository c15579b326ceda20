"""The words by which a user selects tests, files and `file::name`, and what is wrong with one that selects nothing."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.base.nearest import nearest

__all__ = ["check_files", "no_such_test"]

_SHOWN = 10


def check_files(words: Sequence[str], folder: Path) -> None:
    """Raise KtstrError for the first word whose file does not exist; relative paths are below `folder`."""
    for word in words:
        name = _file_of(word)
        if not (folder / name).exists():
            raise KtstrError(f"{name}: no such file or folder of tests{_hint(name, folder)}")


def no_such_test(words: Sequence[str], folder: Path) -> str | None:
    """Which of the words names a test that its file does not have, and what it has; None if all seem to be there."""
    for word in words:
        name = _file_of(word)
        wanted = word.removeprefix(name).removeprefix("::").partition("[")[0].split("::")[-1]
        if not wanted or not (folder / name).is_file():
            continue
        declared = _functions(folder / name)
        if wanted not in declared:
            near = nearest(wanted, declared, 3)
            has = f"near is {', '.join(near)}" if near else f"it has {', '.join(declared[:_SHOWN]) or 'none'}"
            return f"{name}: no test {wanted}; {has}"
        if "[" in word:
            kernel = word.partition("[")[2].rstrip("]").partition("-")[0]
            return f"{word}: {wanted} has no such variant; a kernel is named by --kernel {kernel}"
    return None


def _file_of(word: str) -> str:
    return word.partition("::")[0]


def _hint(name: str, folder: Path) -> str:
    from ktstr.kernel.spec import parse

    try:
        parse(name)
    except KtstrError:
        pass
    else:
        if name[:1] not in "./~":
            return f"; a kernel is named by --kernel {name}"
    parent = Path(name).parent
    if not (folder / parent).is_dir():
        return ""
    files = [path.name for path in (folder / parent).iterdir() if path.suffix == ".py" or path.is_dir()]
    near = nearest(Path(name).name, (file for file in files if file[0] != "."), 3)
    return f"; near is {', '.join(str(parent / one) for one in near)}" if near else ""


def _functions(path: Path) -> list[str]:
    """The functions and classes that a file defines, read but not run."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, OSError):
        return []
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return [node.name for node in ast.walk(tree) if isinstance(node, kinds)]
