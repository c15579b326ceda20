"""`python -m ktstr.plugin`: pytest, as `ktstr test` runs it.

It differs from `python -m pytest` in how it ends: Ctrl-C is status 130, and an output that is closed or full is no
traceback.
"""

from __future__ import annotations

import sys
from typing import Any

from ktstr.base.output import INTERRUPTED, guarded, silent_start


class _Interrupted:
    """A pytest plugin that notes that Ctrl-C ended the session; pytest's own status for that is 2."""

    def __init__(self) -> None:
        self.by_user = False

    def pytest_sessionstart(self, session: Any) -> None:
        terminal = session.config.pluginmanager.get_plugin("terminalreporter")
        if terminal is None:
            return
        full = terminal._report_keyboardinterrupt

        def report() -> None:
            # pytest also names the line of its own or Python's code that was interrupted, which helps nobody.
            if self.by_user:
                terminal.write_line("ktstr: interrupted")
            else:
                full()

        terminal._report_keyboardinterrupt = report

    def pytest_keyboard_interrupt(self, excinfo: object) -> None:
        # pytest calls this for a session that a test or a plugin ends, too.
        self.by_user = type(getattr(excinfo, "value", None)) is KeyboardInterrupt


def run(arguments: list[str]) -> int:
    """Run pytest on a command line; the status of a session that Ctrl-C ended is 130."""
    import pytest

    interrupted = _Interrupted()
    # pytest warns that it cannot rewrite the asserts of a plugin that was imported before it; ktstr needs none of that.
    quiet = (
        "-W",
        "ignore:Module already imported so cannot be rewritten; ktstr:pytest.PytestAssertRewriteWarning",
    )
    status = int(pytest.main([*quiet, *arguments], plugins=[interrupted]))
    return INTERRUPTED if interrupted.by_user else status


if __name__ == "__main__":
    with silent_start():
        import pytest  # noqa: F401  # the greatest part of the start
    sys.exit(guarded(lambda: run(sys.argv[1:])))
