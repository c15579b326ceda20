"""The public interface: all that can be reached can be named, is typed and documented, and has a reference."""

from __future__ import annotations

import ast
import builtins
import dataclasses
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from enum import Enum
from functools import cached_property
from pathlib import Path
from types import FunctionType
from typing import Any, get_args, get_type_hints

import api_reference
import pytest

import ktstr
from ktstr.base.docstrings import field_docs
from ktstr.plugin import hookspec

ROOT = Path(__file__).parents[2]
PUBLIC = {name: getattr(ktstr, name) for name in ktstr.__all__}
CLASSES = [value for value in PUBLIC.values() if isinstance(value, type)]


def ktstr_types(hint: Any) -> Iterator[type]:
    """The types of ours in an annotation."""
    if isinstance(hint, type) and hint.__module__.startswith("ktstr"):
        yield hint
    for argument in get_args(hint):
        yield from ktstr_types(argument)


def functions(kind: type) -> dict[str, FunctionType]:
    """The public methods and properties of a class, as functions."""
    found = {}
    for name, value in vars(kind).items():
        if isinstance(value, property):
            value = value.fget
        elif isinstance(value, cached_property):
            value = value.func
        elif isinstance(value, classmethod | staticmethod):
            value = value.__func__
        if isinstance(value, FunctionType) and not name.startswith("_"):
            found[name] = value
    return found


def hints(thing: Any) -> dict[str, Any]:
    """Its annotations. What a module imports for type checkers only is public, or standard."""
    return {
        name: hint
        for name, hint in get_type_hints(thing, localns={**PUBLIC, **vars(builtins)}).items()
        if not name.startswith("_")
    }


def public_annotations() -> Iterator[tuple[str, Any]]:
    """Each annotation of the public interface, and where it is."""
    things: dict[str, Any] = {**PUBLIC, **{name: getattr(hookspec, name) for name in hookspec.__all__}}
    for package in ("scenarios", "payloads"):
        module = getattr(ktstr, package)
        things |= {f"{package}.{name}": getattr(module, name) for name in module.__all__}
    for name, thing in things.items():
        if isinstance(thing, FunctionType):
            yield from ((f"{name}: {argument}", hint) for argument, hint in hints(thing).items())
        elif isinstance(thing, type):
            yield from ((f"{name}.{field}", hint) for field, hint in hints(thing).items())
            for method, function in functions(thing).items():
                yield from ((f"{name}.{method}: {one}", hint) for one, hint in hints(function).items())


def test_every_reachable_type_can_be_named() -> None:
    public = set(CLASSES)
    missing = {
        f"{kind.__name__} ({where})"
        for where, hint in public_annotations()
        for kind in ktstr_types(hint)
        if kind not in public
    }
    assert missing == set()


def test_everything_public_is_typed() -> None:
    untyped = []
    things = {
        **PUBLIC,
        **{f"{kind.__name__}.{name}": one for kind in CLASSES for name, one in functions(kind).items()},
    }
    for name, thing in things.items():
        if isinstance(thing, FunctionType):
            parameters = [one for one in inspect.signature(thing).parameters if one not in ("self", "cls")]
            untyped += [
                f"{name}: {one}" for one in (*parameters, "return") if one not in thing.__annotations__
            ]
    assert untyped == []


def test_everything_public_is_documented() -> None:
    bare = []
    for name, value in PUBLIC.items():
        if isinstance(value, type | FunctionType) and not value.__doc__:
            bare.append(name)
        if isinstance(value, type):
            # dataclass invents a docstring: the signature.
            bare += [name] if (value.__doc__ or "").startswith(f"{name}(") else []
            bare += [f"{name}.{one}" for one, function in functions(value).items() if not function.__doc__]
    assert bare == []


def fields(kind: type) -> list[str]:
    """The public attributes of a class that are not methods."""
    if issubclass(kind, Enum):
        return list(kind.__members__)
    own = {field.name for field in dataclasses.fields(kind)} if dataclasses.is_dataclass(kind) else set()
    return sorted(own | {name for name in inspect.get_annotations(kind) if name[0] != "_"})


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: str(kind.__name__))
def test_every_field_is_documented(kind: type) -> None:
    documented = {*field_docs(kind), *re.findall(r"`(\w+)", kind.__doc__ or "")}
    assert [name for name in fields(kind) if name not in documented] == []


def test_a_context_has_its_documented_fields() -> None:
    assert {"test", "kernel", "seed", "artifacts", "runs"} <= set(fields(ktstr.Ctx))


def test_the_names_for_type_checkers_are_those_that_are_imported() -> None:
    tree = ast.parse(Path(ktstr.__file__).read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    imported = {
        (alias.asname, statement.module)
        for statement in block.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
        if alias.asname == alias.name  # with another name, or none, it is no public name
    }
    assert imported == set(ktstr._HOMES.items())
    assert sorted((*ktstr._HOMES, "scenarios", "payloads")) == ktstr.__all__ == dir(ktstr)


def test_importing_ktstr_imports_nothing_else() -> None:
    code = "import sys, ktstr; print([name for name in sys.modules if name.startswith('ktstr.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "[]\n"


def test_a_name_that_is_not_public_is_refused() -> None:
    with pytest.raises(AttributeError, match="module 'ktstr' has no attribute 'Nothing'"):
        ktstr.Nothing  # noqa: B018


def test_the_reference_is_the_generated_one() -> None:
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    assert page == api_reference.api_page(), "run: nox -s reference"


def test_the_reference_has_every_public_name_once() -> None:
    assert sorted(name for names in api_reference.SECTIONS.values() for name in names) == ktstr.__all__
