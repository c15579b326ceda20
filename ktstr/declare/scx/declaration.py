"""Declaring a scheduler of an scx tree: its own program, built by cargo, or its BPF part alone."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ktstr.base.errors import KtstrError
from ktstr.base.values import command, path_of, shown, string
from ktstr.bpf.scx_tree import ScxScheduler, read_scx
from ktstr.declare.caller import caller
from ktstr.declare.scheduler import Scheduler, declare_scheduler
from ktstr.declare.scx.recipe import GLUE, Recipe
from ktstr.declare.scx.recipes import RECIPES

__all__ = ["declare_scx"]

_PARTS = ("auto", "program", "bpf")
_SAID = ("bpf", "binary", "binary_path", "build")
_FOR_PROGRAM = ("sched_args",)
_FOR_BPF = (
    "ops",
    "rodata",
    "values",
    "setup_programs",
    "start_programs",
    "programs",
    "bpf_cflags",
    "vmlinux_h",
)


def declare_scx(
    scx: str,
    *,
    tree: str | Path,
    name: str | None = None,
    part: str = "auto",
    cargo: str | Sequence[str] = "cargo build --release",
    recipe: bool = True,
    **fields: Any,
) -> Scheduler:
    """Declare scheduler `scx`, such as `"scx_rusty"`, of the checkout of the scx project at `tree`.

    `part` is what of it is run: `"program"` is its own program, which `cargo`, with `-p` and the scheduler's name
    added, builds in the tree. `"bpf"` is its BPF part alone, compiled from the sources that its build script names,
    and set up as ktstr's recipe for it says (docs/scx.md); `recipe=False` leaves that to the fields. `"auto"` is the
    program if there is a cargo, else the BPF part.

    `name` is the declaration's (None: `scx`). `fields` are those of `declare_scheduler`: `sched_args` goes to the
    program alone; `values`, `setup_programs`, `bpf_cflags` and the like are for the BPF part, and are added to the
    recipe's, of which the value None takes one out. A relative `tree` is relative to the declaring file.

    Raises KtstrError naming the field if a value is not acceptable, if the tree has no such scheduler, or if its BPF
    part does nothing without its program.
    """
    name, (where, _) = name or scx, caller()
    try:
        if part not in _PARTS:
            raise KtstrError(f"part={shown(part)}: must be {', '.join(_PARTS[:-1])} or {_PARTS[-1]}")
        for field in _SAID:
            if field in fields:
                raise KtstrError(f"{field}: is what the tree says; declare_scheduler takes it")
        found = read_scx(_tree(tree, where), string(scx, "scx"))
        if part == "program" or (part == "auto" and shutil.which("cargo")):
            said = _program(found, command(cargo, "cargo"), fields)
        elif found.sources:
            said = _bpf_part(found, RECIPES.get(scx, Recipe()) if recipe else Recipe(), fields)
        else:
            raise KtstrError(
                f"scx={scx}: has no BPF sources of its own: its program takes the decisions; part='program' builds it"
            )
    except KtstrError as error:
        raise KtstrError(f"{where}: scheduler {shown(name)}: {error}") from None
    return declare_scheduler(name, **said)


def _program(found: ScxScheduler, cargo: Sequence[str], given: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields of the program's declaration."""
    # `build` runs where the declaring file is. Cargo's configuration and rustup's toolchain are those of the folder in
    # which cargo runs; with `--manifest-path` they would not be the tree's.
    there = ("env", f"--chdir={found.tree}")
    folder = "release" if {"--release", "-r"} & set(cargo) else "debug"
    return {key: value for key, value in given.items() if key not in _FOR_BPF} | {
        "build": [*there, *cargo, "-p", found.name],
        "binary_path": found.tree / "target" / folder / found.name,
    }


def _bpf_part(found: ScxScheduler, recipe: Recipe, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields of the BPF part's declaration: those that are `given` come before the recipe's."""
    main, *more = found.sources
    cflags = list(found.cflags)
    if recipe.main:
        cflags.append(f"-I{main.parent}")
        main = GLUE / recipe.main
    usual = {"vmlinux_h": found.vmlinux_h, "attach_timeout_s": recipe.attach_timeout_s}
    added = {
        "values": recipe.values,
        "setup_programs": recipe.setup_programs,
        "start_programs": recipe.start_programs,
        "programs": recipe.programs,
    }
    return {
        **{key: value for key, value in usual.items() if value is not None},
        **{key: value for key, value in given.items() if key not in _FOR_PROGRAM},
        **{key: _together(value, given.get(key) or {}) for key, value in added.items()},
        "bpf": [main, *more, *(GLUE / source for source in recipe.more)],
        "bpf_cflags": [*cflags, *given.get("bpf_cflags", ())],
    }


def _together(recipe: Mapping[str, Any], given: Mapping[str, Any]) -> Mapping[str, Any]:
    """The recipe's with those given, of which None takes one of the recipe's out."""
    return {key: value for key, value in {**recipe, **given}.items() if value is not None}


def _tree(value: object, where: str) -> Path:
    """The tree's folder; a relative one is relative to the declaring file."""
    path = path_of(value, "tree").expanduser()
    return path if path.is_absolute() else (Path(where).parent / path).resolve()
