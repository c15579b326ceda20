"""Refused programs, read from the output of the loader."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["Rejection", "rejections"]

# What brackets a program's log: of ktstr's loader, and of libbpf (src/libbpf.c, bpf_object_load_prog).
_BEGIN = re.compile(r"--- verifier log of (?P<a>\S+) ---$|prog '(?P<b>[^']*)': -- BEGIN PROG LOAD LOG --$")
_END = re.compile(r"--- end of the verifier log ---$|-- END PROG LOAD LOG --$")
_REFUSED = re.compile(r"prog '(?P<program>[^']*)': BPF program load failed: (?P<error>.+)$")
_SOURCE = re.compile(r"^;\s?(?P<code>.*) @ (?P<where>[^@\s]+:\d+)$")
# kernel/bpf/verifier.c: the words for a program that is too much for it.
_LIMIT = re.compile(
    r"^BPF program is too large\. Processed \d+ insns?$|^The sequence of \d+ jumps is too complex\.$"
    r"|^combined stack size of \d+ calls is .* Too large$|^too many states .*$|^infinite loop detected at insn \d+$"
)
# From 7.3 on the kernel explains what it refused, behind the states and before the statistics.
_EXPLANATION = "Verification failed"
_STATISTICS = re.compile(rf"^(?:verification time |stack depth |processed \d+ insns|{_EXPLANATION})")


@dataclass(frozen=True)
class Rejection:
    """A program that was refused: why, in the verifier's words, the source line it had reached, and its log.

    `source` is as in the log (`; code @ file:line`), empty without debug information; `limit` is the limit that was
    reached, empty if complexity was not the reason.
    """

    program: str
    reason: str
    source: str
    limit: str
    log: tuple[str, ...]

    @property
    def parts(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The log up to the refusal, with the states, and the kernel's explanation, which older kernels do not give."""
        starts = (number for number, line in enumerate(self.log) if line.startswith(_EXPLANATION))
        end = next(starts, len(self.log))
        return self.log[:end], self.log[end:]


def rejections(output: Iterable[str]) -> tuple[Rejection, ...]:
    """The rejections in the lines of a loader's `output`, in order; lines between the logs may be anything."""
    found: list[Rejection] = []
    errors: dict[str, str] = {}
    program, log = None, list[str]()
    for line in output:
        if program is None and (begin := _BEGIN.search(line)):
            program, log = begin["a"] or begin["b"], []
        elif program is not None and _END.search(line):
            found.append(_rejection(program, log, errors.get(program, "")))
            program = None
        elif program is not None:
            log.append(line)
        elif refused := _REFUSED.search(line):
            errors[refused["program"]] = refused["error"]
    if program is not None:
        # Cut off: the guest ended, or printed too much.
        found.append(_rejection(program, log, errors.get(program, "")))
    logged = {rejection.program for rejection in found}
    found += [
        Rejection(name, f"refused without a log: {error}", "", "", ())
        for name, error in errors.items()
        if name not in logged
    ]
    return tuple(found)


def _rejection(program: str, log: Sequence[str], error: str) -> Rejection:
    end = next((index for index, line in enumerate(log) if _STATISTICS.match(line)), len(log))
    said = [line for line in log[:end] if line.strip()]
    limit = next((line for line in reversed(said) if _LIMIT.match(line)), "")
    source = next((line for line in reversed(said) if _SOURCE.match(line)), "")
    reason = limit or (said[-1] if said else error or "no reason given")
    return Rejection(program, reason.strip(), source, limit, tuple(log))
