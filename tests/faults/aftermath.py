"""What has to hold after a fault: for the run that had it, for what it left, and for the next run."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Mapping

from leftovers import broken_files, mounts, processes, remaining, rest_of_kills
from verdicts import Verdict, stray_words, wrong_verdicts
from workplace import Ended, Workplace, end_all, finish, start

__all__ = ["Reference", "after_fault", "measured", "next_run", "restore", "wrong_with"]

Reference = Mapping[str, Verdict]
"""The verdicts of a run without a fault."""

_ERROR = 2
_SHOWN = 3


def measured(place: Workplace, reference: Reference, *options: str) -> float:
    """The host seconds of a run without a fault. If anything is wrong with it, the session ends: it shows nothing."""
    began = time.monotonic()
    ended = finish(place, start(place, *options))
    lasted = time.monotonic() - began
    if wrong := wrong_with(ended, reference):
        sys.exit(f"a run without a fault went wrong: {'; '.join(wrong)}")
    return lasted


def restore(place: Workplace, reference: Reference) -> None:
    """Put the cache back to what the first run left, and run once: copied files get new stamps in their seals."""
    place.restore()
    measured(place, reference, "-n0", "--fresh")
    place.clear()


def wrong_with(ended: Ended, reference: Reference) -> list[str]:
    """What is wrong with a run that had no fault."""
    wrong = wrong_verdicts(ended.verdicts, reference, complete=True) + stray_words(ended.text)
    if ended.status != _status(reference) or ended.hung:
        wrong.append(f"status {ended.status}: {_tail(ended.text)}")
    return wrong


def _status(reference: Reference) -> int:
    """The exit status of a run with these verdicts."""
    return 1 if any(one.outcome == "failed" for one in reference.values()) else 0


def after_fault(
    place: Workplace, ended: Ended, reference: Reference, *, killed: bool = False, flipped: bool = False
) -> list[str]:
    """What is wrong with a run that had a fault, and with what it left.

    `killed`: SIGKILL may have ended it. `flipped`: the fault is in a file, which may lie there until it is used.
    """
    broken = [f"it hung: {_tail(ended.text)}"] if ended.hung else []
    broken += [f"says: {line}" for line in stray_words(ended.text)]
    broken += wrong_verdicts(ended.verdicts, reference, complete=False)
    if ended.status == _status(reference):
        broken += wrong_verdicts(ended.verdicts, reference, complete=True)
    elif ended.status == _ERROR:
        if not any(line.startswith(("ktstr: ", "ERROR ", "PROBLEM ")) for line in ended.text.splitlines()):
            broken.append(f"status 2, and no line says why: {_tail(ended.text)}")
    elif not (killed and ended.status == -signal.SIGKILL):
        broken.append(f"status {ended.status}: {_tail(ended.text)}")
    if left := remaining(str(place.folder)):
        broken += [f"a process is left: {' '.join(one.command)[:120]}" for one in left[:_SHOWN]]
        end_all(place)
    broken += [f"a mount is left: {one}" for one in mounts(place.folder)]
    return broken + ([] if flipped else broken_files(place.cache, place.project / "target")[:_SHOWN])


def next_run(place: Workplace, reference: Reference, *options: str, tidy: bool = True) -> list[str]:
    """Run the suite once more without a fault: what is wrong with that run, and (`tidy`) with what it still leaves."""
    # Before it: some sidecars of the run with the fault are moved to the history and would count twice.
    place.forget_results()
    ended = finish(place, start(place, *options))
    broken = [f"the next run: {one}" for one in wrong_with(ended, reference)]
    broken += [f"the next run left a process: {one.command[0]}" for one in processes(str(place.folder))]
    if tidy:
        rest = rest_of_kills(place.cache, place.project / "target", place.temporary)
        broken += [f"not tidied up: {path}" for path in rest[:_SHOWN]]
    return broken


def _tail(text: str) -> str:
    """The last words of an output, in one line."""
    return " | ".join(line for line in text.splitlines()[-6:] if line.strip())[-400:]
