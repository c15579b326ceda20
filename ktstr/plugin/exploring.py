"""A test that is explored: its body is run again and again, each time in a guest with another interleaving."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from ktstr.base.errors import Inconclusive
from ktstr.explore.corpus import Corpus, corpus_of
from ktstr.explore.exploration import AUTO, Exploration, Trial, progress_line, summary_line
from ktstr.explore.strategy import Chosen
from ktstr.plugin.axes import KERNEL_FIXTURE
from ktstr.plugin.ours import is_ours
from ktstr.plugin.plan import EXPLORED, Plan, hooks_of, plan_of, trial_context
from ktstr.report.told import EXPLORING, tell

if TYPE_CHECKING:
    from ktstr.run.context import Ctx
    from ktstr.vm.job import VmJob

__all__ = ["explored_body", "share_s"]


@contextmanager
def explored_body(item: pytest.Function) -> Iterator[None]:
    """Within the block the item's body is explored, if the session is for that; else it is run as it is."""
    plan = plan_of(item)
    if plan is None or plan.options.explore_ms is None:
        yield
        return
    body = item.obj
    explorer = _Explorer(item, plan, share_s(item, plan.options.explore_ms), body)

    @functools.wraps(body)
    def explore(*arguments: object, ctx: Ctx, **named: object) -> None:
        __tracebackhide__ = True
        explorer(arguments, ctx, named)

    item.obj = explore
    try:
        yield
    finally:
        item.obj = body


def share_s(item: pytest.Item, explore_ms: int) -> float:
    """This test's share of the time, in seconds: of the tests of ours, those run at once that have a worker each."""
    tests = max(1, sum(map(is_ours, item.session.items)))
    workers = int(getattr(item.config, "workerinput", {}).get("workercount", 1))
    return explore_ms / 1000 * min(workers, tests) / tests


class _Explorer:
    """Runs the body of one test until its time is over, or a run fails."""

    def __init__(self, item: pytest.Item, plan: Plan, seconds: float, body: Callable[..., Any]) -> None:
        self._item = item
        self._plan = plan
        self._seconds = seconds
        self._body = body

    def __call__(self, arguments: tuple[object, ...], ctx: Ctx, named: dict[str, object]) -> None:
        __tracebackhide__ = True
        began = time.monotonic()
        told = ctx.artifacts / EXPLORING
        # The first run is the test's own: what fails by itself needs no exploration. It tells what is explored, too.
        first = Trial(0, ctx.seed, "its own", Chosen(None))
        with self._telling(None, first, began):
            self._body(*arguments, ctx=ctx, **named)
        hooks = hooks_of(self._item)
        if hooks is None or not hooks.jobs:
            return  # it ran nothing, which is refused
        exploration = Exploration(*self._start(hooks.jobs[0]), self._plan.test.topology.cpus)
        longest_s = 0.0
        while True:
            run_began = time.monotonic()
            tell(told, progress_line(exploration, run_began - began))
            trial = exploration.next()
            own, hooks = trial_context(self._item, trial.seed, trial.chosen)
            with self._telling(exploration, trial, began):
                self._body(*arguments, ctx=own, **named)
            exploration.learn(trial, [report.explored for report in hooks.reports if report.explored])
            now = time.monotonic()
            longest_s = max(longest_s, now - run_began)
            if now + longest_s > began + self._seconds:
                break
        told.unlink(missing_ok=True)
        self._item.stash[EXPLORED] = summary_line(exploration, time.monotonic() - began, "")

    def _start(self, job: VmJob) -> tuple[Corpus, str, int]:
        """The corpus, the strategy, and the first seed: the session's, if it is given, else one that nobody had."""
        corpus = corpus_of(job, self._item.nodeid.replace(f"[{self._kernel_id}", "["))
        corpus.look()
        seed = corpus.claim() if self._plan.options.seed == 1 else self._plan.options.seed
        return corpus, self._plan.options.explore_with or AUTO, seed

    @property
    def _kernel_id(self) -> str:
        callspec = getattr(self._item, "callspec", None)
        return str(callspec.params.get(KERNEL_FIXTURE, "")) if callspec else ""

    @contextmanager
    def _telling(self, exploration: Exploration | None, trial: Trial, began: float) -> Iterator[None]:
        """Note what the exploration came to if this run ends it."""
        __tracebackhide__ = True
        try:
            yield
        except Inconclusive:
            if exploration is None:  # as it would be without an exploration
                raise
        except AssertionError:
            if exploration is not None:
                took_s = time.monotonic() - began
                self._item.stash[EXPLORED] = summary_line(exploration, took_s, trial.strategy)
            raise
