"""`python -m ktstr.host.setup`: installs the system packages that the tests need and the host lacks.

Nothing else in ktstr installs any. If it may not, it prints the command that would.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from typing import get_args

from ktstr.base.errors import KtstrError
from ktstr.host.distribution import Distribution, distribution, root_prefix
from ktstr.host.tools import TOOLS, Check, Need, Tool, check

__all__ = ["install_hint", "lacking", "main", "setup"]


def lacking(checks: Sequence[Check], *needs: Need) -> list[Check]:
    """Those of `checks` whose tool is missing or unusable and has one of `needs`."""
    return [one for one in checks if one.tool.need in needs and not one.found]


def install_hint(missing: Sequence[Check], host: Distribution) -> str:
    """The command that installs what is `missing`, or in words what to install."""
    command = host.install_command(host.packages(one.tool for one in missing))
    if not command:
        return f"install {', '.join(one.tool.name for one in missing)} with this system's package manager"
    return shlex.join(command if os.geteuid() == 0 else ["sudo", *command])


def setup(
    tools: Sequence[Tool],
    host: Distribution,
    prefix: Sequence[str] | None,
    needs: Sequence[Need] = ("required", "advised"),
) -> None:
    """Install those of `tools` that are missing and have one of `needs`.

    `prefix` is put before a command to run it as root; None means that this is not allowed. KtstrError, with the
    command to run, if a required tool is still missing in the end.
    """
    missing = lacking(check(tools), *needs)
    if not missing:
        return
    if host.family is None or prefix is None:
        hint = f"setup: may not install packages here; run: {install_hint(missing, host)}"
        if lacking(missing, "required"):
            raise KtstrError(hint)
        print(hint)
        return
    install(host.packages(one.tool for one in missing), host, prefix)
    if missing := lacking(check(tools), "required"):
        still = ", ".join(f"{one.tool.name} ({one.problem})" for one in missing)
        raise KtstrError(f"setup: installed, but still not usable: {still}; see `ktstr doctor`")


def install(packages: Sequence[str], host: Distribution, prefix: Sequence[str]) -> None:
    """Install `packages`, with `prefix` before each command to run it as root."""
    assert host.family is not None
    print(f"setup: installing {' '.join(packages)}", flush=True)
    # Debian's packages may ask questions.
    root = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive"]
    for command in (host.family.refresh, [*host.install_command(packages), host.family.yes]):
        if command and subprocess.run([*root, *command], stdin=subprocess.DEVNULL, check=False).returncode:
            raise KtstrError(f"setup: {shlex.join(command)} failed; its output is above")


def main(only: str | None = None) -> int:
    """Set the host up; returns 0 if the tests can run in the end, else 2.

    `only` is the one Need whose tools are installed (None: required and advised ones).
    """
    try:
        setup(TOOLS, distribution(), root_prefix(), _needs(only))
    except KtstrError as error:
        print(f"ktstr: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    print("setup: everything that the tests need is there")
    return 0


def _needs(only: str | None) -> tuple[Need, ...]:
    if only is None:
        return ("required", "advised")
    chosen = tuple(need for need in get_args(Need) if need == only)
    if not chosen:
        raise KtstrError(f"setup: --only {only}: must be one of {', '.join(get_args(Need))}")
    return chosen


if __name__ == "__main__":
    sys.exit(main())
