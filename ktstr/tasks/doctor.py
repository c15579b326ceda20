"""`doctor`: what this machine has, lacks, and will use."""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from invoke import Context, Exit, task

if TYPE_CHECKING:
    from ktstr.host.diagnosis import Diagnosis

__all__ = ["doctor"]

_WIDEST_STATE = 17  # more would make a row longer than 80 columns


@task(help={"json": "print the findings as JSON"})
def doctor(_context: Context, json: bool = False) -> None:
    """Show what this machine has and lacks, and whether KVM works.

    ktstr doctor
    """
    from ktstr.base.waiting import waiting

    with waiting("looking at this machine", None if json else sys.stdout):
        from ktstr.host.diagnosis import diagnose

        found = diagnose()
    columns = max(40, min(shutil.get_terminal_size((80, 24)).columns, 100))
    print(as_json(found) if json else as_text(found, colour=_wants_colour(), columns=columns))
    if not found.able:
        raise Exit(code=2)


def as_json(found: Diagnosis) -> str:
    """The findings as JSON."""
    data: dict[str, Any] = {
        "able": found.able,
        "remedy": found.remedy,
        "tools": [
            {
                "name": one.tool.name,
                "found": one.found,
                "version": one.version or None,
                "problem": one.problem or None,
                "needed_for": one.tool.needed_for,
                "need": one.tool.need,
                "packages": dict(one.tool.packages),
            }
            for one in found.checks
        ],
        "accelerator": found.acceleration.accelerator,
        "clock": found.acceleration.clock,
        "reason": found.acceleration.reason,
        "python": found.python,
        "python_packages": found.python_packages,
        "cache": {"path": str(found.cache), "bytes": found.cache_size, "free_bytes": found.cache_free},
        "remote_cache": None
        if found.remote is None
        else {**asdict(found.remote), "shared_with": found.shared_with},
    }
    return json.dumps(data, indent=2)


def as_text(found: Diagnosis, *, colour: bool, columns: int = 80) -> str:
    """The findings as a table and a few lines of at most `columns`; the last line says what to do."""
    from ktstr.base.front_end import typed
    from ktstr.host.distribution import FAMILIES
    from ktstr.report.text import aligned, hanging, size

    # For a distribution that is not known it helps to see the packages' names elsewhere.
    families = [found.host.family] if found.host.family else FAMILIES
    head = ["TOOL", "VERSION", "NEEDED FOR", *(f"{family.name.upper()} PACKAGE" for family in families)]
    rows, long = [head], {}
    for one in found.checks:
        state = one.version or (one.problem if one.tool.need != "optional" else f"{one.problem}, optional")
        if len(state) > _WIDEST_STATE:
            long[one.tool.name] = state
            state = "see below"
        # The column of the host's own family has the names of the host's release.
        names = [
            found.host.package_names(one.tool)
            if family == found.host.family
            else one.tool.packages[family.key]
            for family in families
        ]
        rows.append([one.tool.name, state, one.tool.needed_for, *names])
    lines = aligned(rows)
    if found.host.family:  # the last line has all names in full
        most = max(80, columns)
        lines = [line if len(line) <= most else f"{line[: most - 3]}..." for line in lines]
    if colour:
        for number, one in enumerate(found.checks, start=1):
            if not one.found and one.tool.need == "required":
                lines[number] = f"\x1b[31m{lines[number]}\x1b[0m"
    how = found.acceleration
    runs_on = f"{how.accelerator}, {how.clock} clock" if how.accelerator else "cannot run"
    packages = ", ".join(f"{name} {version or 'missing'}" for name, version in found.python_packages.items())
    lines += [
        *[line for name, problem in long.items() for line in hanging(f"{name}: ", problem, 20, columns)],
        "",
        *hanging("guests", f"{runs_on}: {how.reason}", 9, columns),
        *hanging("python", f"{found.python}: {packages}", 9, columns),
        *hanging(
            "cache",
            f"{found.cache}: {size(found.cache_size)} used, {size(found.cache_free)} free on its disk",
            9,
            columns,
        ),
    ]
    if found.remote:
        lines += hanging("remote", f"{found.remote.text}; {found.shared_with}", 9, columns)
    lines.append("")
    if found.able:
        lines.append(f"Everything that `{typed('test')}` needs is there.")
    if found.remedy:
        lines.append(f"To install what is missing: {found.remedy}")
    return "\n".join(lines)


def _wants_colour() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ
