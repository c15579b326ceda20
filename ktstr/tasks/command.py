"""The `ktstr` command: its words are looked over, then Invoke runs the task that they name."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import NoReturn

from invoke import Exit, ParseError, Program

from ktstr.base.nearest import near
from ktstr.plugin.suite import VERBS, asks_for_help
from ktstr.tasks.ending import with_exit_status
from ktstr.tasks.menu import contexts, ns
from ktstr.tasks.words import in_one_word, late_verb, mistake, verb_at, with_names

__all__ = ["main"]

_OPTIONS = ("--help", "--list", "--version")  # those of Invoke's that a user of ktstr may want
_HELP = ("-h", "--help", "help")


class _Ktstr(Program):
    """The `ktstr` command. A mistake on its command line is status 2, because 1 says that a verdict failed.

    Invoke must not read what follows the verbs of a suite. It is handed over as if it followed `--`, and in a shell's
    quotes, because Invoke joins it with spaces.
    """

    def parse_core(self, argv: list[str] | None) -> None:
        given = sys.argv if argv is None else argv
        words = in_one_word(given[1:], list(ns.tasks))
        place = verb_at(words)
        verb = None if place is None else words[place]
        if "--complete" in words[:place]:
            verb = None  # what follows is a line that is being typed
        elif not words or words[0] in _HELP or (place == 0 and asks_for_help(words)):
            self._help(words)
        elif words[0].startswith("-") and words[0].partition("=")[0] not in self._core_options():
            if late := late_verb(words, ns.tasks):
                raise Exit(f"ktstr: {words[0]}: comes after the command: ktstr {late}", code=2)
            hint = near(words[0], _OPTIONS) or f"; there are {', '.join(_OPTIONS)}"
            raise Exit(f"ktstr: {words[0]}: no such option{hint}", code=2)
        elif verb in VERBS and place is not None:
            rest = words[place + 1 :]
            rest = rest[1:] if rest[:1] == ["--"] else rest
            words = [*words[: place + 1], "--", *map(shlex.quote, rest)]
        elif place == 0:
            words = with_names(words, contexts())
            if wrong := mistake(words, contexts()):
                raise Exit(f"ktstr: {wrong}", code=2)
        try:
            super().parse_core([given[0], *words])
        except ParseError as error:
            raise Exit(f"ktstr: {error}; `ktstr --help` shows the commands", code=2) from None

    def _core_options(self) -> set[str]:
        """Invoke's own options, which may stand before a verb."""
        names = {name for argument in self.core_args() for name in argument.names}
        return {f"-{name}" if len(name) == 1 else f"--{name}" for name in names}

    def _help(self, words: Sequence[str]) -> None:
        """Print a screen of help and end: on the verb among the words, else on all."""
        from ktstr.tasks.help import menu_help, verb_help

        names = [word for word in words if word not in _HELP]
        verb = in_one_word(names, list(ns.tasks))[0] if names and not names[0].startswith("-") else None
        if verb is not None and verb not in ns.tasks:
            raise Exit(f"ktstr: {mistake([verb], contexts())}", code=2)
        with_exit_status(lambda: print(menu_help() if verb is None else verb_help(verb)))()
        raise Exit

    def parse_collection(self) -> None:
        super().parse_collection()
        if self.args.complete.value:
            # The line as typed, its program first. Invoke does not know these options.
            words = self.core.remainder.split()
            if len(words) > 2 and words[1] in VERBS and words[-1].startswith("-"):
                from ktstr.plugin.suite import suite_options

                print("\n".join(suite_options(words[1])))
                raise Exit

    def parse_tasks(self) -> None:
        try:
            super().parse_tasks()
        except ParseError as error:
            raise Exit(f"ktstr: {error}", code=2) from None


def main() -> NoReturn:
    """The `ktstr` command, which ends the process."""
    _Ktstr(namespace=ns, name="ktstr", binary="ktstr", version=_own_version()).run()
    raise SystemExit(0)


def _own_version() -> str:
    try:
        return version("ktstr")
    except PackageNotFoundError:  # it runs from a checkout that is not installed
        return "unknown"
