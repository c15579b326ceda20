"""Help, a screen for each command: what it does, examples, and its options."""

from __future__ import annotations

import inspect
import shutil
import textwrap
from collections.abc import Iterable
from typing import Any

from invoke import Task
from invoke.parser import Argument

from ktstr.plugin.suite import VERBS
from ktstr.tasks.menu import contexts, ns
from ktstr.tasks.words import SEVERAL

__all__ = ["menu_help", "verb_help"]

_GROUPS = {
    "Tests": ("init", "test", "verifier", "replay", "trace", "bisect"),
    "Results": ("runs", "report", "compare", "metrics"),
    "Guests": ("shell", "verify", "vmlinux-h", "initramfs"),
    "Kernels": (
        "kernel-list",
        "kernel-fetch",
        "kernel-build",
        "kernel-configure",
        "kernel-clean",
        "sched-build",
    ),
    "This machine": ("doctor", "setup", "cache", "worker"),
}
_BEGIN = "ktstr tests Linux CPU schedulers; each test runs in a virtual machine of its own."
_EXAMPLES = (
    ("ktstr doctor", "what this machine has and lacks"),
    ("ktstr init --bpf my.bpf.c", "write a first test into this folder"),
    ("ktstr test --kernel 7.0", "run this folder's tests"),
    ("ktstr shell --kernel 7.0", "look around in a guest"),
)
_END = "`ktstr test --help`, and so on, shows a command's examples and options."
_WIDEST = 100
_NARROWEST = 40


def menu_help() -> str:
    """The screen of all commands. A command of no group is shown in the last."""
    grouped = {name for names in _GROUPS.values() for name in names}
    rest = tuple(sorted(set(ns.tasks) - grouped))
    lines = [*_wrapped(_BEGIN), "", *_two_columns(_EXAMPLES), ""]
    for title, names in _GROUPS.items():
        rows = [
            (name, _summary(ns.tasks[name])) for name in names + (rest if title == "This machine" else ())
        ]
        lines += [f"{title}:", *_two_columns(rows)]
    return "\n".join([*lines, "", *_wrapped(_END)])


def verb_help(name: str) -> str:
    """The screen of one command."""
    if name == "verifier":
        from ktstr.verifier.options import help_text

        return help_text(f"ktstr {name}", "\n".join(_examples(ns.tasks[name])))
    task = ns.tasks[name]
    arguments = contexts()[name].args.values()
    several = SEVERAL.get(name)
    words = [
        str(one.name).upper() + (" ..." if one.name == several else "")
        for one in arguments
        if one.positional or one.name == several
    ]
    usage = " ".join(["ktstr", name, *words, "[option ...]"])
    lines = [*_wrapped(_summary(task)), "", *_examples(task), "", f"Usage: {usage}"]
    if words:
        lines += _two_columns(
            [
                (str(one.name).upper(), one.help or "")
                for one in arguments
                if one.positional or one.name == several
            ]
        )
    if name in VERBS:
        from ktstr.plugin.suite import suite_help

        lines += ["", *_two_columns(suite_help())]
        lines += ["", *_wrapped("All of pytest's options work, too; `pytest --help` lists them.")]
    elif options := [
        (_option(one), one.help or "") for one in arguments if not one.positional and one.name != several
    ]:
        lines += ["", *_two_columns(options)]
    return "\n".join(lines)


def _summary(task: Task[Any]) -> str:
    return (inspect.getdoc(task) or "").split("\n")[0]


def _examples(task: Task[Any]) -> list[str]:
    """What the docstring has below its first line."""
    below = (inspect.getdoc(task) or "").split("\n")[1:]
    return [f"  {line.strip()}" for line in below if line]


def _option(argument: Argument) -> str:
    """An option in its long form, with a word for its value."""
    word = str(argument.name).strip("_")  # as of `import_`, which Python has taken
    name = "--" + word.replace("_", "-")
    return f"{name} {word.upper()}" if argument.takes_value else name


def _two_columns(rows: Iterable[tuple[str, str]]) -> list[str]:
    """Names, and what each means beside it; in a narrow terminal, below it."""
    rows = list(rows)
    width = _columns()
    indent = min(max(len(name) for name, _ in rows), 28) + 4
    beside = width - indent >= 30
    lines = []
    for name, text in rows:
        if not beside or len(name) + 4 > indent:
            lines += [f"  {name}", *_wrapped(text, indent if beside else 6)]
            continue
        first, *others = _wrapped(text, indent) or [""]
        lines += [f"  {name}".ljust(indent) + first.strip(), *others]
    return lines


def _wrapped(text: str, indent: int = 0) -> list[str]:
    return textwrap.wrap(
        text,
        _columns(),
        initial_indent=" " * indent,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _columns() -> int:
    return max(_NARROWEST, min(shutil.get_terminal_size((80, 24)).columns, _WIDEST))
