"""`replay`: runs a recorded test again."""

from __future__ import annotations

from invoke import Exit
from invoke.context import Context
from invoke.tasks import task

__all__ = ["replay"]


@task(positional=["sidecar"], help={"sidecar": "the test's JSON file below target/ktstr"})
def replay(_context: Context, sidecar: str) -> None:
    """Run a recorded test again, as its sidecar tells, and say whether the same came of it."""
    import json
    import os
    import subprocess
    import sys
    from pathlib import Path

    from ktstr.replay import (
        ENVIRONMENT,
        differences,
        dump_lines,
        read_sidecar,
        replay_arguments,
        replayed_sidecar,
    )
    from ktstr.report.rundir import project_of

    recorded = read_sidecar(Path(sidecar))
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *replay_arguments(recorded)]
    done = subprocess.run(command, cwd=recorded.root, env={**os.environ, **ENVIRONMENT}, check=False)
    if done.returncode not in (0, 1):
        raise Exit(code=done.returncode)
    replayed = replayed_sidecar(recorded, project_of(recorded.root).label)
    new = json.loads(replayed.read_text())
    told = differences(recorded.data, new)
    if recorded.data["clock"] == "real":
        print("replay: with the real clock no two runs are the same")
    for line in [*(told or ["identical, event by event"]), *dump_lines(recorded, replayed, new)]:
        print(f"replay: {line}")
    raise Exit(code=done.returncode)
