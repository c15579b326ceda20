"""Sessions for another project's noxfile: `from ktstr.nox import add_sessions`, then `add_sessions()`."""

from __future__ import annotations

import functools
import sys
from collections.abc import Sequence

import nox

from ktstr.plugin.suite import suite_command, suite_environment

__all__ = ["add_sessions"]

_DESCRIPTIONS = {
    "test": "Test this project's schedulers in VMs: nox -s {name} -- [--kernel 7.0] [-k name] ...",
    "verifier": "Sweep this project's schedulers through the BPF verifier: nox -s {name} -- [--kernel 7.0] ...",
    "perf": "Say what got worse since a commit: nox -s {name} -- [--base main] [--seeds 10] [--kernel 7.0] ...",
}


def add_sessions(prefix: str = "", install: Sequence[str] = ()) -> None:
    """Add the sessions `test`, `verifier` and `perf`, with `prefix` before their names.

    They run in nox's own environment, which has ktstr, because this module was imported. With `install`, the arguments
    of a `pip install` that must bring ktstr (`["-e", ".[ktstr]"]`), each session has an environment of its own.
    """
    for verb, description in _DESCRIPTIONS.items():
        body = functools.partial(_run, verb=verb, install=tuple(install))
        body.__doc__ = description.format(name=prefix + verb)  # what `nox -l` shows
        nox.session(name=prefix + verb, venv_backend=None if install else "none")(body)


def _run(session: nox.Session, verb: str, install: Sequence[str]) -> None:
    if install:
        session.install(*install)
    python = "python" if install else sys.executable
    session.run(
        *suite_command(verb, session.posargs, python),
        env={
            **suite_environment(["nox", "-s", session.name, "--", *session.posargs]),
            "KTSTR_DIE_WITH_PARENT": "1",  # a killed nox must not leave VMs behind
        },
    )
