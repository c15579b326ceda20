"""The exit status of a session: what pytest says, put right for runs that could not be done and for empty sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ktstr.plugin.recorder import Recorder

__all__ = ["final_status"]


def final_status(
    session: pytest.Session, recorder: Recorder | None, *, undone: bool, empty_shard: bool
) -> int | pytest.ExitCode:
    """The status of `session`; docs/running.md has its meanings.

    `undone` says that the run, or a part of it, could not be done, `empty_shard` that a shard has no tests.
    """
    config, status = session.config, session.exitstatus
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    problems = terminal.stats.get("error", ()) if terminal else ()
    undone = (
        undone
        or (recorder is not None and (recorder.could_not_run or recorder.undecided))
        or any(hasattr(report, "ktstr_error") for report in problems)
    )
    # xdist stops after --maxfail failures as if it had been interrupted, which would be status 2.
    stop = getattr(config.pluginmanager.get_plugin("dsession"), "shouldstop", None)
    enough = recorder is not None and str(stop).startswith("stopping after")
    if undone and status in (0, 1, 5):
        return 2
    if enough and not undone and status == 2:
        return 1
    if status == pytest.ExitCode.NO_TESTS_COLLECTED and empty_shard:
        return 0  # there are tests, but fewer than shards
    # Of a suite, a shard cannot know whether it is empty.
    if status == 0 and recorder is not None and recorder.nothing_ran and not config.option.ktstr_shard:
        return pytest.ExitCode.NO_TESTS_COLLECTED
    return status
