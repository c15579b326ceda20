"""`replay`: runs a recorded test again."""

from __future__ import annotations

from invoke import Exit
from invoke.context import Context
from invoke.tasks import task

__all__ = ["replay"]


@task(
    positional=["sidecar"],
    help={
        "sidecar": "the test's JSON file below target/ktstr; a failure names it, and that name stays its own",
        "shrink": "if it fails, find as few of its perturbations and drawn operations as make it fail",
        "gdb": "debug the run that failed: stopped at the scheduler's exit, with the kernel's symbols",
    },
)
def replay(_context: Context, sidecar: str, shrink: bool = False, gdb: bool = False) -> None:
    """Run a recorded test again, and report whether the result is the same: 0 if it passed then and now, else 1.

    ktstr replay target/ktstr/7.0.13-nogit/smoke-1a2b3c4d.json
    ktstr replay --shrink target/ktstr/7.0.13-nogit/smoke-1a2b3c4d.json
    """
    import json
    import os
    import subprocess
    import sys
    from pathlib import Path

    from ktstr.base.waiting import waiting

    with waiting("reading the record"):
        from ktstr.report.rundir import project_of
        from ktstr.run.replay import (
            ENVIRONMENT,
            crashed_run,
            differences,
            dump_lines,
            read_sidecar,
            replay_arguments,
            replay_status,
            replayed_sidecar,
        )

    recorded = read_sidecar(Path(sidecar))
    if gdb:
        from ktstr.debug.session import debug, refuse_early

        refuse_early(recorded)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        *replay_arguments(recorded, shrink=shrink),
    ]
    done = subprocess.run(
        command,
        cwd=recorded.root,
        env={**os.environ, **ENVIRONMENT},
        check=False,
        stdin=subprocess.DEVNULL if gdb else None,  # the terminal's input is for gdb
    )
    if done.returncode not in (0, 1):
        raise Exit(code=done.returncode)
    replayed = replayed_sidecar(recorded, project_of(recorded.root).label)
    new = json.loads(replayed.read_text())
    changes = differences(recorded.data, new)
    if recorded.data["clock"] == "real":
        print("replay: with the real clock no two runs are the same")
    for line in [*(changes or ["identical, event by event"]), *dump_lines(recorded, replayed, new)]:
        print(f"replay: {line}", flush=True)
    if not gdb:
        raise Exit(code=replay_status(done.returncode, recorded.data, new, changes))
    from ktstr.vm.stored import stored_job

    raise Exit(code=debug(stored_job(crashed_run(replayed, new))))
