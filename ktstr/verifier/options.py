"""The options of the sweep, and how they are read."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from ktstr.base.errors import KtstrError
from ktstr.base.nearest import near
from ktstr.declare.settings import checked

__all__ = ["help_text", "parsed"]


class _Parser(argparse.ArgumentParser):
    """One whose errors are KtstrErrors: argparse itself prints the usage, which hides them, and ends the process."""

    def error(self, message: str) -> NoReturn:
        if unknown := re.fullmatch(r"unrecognized arguments: (\S+).*", message):
            name = unknown[1].partition("=")[0]
            names = [name for action in self._actions for name in action.option_strings]
            message = f"{name}: no such option{near(name, names) or '; --help lists them'}"
        verb = next(word for word in reversed(self.prog.split()) if word != "--")
        raise KtstrError(f"{verb}: {message.removeprefix('argument ')}")


def parsed(arguments: Sequence[str], prog: str) -> dict[str, Any]:
    """The values of all options by name, None for one that was not given; KtstrError for what is not accepted."""
    return vars(_parser(prog).parse_args(arguments))


def help_text(prog: str, examples: str) -> str:
    """The sweep's help, a screen, for users who type `prog`."""
    parser = _parser(prog)
    parser.usage = f"{prog} [option ...] [path ...]"
    purpose, parser.description = parser.description, None
    return f"{purpose}\n\n{examples}\n\n{parser.format_help().rstrip()}"


def _percent(text: str) -> float:
    try:
        value = float(text.removesuffix("%"))
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text}: must be a percentage such as 10%")
    return value


def _count(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{text}: must be a whole number from 1 to 1000000")
    return int(text)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 3600:
        raise argparse.ArgumentTypeError(f"{text}: must be guest seconds, above 0 and at most 3600")
    return value


def _memory(text: str) -> int:
    if not text.isdigit() or not 64 <= int(text) <= 1 << 20:
        raise argparse.ArgumentTypeError(f"{text}: must be MiB, from 64 to {1 << 20}")
    return int(text)


def _seed(text: str) -> int:
    if not text.isdigit() or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(f"{text}: must be a whole number from 0 to {2**32 - 1}")
    return int(text)


def _executor(text: str) -> str:
    try:
        return str(checked("executor", text, f"{text}: "))
    except KtstrError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _parser(prog: str) -> _Parser:
    parser = _Parser(
        prog=prog,
        description="Sweep declared schedulers through the BPF verifier: all kernels, all topologies.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    many: dict[str, Any] = {"action": "append"}
    add(
        "--kernel",
        dest="kernels",
        metavar="SPEC",
        **many,
        help="sweep this kernel: 7.0, 6.16..=7.0, latest, auto",
    )
    add("--scheduler", dest="schedulers", metavar="NAME", **many, help="sweep this scheduler only")
    add("--preset", dest="presets", metavar="NAME", **many, help="sweep this topology preset only")
    add("--topology", dest="topologies", metavar="1n2l4c1t", **many, help="sweep this topology")
    add("--object", type=Path, metavar="FILE", help="sweep this BPF object instead of declared schedulers")
    add(
        "--attach-timeout",
        dest="attach_timeout_s",
        type=_seconds,
        metavar="S",
        help="guest seconds that a scheduler may take to attach, or an object to be verified",
    )
    add(
        "--memory-mb",
        dest="memory_mb",
        type=_memory,
        metavar="N",
        help="MiB of every guest's memory (default: enough for its CPUs, its files and an object's globals)",
    )
    add("--clock", choices=("real", "virtual", "auto"), help="the guests' clock (default: auto)")
    add("--seed", type=_seed, metavar="N", help="the seed of every VM run (default: 1)")
    add("--cold", action="store_true", help="boot a guest for every cell, instead of cloning a booted one")
    add("--fresh", action="store_true", help="run every cell, instead of remembering those that ran before")
    add(
        "--format", choices=("text", "json", "markdown"), default="text", help="what the report is written as"
    )
    add(
        "--executor",
        type=_executor,
        metavar="dask://HOST:8786",
        help="where guests run: on this machine, or on the workers of a Dask scheduler (default: local)",
    )
    add("--results", metavar="DIR", help="keep results in this folder, not target/ktstr")
    add("--raw", action="store_true", help="show verifier logs as they are")
    add(
        "--max-insns",
        type=_count,
        metavar="N",
        help="fail a program that costs the verifier more instructions",
    )
    add(
        "--compare",
        default="",
        metavar="RUN",
        help="show what changed since a run, or from a program or object",
    )
    add(
        "--max-growth",
        dest="max_growth_pct",
        type=_percent,
        default=10.0,
        metavar="10%",
        help="with --compare: fail if a program grew by more",
    )
    add(
        "paths",
        nargs="*",
        type=Path,
        help="test files or folders that declare schedulers",
    )
    return parser
