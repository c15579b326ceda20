"""The bisect command: from two kernels, or commits, to the first one on which a verdict changes, step by step."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ktstr.base.cache import digest, file_digest
from ktstr.base.errors import KtstrError
from ktstr.base.results import open_results
from ktstr.bisect.history import Subject, subject_of
from ktstr.bisect.journal import Journal, Step
from ktstr.bisect.limit import Limit
from ktstr.bisect.own_commits import OwnStep, own_commits, target_below
from ktstr.bisect.search import Found, Side, most_runs, search
from ktstr.bisect.step import Options, Target, run_step, target_of
from ktstr.bisect.verdict import Verdict
from ktstr.declare.discovery import DeclaredTest, find_test
from ktstr.declare.settings import checked_text
from ktstr.report.rundir import project_of
from ktstr.report.sidecar import file_stem
from ktstr.report.text import aligned, relative

__all__ = ["Request", "run_bisect"]

_BRIEF = 90  # characters of a reason that a line shows; the step's log has all of it


@dataclass(frozen=True)
class Request:
    """What the user asks for."""

    test: str
    """The test: its name, or `file::name`."""
    good: str
    """The spec of a kernel on which it passes; empty with `commits`."""
    bad: str
    """The spec of a kernel on which it fails; empty with `commits`."""
    options: Options
    """Options for pytest."""
    fresh: bool = False
    """Whether to forget the steps of an interrupted bisection."""
    commits: str = ""
    """`GOOD..BAD`: two commits of the project, to be bisected instead of kernels; empty for kernels."""
    kernel: str = ""
    """The spec of the kernel on which commits are tested; empty: as for tests."""
    limit: Limit | None = None
    """What a metric must not exceed for a test to count as passed; None: its verdict counts."""

    @property
    def span(self) -> str:
        """The two ends."""
        return self.commits or f"{self.good}-{self.bad}"

    def end(self, name: str) -> str:
        """The end `good` or `bad` as the user gave it."""
        return f"--commits {self.commits}" if self.commits else f"--{name} {getattr(self, name)}"


def run_bisect(request: Request) -> None:
    """Bisect, and print the steps and the result.

    Raises KtstrError if an end does not have the verdict that the request says, or if the kernels that remain could not
    be judged.
    """
    # pytest would refuse them, too, but only once there is a kernel to run it on.
    for option, value in vars(request.options).items():
        if value and option == "seeds" and not value.isdecimal():
            raise KtstrError(f"bisect: --seeds {value}: must be a whole number")
        if value and option != "seeds":
            checked_text(option, value, f"bisect: --{option} {value}: ")
    root = Path.cwd()
    declared = find_test(request.test)
    target = target_of(declared.nodeid, request.test)
    if request.commits:
        target = target_below(root, target)
        if target.parameters and not request.kernel:
            raise KtstrError(
                f"bisect: --test {request.test}: with parameters, --kernel must say on which kernel"
            )
    subject = own_commits(root, request.commits) if request.commits else subject_of(request.good, request.bad)
    folder = open_results(root) / "bisect" / file_stem(f"{target}-{request.span}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if request.fresh:
            shutil.rmtree(folder)
            folder.mkdir()
    except OSError as error:
        raise KtstrError(f"{folder}: {error.strerror}") from None
    journal = Journal(folder, _about(request, declared, subject))
    judge = (
        OwnStep(root, target, request.kernel, request.options, request.limit)
        if request.commits
        else _on_kernels(request, target, subject)
    )
    _Bisection(request, target, subject, journal, folder, judge).run()


def _on_kernels(request: Request, target: Target, subject: Subject) -> Callable[[str, Path], Verdict]:
    """What each step does with a kernel."""

    def judge(revision: str, folder: Path) -> Verdict:
        try:
            kernel = subject.kernel(revision)
        except KtstrError as error:
            return Verdict("skipped", " ".join(str(error).split()))
        return run_step(target, kernel, request.options, folder / f"{kernel.key}.log", request.limit)

    return judge


class _Bisection:
    def __init__(
        self,
        request: Request,
        target: Target,
        subject: Subject,
        journal: Journal,
        folder: Path,
        judge: Callable[[str, Path], Verdict],
    ) -> None:
        self._request = request
        self._target = target
        self._subject = subject
        self._journal = journal
        self._folder = folder
        self._judge_in = judge

    def run(self) -> None:
        subject, journal = self._subject, self._journal
        suspects = len(subject.suspects([subject.old], subject.new))
        span = f"{subject.name(subject.old)} to {subject.name(subject.new)}"
        _say(
            f"{suspects + 1} {subject.kind}s from {span}: both ends first, then at most {most_runs(suspects)} runs"
        )
        if journal.outdated:
            _say("the steps so far belong to another state of the project: starting over")
        elif journal.steps:
            _say(
                f"continuing after step {len(journal.steps)} of an interrupted bisection; --fresh starts over"
            )
        good, bad = (subject.new, subject.old) if subject.good_is_new else (subject.old, subject.new)
        self._check_end("good", good, "pass", suspects)
        self._check_end("bad", bad, "fail", suspects)
        found = search(subject, subject.old, subject.new, self._side)
        print("\n".join(self._table(found)))
        verb = "pass" if subject.good_is_new else "fail"
        names = [subject.name(one) for one in found.suspects]
        kept = journal.close({"first": list(found.suspects), "to": verb})
        if len(names) > 1:
            raise KtstrError(
                f"bisect: the first {subject.kind} to {verb} is one of {', '.join(names)}: the test could not be"
                f" judged on all of them (steps and logs in {relative(kept.parent)})"
            )
        print(
            f"\nthe first {subject.kind} to {verb}: {names[0]}\n(steps and logs in {relative(kept.parent)})"
        )

    def _check_end(self, end: str, revision: str, must: str, suspects: int) -> None:
        verdict = self._judge(revision, suspects)
        if verdict.outcome == f"{must}ed":
            return
        self._journal.discard()  # the user will change something before the next attempt
        found = "it could not be judged" if verdict.outcome == "skipped" else f"it {verdict.outcome}"
        why = f" ({verdict.why})" if verdict.why else ""
        raise KtstrError(
            f"bisect: {self._request.end(end)}: not a usable end:"
            f" {self._target} must {must} on {self._subject.name(revision)}, but {found} there{why}"
        )

    def _side(self, revision: str, left: int) -> Side | None:
        outcome = self._judge(revision, left).outcome
        if outcome == "skipped":
            return None
        return "new" if (outcome == "failed") != self._subject.good_is_new else "old"

    def _judge(self, revision: str, left: int) -> Verdict:
        name = self._subject.name(revision)
        if (step := self._journal.find(revision)) is not None:
            _say(f"{name}: {step.verdict.outcome}, as before")
            return step.verdict
        _say(f"{name}: running, {left} suspects")
        verdict = self._judge_in(revision, self._folder)
        self._journal.add(Step(revision, name, verdict, left))
        _say(f"{name}: {verdict.outcome}{f' ({_brief(verdict.why)})' if verdict.why else ''}")
        return verdict

    def _table(self, found: Found) -> list[str]:
        rows = [("STEP", self._subject.kind.upper(), "VERDICT", "SUSPECTS", "WHY")]
        ends = 0
        for step in self._journal.steps:
            if step.revision in (self._subject.old, self._subject.new):
                ends += 1
                number = "end"
            else:
                number = str(len(rows) - ends)
            first = " <- first" if found.suspects == (step.revision,) else ""
            rows.append(
                (number, step.name, step.verdict.outcome + first, str(step.left), _brief(step.verdict.why))
            )
        return aligned(rows, right={0, 3})


def _about(request: Request, declared: DeclaredTest, subject: Subject) -> dict[str, object]:
    """What the verdicts depend on, as far as it is known without a run."""
    scheduler = declared.test.scheduler
    given = (scheduler.bpf, *scheduler.bpf_more, scheduler.binary_path, *scheduler.files.values())
    files = [path for path in (declared.path, *given) if isinstance(path, Path) and path.is_file()]
    return {
        "test": request.test,
        "good": request.good,
        "bad": request.bad,
        "ends": [subject.old, subject.new],
        "options": request.options.arguments,
        # Each commit has its own project.
        "project": request.commits or project_of(Path.cwd()).label,
        "kernel": request.kernel,
        "limit": None if request.limit is None else [request.limit.metric, request.limit.number],
        "files": digest(*(file_digest(path) for path in files)),
    }


def _brief(why: str) -> str:
    return why if len(why) <= _BRIEF else why[: _BRIEF - 3] + "..."


def _say(line: str) -> None:
    print(f"bisect: {line}", file=sys.stderr, flush=True)
