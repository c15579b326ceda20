"""Commands run as in a project that knows nothing of this checkout."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from ktstr.bpf.libbpf import libbpf
from ktstr.toolchain.compiler import bpf_clang

__all__ = ["ROOT", "environment", "outside", "run"]

ROOT = Path(__file__).parents[2]


def run(*command: str | Path, cwd: Path, **settings: str) -> str:
    """What a command printed; it has to succeed."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**outside(), **settings},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def outside() -> Mapping[str, str]:
    """The environment without variables that lead to this checkout or say that one of its tests runs."""
    dropped = re.compile(r"PYTHON.*|PYTEST.*|VIRTUAL_ENV|COV_.*|KTSTR_(COMMAND|DIE_WITH_PARENT)|GITHUB_.*")
    kept = {name: value for name, value in os.environ.items() if not dropped.fullmatch(name)}
    here = str(Path(sys.executable).parent)
    kept["PATH"] = os.pathsep.join(one for one in kept["PATH"].split(os.pathsep) if one != here)
    return {**kept, "LIBBPF": str(libbpf().include.parent), "CLANG": bpf_clang().command[0]}


def environment(folder: Path, *requirements: str | Path, python: str = sys.executable) -> Path:
    """The `bin` of a new environment of `python`'s with `requirements`; nothing of them may be compiled."""
    run(sys.executable, "-m", "virtualenv", "--quiet", "--python", python, folder, cwd=folder.parent)
    pip = (folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--only-binary=:all:")
    run(*pip, *requirements, cwd=folder.parent)
    return folder / "bin"
