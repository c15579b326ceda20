"""What a `Ctx` calls around its runs, so that others can follow them: the plugin, as pytest's hooks, or nobody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from ktstr.checks.verdict import RunReport
    from ktstr.vm.job import VmJob

Ctx = Any  # the context imports this module

__all__ = ["NO_HOOKS", "NoHooks", "RunHooks", "sections_text"]


class RunHooks(Protocol):
    """What follows a context's runs. Whatever a method raises ends the run."""

    def before_run(self, ctx: Ctx, job: VmJob) -> None:
        """Called before `job` is run."""

    def after_verdict(self, ctx: Ctx, report: RunReport) -> None:
        """Called when a run has been judged, whether or not it passed."""

    def failed(self, ctx: Ctx, text: str) -> None:
        """Called when a run failed, before it is run again to show more; `text` is what is known so far."""

    def why_not_shrunk(self, ctx: Ctx, check: str) -> str:
        """Why a run that failed `check` need not be shrunk, in words; empty if it is to be. Asked once for each run."""

    def report_sections(self, ctx: Ctx, report: RunReport) -> Sequence[tuple[str, str]]:
        """The further sections, each a title and a text, of the failure text of a run that did not pass."""


class NoHooks:
    """The hooks of a context that nobody follows."""

    def before_run(self, ctx: Ctx, job: VmJob) -> None:
        """Do nothing."""

    def after_verdict(self, ctx: Ctx, report: RunReport) -> None:
        """Do nothing."""

    def failed(self, ctx: Ctx, text: str) -> None:
        """Do nothing."""

    def why_not_shrunk(self, ctx: Ctx, check: str) -> str:
        """It is to be."""
        return ""

    def report_sections(self, ctx: Ctx, report: RunReport) -> Sequence[tuple[str, str]]:
        """None."""
        return ()


NO_HOOKS = NoHooks()
"""The one instance needed."""


def sections_text(sections: Sequence[tuple[str, str]]) -> str:
    """The sections as they follow a failure's text, which has sections of its own in the same form."""
    return "".join(f"\n\n--- {title} ---\n{text.rstrip()}" for title, text in sections)
