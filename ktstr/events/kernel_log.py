"""What the kernel's log says about the kernel itself: that it warned, oopsed, stalled or panicked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["KernelBug", "console_messages", "read_bugs"]

BugKind = Literal["panic", "oops", "lockup", "stall", "warning"]

# The first pattern that matches gives the kind.
_BUGS: dict[BugKind, re.Pattern[str]] = {
    "panic": re.compile(r"Kernel panic - "),
    "lockup": re.compile(r"watchdog: BUG: |BUG: workqueue lockup"),
    "stall": re.compile(r"rcu: INFO: |INFO: (?:rcu_|task .* blocked for more)"),
    "oops": re.compile(r"BUG: (?:kernel|unable|stack|Bad)|kernel BUG at |Oops\b|general protection fault"),
    "warning": re.compile(
        r"WARNING: |BUG: |UBSAN: |INFO: (?:possible |suspicious )|unchecked MSR|refcount_t: "
        r"|list_(?:add|del) corruption"
    ),
}
# A line of the console: the time in seconds since boot, perhaps a CPU or task, and the text.
_LINE = re.compile(r"\[ *(?P<seconds>\d{1,19})\.(?P<us>\d{6})\](?:\[ *[CT]\d{1,19}\])? (?P<text>.*)")


@dataclass(frozen=True)
class KernelBug:
    """A message in which the kernel reports a bug of its own."""

    kind: BugKind
    """`panic`, `oops`, `lockup`, `stall` or `warning`."""
    text: str
    """The message's first line."""
    at_ns: int
    """When it was logged, in guest ns since boot."""


def read_bugs(messages: Iterable[tuple[int, str]]) -> tuple[KernelBug, ...]:
    """The bugs among `messages`, in order. A message is its time in ns and its text."""
    return tuple(
        KernelBug(kind, text, at_ns)
        for at_ns, text in messages
        if (kind := next((kind for kind, pattern in _BUGS.items() if pattern.match(text)), None))
    )


def console_messages(console: str, since_ns: int) -> Sequence[tuple[int, str]]:
    """The kernel's messages on a console since `since_ns`, as their times in ns and their texts.

    A guest that panicked has no other log. On a panic the kernel prints its whole log to the console again, minor
    messages included, so each message counts once, and they are sorted by time.
    """
    found: dict[tuple[int, str], Any] = {}
    for line in console.splitlines():
        if match := _LINE.match(line):
            at_ns = (int(match["seconds"]) * 1_000_000 + int(match["us"])) * 1000
            found.setdefault((at_ns, match["text"]), None)
    return sorted((message for message in found if message[0] >= since_ns), key=lambda message: message[0])
