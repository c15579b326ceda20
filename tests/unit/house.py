"""The package read as data: its modules, their imports and their public names. Nothing is imported."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

__all__ = [
    "imports",
    "modules",
    "room",
    "rooms_of_page",
    "rooms_that_import_upwards",
    "strongly_connected",
    "undocumented",
]

# A row of the table of rooms in docs/design.md: | `vm/` | what it holds | ...
_ROW = re.compile(r"^\| `(\w+)/` \|", re.MULTILINE)


def modules(package: Path) -> dict[str, ast.Module]:
    """Every module of the package by its full name; a package's `__init__.py` has the package's name."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = ast.parse(path.read_text(), str(path))
    return found


def imports(trees: Mapping[str, ast.Module]) -> dict[str, set[str]]:
    """For each module those of `trees` that it imports anywhere: in functions and for type checkers too."""
    return {
        name: {target for target in _targets(tree, trees) if target != name} for name, tree in trees.items()
    }


def _targets(tree: ast.Module, trees: Mapping[str, ast.Module]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            named = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: imports are absolute"
            named = [_home(f"{node.module}.{alias.name}", trees) for alias in node.names]
        else:
            continue
        yield from (name for name in named if name in trees)


def _home(name: str, trees: Mapping[str, ast.Module]) -> str:
    """`from a.b import c` imports the module a.b.c if there is one, else a.b."""
    return name if name in trees else name.rpartition(".")[0]


def strongly_connected(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Every circle of `graph`: the sets of two or more modules that all reach each other, sorted."""
    reach = {name: _reachable(name, graph) for name in graph}
    circles = {
        tuple(sorted({other for other in reach[name] if name in reach[other]}))
        for name in graph
        if name in reach[name]
    }
    return sorted(map(list, circles))


def _reachable(start: str, graph: Mapping[str, set[str]]) -> set[str]:
    """What `start` imports, directly or through others; `start` itself only if it is in a circle."""
    found: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += graph[name]
    return found


def room(module: str) -> str:
    """The room of a module; empty for one at the top of the package."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def rooms_of_page(page: str) -> list[str]:
    """The rooms in the order of the page's table, the lowest first."""
    return _ROW.findall(page)


def rooms_that_import_upwards(graph: Mapping[str, set[str]], order: list[str]) -> list[str]:
    """The imports from a lower room of `order` into a higher one, a line each."""
    height = {name: number for number, name in enumerate(order)}
    return [
        f"{module} imports {target}"
        for module, targets in sorted(graph.items())
        for target in sorted(targets)
        if room(module) in height and height.get(room(target), len(order)) > height[room(module)]
    ]


def undocumented(name: str, source: str) -> list[str]:
    """The names of the module's `__all__` that it defines and does not document.

    A function and a class need a docstring; a constant or a type alias needs one in the statement after it, or a
    comment on its line or the line before.
    """
    tree, lines = ast.parse(source), source.splitlines()
    public, missing = _public(tree), []
    for node, after in zip(tree.body, [*tree.body[1:], None], strict=False):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                defined, documented = node.name, bool(ast.get_docstring(node))
            case ast.Assign(targets=[ast.Name(id=defined)]) | ast.AnnAssign(target=ast.Name(id=defined)):
                comment = lines[node.lineno - 2].startswith("#") or "  # " in lines[node.lineno - 1]
                documented = comment or _is_text(after)
            case _:
                continue
        if defined in public and not documented:
            missing.append(f"{name}: {defined}")
    return missing


def _public(tree: ast.Module) -> set[str]:
    """The names that `__all__` spells out. What it gathers from a table, other modules define and document."""
    for node in tree.body:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id="__all__")], value=ast.expr() as names)
                | ast.AnnAssign(target=ast.Name(id="__all__"), value=ast.expr() as names)
            ):
                constants = (node.value for node in ast.walk(names) if isinstance(node, ast.Constant))
                return {value for value in constants if isinstance(value, str)}
    return set()


def _is_text(node: ast.stmt | None) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
