"""`init` and `setup`: a starting point for tests in a scheduler's own project, and the packages that they need."""

from __future__ import annotations

from invoke import Context, Exit, task

__all__ = ["init", "setup"]


@task(
    help={
        "name": "the scheduler's name (default: that of the folder)",
        "binary": "the program that its build makes (default: the name)",
        "bpf": "the .bpf.c of a scheduler without a program of its own",
        "build": "the command that builds it (default: the usual one for a Makefile, Cargo.toml or meson.build)",
    }
)
def init(
    _context: Context,
    name: str | None = None,
    binary: str | None = None,
    bpf: str | None = None,
    build: str | None = None,
) -> None:
    """Write a first test, its requirements and a CI workflow into this folder; existing files stay as they are.

    ktstr init --bpf my_sched.bpf.c
    ktstr init --name my_sched --binary my_sched --build make
    """
    from pathlib import Path

    from ktstr.base.installed import installed
    from ktstr.tasks.starter import ci_wheel, starter, write_new

    ktstr = installed()
    files, hints = starter(Path.cwd(), ktstr, name=name, binary=binary, bpf=bpf, build=build)
    for path, written in write_new(Path.cwd(), {**files, **ci_wheel(ktstr)}):
        print(f"{'wrote' if written else 'exists already, left as it is:'} {path}")
    print("\n" + "\n".join(hints))


@task(help={"only": "the tools to install: required, advised or optional (default: required and advised)"})
def setup(_context: Context, only: str | None = None) -> None:
    """Install the system packages that tests need, or print the command that does so.

    ktstr setup
    ktstr setup --only required
    """
    from ktstr.host.setup import main

    if status := main(only):
        raise Exit(code=status)
