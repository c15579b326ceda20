"""How this user types a command: through nox and Invoke in a checkout of ktstr, else through `ktstr`."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

__all__ = ["typed"]

_ROOT = Path(__file__).resolve().parents[2]
_SESSIONS = ("setup", "test", "verifier")


def typed(verb: str, *words: str) -> str:
    """The command line for `verb` as a message shows it: `nox -s test -- --kernel 7.0`, `ktstr test --kernel 7.0`."""
    front = Path(sys.argv[0]).name
    if command := shlex.split(os.environ.get("KTSTR_COMMAND", "")):
        front = command[0]
    in_checkout = (_ROOT / "tasks.py").is_file() and Path.cwd().is_relative_to(_ROOT)
    if (
        front not in ("nox", "invoke", "inv") or not in_checkout
    ):  # another project's sessions have names of its own
        return shlex.join(["ktstr", verb, *words])
    if verb not in _SESSIONS:
        return shlex.join(["invoke", verb, *words])
    return shlex.join(["nox", "-s", verb, *(["--", *words] if words else [])])
