"""From runs to a page: each sidecar is read once, sections keep what they need of it, and it is dropped."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ktstr.base.errors import KtstrError
from ktstr.compare.runs import Part, Run, all_runs
from ktstr.compare.samples import Case, Key, cases_of, key_of
from ktstr.compare.sidecars import decoded, scheduler_of, sidecar_files
from ktstr.pages.earlier import earlier_runs, pasts_of
from ktstr.pages.page import Column, Compared, Page, Past, Section, Test
from ktstr.pages.words import plain

__all__ = ["gather"]

_BROKEN = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError)


def gather(root: Path, runs: Sequence[Run], folder: Path, sections: Sequence[Section]) -> Page:
    """The page of these runs of the project at `root`, to be put into `folder`.

    What cannot be read is a line of it. Two runs of one kind are compared. KtstrError for thresholds of the project
    that are not accepted.
    """
    tests: list[Test] = []
    damaged = [part.damage for run in runs for part in run.parts if part.damage]
    walks = [_walk(number, run, sections, tests, damaged) for number, run in enumerate(runs)]
    found = None
    if len(runs) == 2 and runs[0].sweep == runs[1].sweep:
        found = _compared(root, runs, [cases_of(_readable(walk, damaged)) for walk in walks])
    else:
        for walk in walks:
            deque(walk, maxlen=0)
    return Page(runs, tests, _earlier(root, runs, tests), [plain(line) for line in damaged], folder, found)


def _compared(root: Path, runs: Sequence[Run], cases: Sequence[Mapping[Key, Case]]) -> Compared:
    # Not for each session, which makes a page of one run.
    from ktstr.compare.difference import compared
    from ktstr.compare.sides import Side
    from ktstr.compare.thresholds import project_thresholds

    sides = [Side(f"{run.commit}, {run.began:%Y-%m-%dT%H:%M:%S}", [run], ()) for run in runs]
    return Compared(compared(cases[0], cases[1], project_thresholds(root)), sides[0], sides[1])


def _earlier(root: Path, runs: Sequence[Run], tests: Sequence[Test]) -> Mapping[str, Sequence[Past]]:
    """The past of the tests of the newest run that is no sweep."""
    own = [number for number, run in enumerate(runs) if not run.sweep]
    if not own:
        return {}
    newest = max(own, key=lambda number: runs[number].stamp)
    before = earlier_runs(all_runs(root), [runs[newest], *(runs[number] for number in own)])
    return pasts_of([test for test in tests if test.column.run == newest], before)


def _walk(
    number: int, run: Run, sections: Sequence[Section], tests: list[Test], damaged: list[str]
) -> Iterator[Mapping[str, Any]]:
    for part in run.parts:
        for path in sidecar_files(part.path):
            try:
                sidecar = decoded(path.read_bytes(), path.name)
                test = _test(number, part, path, sidecar)
            except OSError as error:
                damaged.append(f"{path.name}: {error.strerror}")
            except (KtstrError, *_BROKEN) as error:
                damaged.append(str(error) if isinstance(error, KtstrError) else f"{path.name}: {error!r}")
            else:
                kept = {}
                for section in sections:
                    try:
                        if section.keep and (some := section.keep(sidecar)) is not None:
                            kept[section.name] = some
                    except _BROKEN as error:
                        damaged.append(f"{path.name}: its {section.name} cannot be read: {error!r}")
                tests.append(Test(**{**vars(test), "kept": kept}))
                yield sidecar


def _test(number: int, part: Part, path: Path, sidecar: Mapping[str, Any]) -> Test:
    return Test(
        column=Column(number, plain(sidecar["kernel"]["version"], 60)),
        key=key_of(sidecar, "kernel"),
        nodeid=sidecar["nodeid"],
        name=sidecar["test"],
        outcome=sidecar["outcome"],
        message=sidecar["message"] or "",
        scheduler=scheduler_of(sidecar),
        seed=sidecar["seed"],
        wall_s=min(max(0.0, sidecar["timings"]["wall_s"]), 1e9),
        folder=part.path,
        stem=path.stem,
    )


def _readable(sidecars: Iterator[Mapping[str, Any]], damaged: list[str]) -> Iterator[Mapping[str, Any]]:
    """Those whose numbers can be compared."""
    for sidecar in sidecars:
        try:
            cases_of([sidecar])
        except KtstrError as error:
            damaged.append(str(error))
        else:
            yield sidecar
