"""Mistakes on the command line and in the files of a suite: each ends the session with one line and status 2.

These hooks are for sessions that are known to be ours, because `ktstr test` or a nox session started them. In any
other session such mistakes are pytest's to report.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Generator
from typing import Any

import pytest

from ktstr.base.errors import KtstrError
from ktstr.base.nearest import near
from ktstr.declare.mistake import in_one_line
from ktstr.plugin.options import WORKER_ERROR, all_options
from ktstr.plugin.selection import check_files, no_such_test

__all__ = ["collection_error"]

_WRONG = pytest.StashKey[str]()
_SELECTED = pytest.StashKey[str]()
_SELECTED_OUTPUT = "ktstr_selected"  # the key under which a worker reports that no test was selected
_SHOWN = 8
_IMPORTS_KTSTR = re.compile(r"^\s*(?:from|import)\s+ktstr\b", re.MULTILINE)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser, args: list[str]
) -> Generator[None, object, object]:
    # In pytest's own help, which `nox -s test -- --help` shows, what is ours comes before its 300 lines.
    parser._groups.sort(key=lambda group: group.name != "ktstr")
    try:
        result = yield
    except Exception as error:
        # pytest's own class for this is private.
        if type(error).__name__ != "ConftestImportFailure" or error.__cause__ is None:
            raise
        early_config.stash[_WRONG] = in_one_line(error.__cause__)
        return None
    # xdist's workers have no terminal, and what is wrong was said before they were started.
    if "no:terminal" in (getattr(early_config.option, "plugins", None) or ()):
        return result
    known, unknown = parser.parse_known_and_unknown_args(args, namespace=copy.copy(early_config.option))
    if wrong := [word for word in unknown if word.startswith("-")]:
        name = wrong[0].partition("=")[0]
        hint = near(name, all_options(parser)) or "; --help lists them"
        early_config.stash[_WRONG] = f"{name}: no such option{hint}"
        args[:] = [word for word in args if word not in unknown]  # else pytest ends here, in five lines
    elif not getattr(known, "pyargs", False):
        try:
            check_files(known.file_or_dir, early_config.invocation_params.dir)
        except KtstrError as error:
            early_config.stash[_WRONG] = str(error)
    return result


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    if text := config.stash.get(_WRONG, ""):
        raise pytest.UsageError(text) from KtstrError(
            text
        )  # the plugin's own hook makes it a line and status 2


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    try:
        return (yield)
    except pytest.UsageError as error:
        config = session.config
        text = no_such_test(config.args, config.invocation_params.dir) or " ".join(str(error).split())
        if hasattr(config, "workeroutput"):
            config.workeroutput[WORKER_ERROR] = text
            raise
        raise pytest.UsageError(text) from KtstrError(text)  # see pytest_cmdline_main


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Generator[None, object, object]:
    names = list(dict.fromkeys(getattr(item, "originalname", item.name) for item in items))
    result = yield
    if names and not items and (word := config.option.keyword):
        listed = ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
        _note(config, f"-k {word}: is part of no test's name{near(word, names) or f'; there are {listed}'}")
    return result


def _note(config: pytest.Config, text: str) -> None:
    """Have the session end with `text`; a worker has its controller say it."""
    config.stash[_SELECTED] = text
    if hasattr(config, "workeroutput"):
        config.workeroutput[_SELECTED_OUTPUT] = text


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    if text := getattr(node, "workeroutput", {}).get(_SELECTED_OUTPUT):
        node.config.stash[_SELECTED] = text


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if text := config.stash.get(_SELECTED, ""):
        terminalreporter.write_line(f"ktstr: {text}", red=True)


def collection_error(node: pytest.Collector | pytest.Item, error: BaseException) -> str | None:
    """What is wrong with a file that cannot be collected, in one line; None if that is pytest's to report.

    It is ours if we raised it, and if the file imports ktstr.
    """
    # pytest raises an error of its own from what an import raised.
    cause = error.__cause__ if isinstance(error, pytest.Collector.CollectError) else error
    if cause is None:
        return None
    if not isinstance(cause, KtstrError) and not _is_ours(node):
        return None
    return in_one_line(cause)


def _is_ours(node: pytest.Collector | pytest.Item) -> bool:
    try:
        return bool(_IMPORTS_KTSTR.search(node.path.read_text(encoding="utf-8", errors="replace")))
    except OSError:
        return False
