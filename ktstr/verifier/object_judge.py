"""The verdict on a BPF object that is swept by itself: which programs are refused, and what stopped the loader."""

from __future__ import annotations

import itertools
import re
import signal
from collections.abc import Sequence

from ktstr.base.process import signal_name
from ktstr.events.load_failure import LoadFailure, read_load_failure
from ktstr.events.rejection import Rejection
from ktstr.events.report import GuestReport
from ktstr.verifier.cell import Finding

__all__ = ["object_findings", "so_far"]

_REFUSED = "loader: the object is refused: "
_NO_LOG = "refused without a log: "
_VERIFIED = re.compile(r"^verified (?P<program>\S+): ")
_OUT_OF_MEMORY = re.compile(r"Out of memory: Killed process")
_BTF_END = "-- END BTF LOAD LOG --"
_NO_MEMORY = re.compile(r"Cannot allocate memory|ENOMEM")
_MORE = "--memory-mb gives the guest more memory"


def object_findings(
    report: GuestReport, refused: Sequence[Rejection], *, loaded: bool, timeout_s: float
) -> list[Finding]:
    """The findings on an object: a program each, or what became of the object or of the loader.

    `refused` are its refused programs, `loaded` says whether any program was accepted, `timeout_s` is how many guest
    seconds the loader had.
    """
    found = [Finding("load", _program(one, report.release)) for one in refused]
    of_object = [line.removeprefix(_REFUSED) for line in report.log if line.startswith(_REFUSED)]
    found += [Finding("load", _object(line, report)) for line in of_object]
    if "signal" in (report.exit or {}):
        found.append(Finding("load", _killed(report, timeout_s)))
    elif not found and (report.exit != {"status": 0} or not loaded):
        said = next((line for line in reversed(report.log) if line.startswith("loader: ")), "it said nothing")
        failure = read_load_failure([said], report.release)
        found.append(Finding("load", _words(failure) if failure else f"not loaded ({_how(report)}): {said}"))
    return found


def so_far(report: GuestReport) -> str:
    """What the loader had verified when the guest ended."""
    verified = [match["program"] for line in report.log if (match := _VERIFIED.match(line))]
    count = f"{len(verified)} program{'' if len(verified) == 1 else 's'} verified so far"
    return f"{count}, the last one {verified[-1]}" if verified else count


def _program(one: Rejection, release: str) -> str:
    reason = one.reason
    if reason.startswith(_NO_LOG):
        cause = reason.removeprefix(_NO_LOG)
        failure = read_load_failure([cause], release)
        reason = _words(failure) if failure else cause
        if _NO_MEMORY.search(cause):
            reason += f"; {_MORE}"
    return f"{one.program}: {reason}"


def _object(said: str, report: GuestReport) -> str:
    if said.startswith("BTF loading error"):
        # The kernel's words are in its own log, the last line of which is the error.
        log = itertools.takewhile(lambda line: _BTF_END not in line, report.log)
        words = [line.strip() for line in log if line.strip()]
        return f"the kernel refuses its BTF: {words[-1] if words else said}"
    failure = read_load_failure([said], report.release)
    return _words(failure) if failure else f"the object is refused: {said}"


def _words(failure: LoadFailure) -> str:
    """What happened; a sweep has an option for what is an attribute of a test."""
    return failure.what.replace("memory_mb= ", "--memory-mb ")


def _killed(report: GuestReport, timeout_s: float) -> str:
    number = (report.exit or {}).get("signal", 0)
    if any(_OUT_OF_MEMORY.search(line) for line in report.kernel_log):
        return f"the guest ran out of memory: {so_far(report)}; {_MORE}"
    if number == signal.SIGKILL:
        return f"not finished within {timeout_s:g} guest seconds: {so_far(report)}; --attach-timeout gives it more"
    return f"libbpf crashed ({signal_name(number)}), so the object is damaged: {so_far(report)}"


def _how(report: GuestReport) -> str:
    if report.exit is None:
        return "running"
    return ", ".join(f"{key} {value}" for key, value in report.exit.items())
