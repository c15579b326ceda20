"""`python -m ktstr.verifier`: what the nox session `verifier` and `ktstr verifier` run."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TextIO

from ktstr.base.errors import KtstrError
from ktstr.base.output import guarded, silent_start
from ktstr.base.waiting import waiting


def run() -> int:
    """Import the sweep and run it."""
    return guarded(lambda: _main(sys.argv[1:]))


def _main(arguments: Sequence[str]) -> int:
    with silent_start():
        log = _log(arguments)
    with waiting("looking for schedulers", log), silent_start():
        from ktstr.verifier.command import main
    return main(arguments)


def _log(arguments: Sequence[str]) -> TextIO | None:
    """Where the sweep says how far it is; None if it will refuse the arguments."""
    from ktstr.kernel.spec import parse
    from ktstr.verifier.options import parsed

    if "--help" in arguments or "-h" in arguments:
        return None
    try:
        options = parsed(arguments, "verifier")
        for kernel in options["kernels"] or ():
            parse(kernel)
    except KtstrError:
        return None
    return sys.stdout if options["format"] == "text" else sys.stderr


if __name__ == "__main__":
    sys.exit(run())
