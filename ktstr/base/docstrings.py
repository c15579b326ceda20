"""The documentation of fields: the string after each, which Python itself does not keep."""

from __future__ import annotations

import ast
import inspect
import sys
from functools import cache
from itertools import pairwise
from types import ModuleType

__all__ = ["field_docs", "value_docs"]


def field_docs(kind: type) -> dict[str, str]:
    """The strings after the fields of a class, those of its bases included, by the fields' names."""
    docs: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if module := sys.modules.get(base.__module__) if base.__module__.startswith("ktstr") else None:
            docs |= _all_docs(module).get(base.__qualname__, {})
    # A TypedDict has no other base than dict, whatever it was declared with.
    return docs or _all_docs(sys.modules[kind.__module__]).get(kind.__qualname__, {})


def value_docs(module: ModuleType) -> dict[str, str]:
    """The strings after the module's own names."""
    return _all_docs(module)[""]


@cache
def _all_docs(module: ModuleType) -> dict[str, dict[str, str]]:
    tree = ast.parse(inspect.getsource(module))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    return {"": _docs_in(tree.body)} | {node.name: _docs_in(node.body) for node in classes}


def _docs_in(body: list[ast.stmt]) -> dict[str, str]:
    docs = {}
    for statement, after in pairwise(body):
        target = (
            statement.target
            if isinstance(statement, ast.AnnAssign)
            else statement.targets[0]
            if isinstance(statement, ast.Assign)
            else None
        )
        if (
            isinstance(target, ast.Name)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
            and isinstance(after.value.value, str)
        ):
            docs[target.id] = inspect.cleandoc(after.value.value)
    return docs
