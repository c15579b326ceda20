"""The operation `run_program`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, cast

from ktstr.base.errors import KtstrError
from ktstr.base.topology import Topology
from ktstr.base.values import shown
from ktstr.scenario.argument import Argument
from ktstr.scenario.model import State
from ktstr.scenario.operation import Operation
from ktstr.scenario.scheduler_name import require_attached

__all__ = ["RunProgram"]

_NAME = re.compile(r"[A-Za-z_]\w{0,127}", re.ASCII)
_PATH = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*|\[\d+\])*", re.ASCII)
_WORKER = re.compile(r"(?P<cgroup>\S+)/(?P<index>\d+)")
_NUMBERS = range(-(2**63), 2**64)
_RETURNED = range(-(2**31), 2**31)
_MOST = 32  # the agent has room for as many

Given = int | str
"""A number, or a worker as reports name it ("cg/0"), for its pid."""


class _Program(Argument):
    def check(self, value: object, where: str) -> None:
        if not isinstance(value, str) or not _NAME.fullmatch(value):
            raise KtstrError(f"{where}={shown(value)}: must be the name of a program")

    def words(self, value: str) -> tuple[str, ...]:
        return (value,)


class _Arguments(Argument):
    """The context: numbers, each a u64; or, if the program takes a struct, its members by path in C."""

    def check(self, value: object, where: str) -> None:
        pairs = value if isinstance(value, tuple) else None
        if pairs is None or len(pairs) > _MOST:
            raise KtstrError(
                f"{where}={shown(value)}: must be a list of numbers, or a dict of members, of at most {_MOST}"
            )
        for path, one in pairs:
            if path and not _PATH.fullmatch(path):
                raise KtstrError(f"{where}: {path!r}: must be a member of the program's context, as in C")
            worker = isinstance(one, str) and _WORKER.fullmatch(one)
            if not worker and (not isinstance(one, int) or one not in _NUMBERS):
                raise KtstrError(
                    f"{where}: {shown(one)}: must be a whole number of 64 bits, or a worker, such as 'cg/0'"
                )

    def words(self, value: tuple[tuple[str, Given], ...]) -> tuple[str, ...]:
        return tuple(
            f"{f'.{path}=' if path else ''}{f'@{one}' if isinstance(one, str) else int(one)}"
            for path, one in value
        )


class _Expected(Argument):
    def check(self, value: object, where: str) -> None:
        if value is None or (isinstance(value, int) and value in _RETURNED):
            return
        steps_of_one = isinstance(value, range) and value.step == 1 and len(value) > 0
        if not steps_of_one or value[0] not in _RETURNED or value[-1] not in _RETURNED:  # type: ignore[index]
            raise KtstrError(
                f"{where}={shown(value)}: must be a number of 32 bits, range(first, end), or None for any"
            )

    def words(self, value: int | range | None) -> tuple[str, ...]:
        if value is None:
            return ("-", "-")
        some = value if isinstance(value, range) else (int(value),)
        return (str(some[0]), str(some[-1]))


@dataclass(frozen=True)
class RunProgram(Operation):
    """Runs a `SEC("syscall")` program of the attached scheduler, as its userspace program could at any moment.

    `args` is its context: `[40, 2]` are u64s, `{"pid": "cg/0", "limits.cpu[1]": 3}` are members of the struct that it
    takes, by path in C; the rest is zero. A worker, named as reports do, stands for its pid. `expect` is what it must
    return, a number or a range; another value fails the run. `report.program_runs` has each.
    """

    name = "run_program"
    program: Annotated[str, _Program()]
    """Its name, as the source has it."""
    args: Annotated[Mapping[str, Given] | Sequence[Given] | tuple[tuple[str, Given], ...], _Arguments()] = ()
    """The values of its context, by path; without a path if they are u64s."""
    expect: Annotated[int | range | None, _Expected()] = 0
    """What it must return: a number, one of a range, or None for any."""

    def __post_init__(self) -> None:
        """Take the arguments as pairs, which do not change, and check all."""
        object.__setattr__(self, "args", _pairs(self.args))
        self.check()

    @property
    def context(self) -> tuple[tuple[str, Given], ...]:
        """The values by path; the path of a u64 is empty."""
        return cast("tuple[tuple[str, Given], ...]", self.args)

    def arguments(self, topology: Topology) -> tuple[str, ...]:
        """The program, the least and the most that it may return (`-` for any), and the values."""
        self.require_arguments()
        return (self.program, *_Expected().words(self.expect), *_Arguments().words(self.context))

    def changes(self, state: State) -> State:
        """The same; KtstrError if no scheduler is attached, or a worker does not live then."""
        require_attached(state, self.label)
        living = {one.index for one in state.workers}
        for _, one in self.context:
            worker = _WORKER.fullmatch(one) if isinstance(one, str) else None
            if worker and int(worker["index"]) not in living:
                raise KtstrError(f"{self.label}: args: {one!r}: there is no such worker at that moment")
        return state

    def __str__(self) -> str:
        return " ".join((self.name, self.program, *_Arguments().words(self.context)))


def _pairs(given: Any) -> Any:
    """The arguments as pairs of path and value; what is no list and no dict stays, to be refused."""
    if isinstance(given, Mapping):
        return tuple(given.items())
    if isinstance(given, list | tuple):
        return tuple(one if isinstance(one, tuple) and len(one) == 2 else ("", one) for one in given)
    return given
