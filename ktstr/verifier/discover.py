"""Finding the declared schedulers: the test modules are imported, as pytest does, and nothing of them is run."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from ktstr import cache
from ktstr.errors import KtstrError
from ktstr.scheduler import Scheduler, registered

__all__ = ["declared_schedulers"]


def declared_schedulers(paths: Iterable[Path]) -> tuple[Scheduler, ...]:
    """What the modules at `paths` (files, or folders of `test_*.py` and `*_test.py`) declare, by name.

    KtstrError where a path is not there or a module cannot be imported.
    """
    for path in paths:
        for module in _modules(path):
            _load(module)
    return registered()


def _modules(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    elif path.is_dir():
        yield from sorted({*path.rglob("test_*.py"), *path.rglob("*_test.py")})
    else:
        raise KtstrError(f"{path}: no such file or folder of tests")


def _load(path: Path) -> None:
    path = path.absolute()
    # The folder's other modules can be imported by name, as pytest's default mode has it.
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    # A name of its own: modules of one name in two folders are two modules.
    name = f"_ktstr_{cache.digest(str(path))}_{path.stem}"
    if name in sys.modules:
        return
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise KtstrError(f"{path}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except KtstrError:
        del sys.modules[name]
        raise
    except Exception as error:
        del sys.modules[name]
        where = error.__traceback__
        line = ""
        while where is not None:
            if where.tb_frame.f_code.co_filename == str(path):
                line = f":{where.tb_lineno}"
            where = where.tb_next
        what = (str(error).splitlines() or [""])[0]
        raise KtstrError(f"{path}{line}: cannot be imported: {type(error).__name__}: {what}") from None
