"""Finding what tests declare: their modules are imported, as pytest does, but no test is run."""

from __future__ import annotations

import difflib
import importlib.util
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from ktstr.base import cache
from ktstr.base.errors import KtstrError
from ktstr.declare.mistake import in_one_line
from ktstr.declare.scheduler import Scheduler, registered
from ktstr.declare.test import KtstrTest, record_of

__all__ = ["DeclaredTest", "declared_schedulers", "declared_tests", "default_paths", "find_test"]

_TESTS = ("tests/schedulers", "tests")
# pytest's own norecursedirs: folders that are not part of a project's tests.
_NOT_TESTS = ("build", "dist", "node_modules", "venv")


@dataclass(frozen=True)
class DeclaredTest:
    """A test, and the file and function by which pytest knows it."""

    path: Path
    function: str
    test: KtstrTest

    @property
    def nodeid(self) -> str:
        """pytest's id, without parameters."""
        return f"{self.path}::{self.function}"


def default_paths() -> list[Path]:
    """Where a project's tests are, unless a user names a path."""
    return [next((path for path in map(Path, _TESTS) if path.is_dir()), Path())]


def declared_schedulers(paths: Iterable[Path]) -> tuple[Scheduler, ...]:
    """What the modules at `paths` (files, or folders of `test_*.py` and `*_test.py`) declare, by name.

    KtstrError if a path does not exist or a module cannot be imported.
    """
    for path in paths:
        for module in _modules(path):
            _load(module)
    return registered()


def declared_tests(paths: Iterable[Path]) -> list[DeclaredTest]:
    """The tests that the modules at `paths` declare, in the order of the files; errors as above."""
    found = []
    for path in paths:
        for file in _modules(path):
            module = _load(file)
            found += [
                DeclaredTest(file, name, record)
                for name, value in vars(module).items()
                # Only in the module that declares it, not in one that imports it.
                if (record := record_of(value)) is not None and value.__module__ == module.__name__
            ]
    return found


def find_test(name: str) -> DeclaredTest:
    """The test that `name` means: a function, looked for in the project's tests, or `file::function`.

    Parameters in brackets are ignored. KtstrError if there is no such test, or if there are several.
    """
    file, _, function = name.partition("[")[0].rpartition("::")
    tests = declared_tests([Path(file)] if file else default_paths())
    found = [test for test in tests if test.function == function]
    if len(found) == 1:
        return found[0]
    if found:
        raise KtstrError(f"test {name}: means several: {', '.join(test.nodeid for test in found)}")
    names = sorted({test.function for test in tests})
    near = difflib.get_close_matches(function, names, n=3) or names[:10]
    where = file or ", ".join(str(path) for path in default_paths())
    hint = f"; near is {', '.join(near)}" if near else ", which has none made with @ktstr_test"
    raise KtstrError(
        f"test {name}: not in {where}{hint}; elsewhere, name its file: tests/test_mine.py::{function}"
    )


def _modules(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    elif path.is_dir():
        found = []
        for folder, folders, files in os.walk(path):
            folders[:] = [name for name in folders if name[0] != "." and name not in _NOT_TESTS]
            found += [
                Path(folder, name)
                for name in files
                if name.endswith(".py") and (name.startswith("test_") or name.endswith("_test.py"))
            ]
        yield from sorted(found)
    else:
        raise KtstrError(f"{path}: no such file or folder of tests")


def _load(path: Path) -> ModuleType:
    path = path.absolute()
    # The folder's other modules can be imported by name, as in pytest's default import mode.
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    # A unique name: two modules of one name in two folders are two modules.
    name = f"_ktstr_{cache.digest(str(path))}_{path.stem}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise KtstrError(f"{path}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise KtstrError(in_one_line(error)) from None
    return module
