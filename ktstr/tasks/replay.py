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
    import subprocess
    from pathlib import Path

    from ktstr.base.waiting import waiting

    with waiting("reading the record"):
        from ktstr.run.replay import (
            crashed_run,
            differences,
            dump_lines,
            read_sidecar,
            replay_arguments,
            replay_status,
        )
        from ktstr.tasks.again import run_again

    recorded = read_sidecar(Path(sidecar))
    if gdb:
        from ktstr.debug.session import debug, refuse_early

        refuse_early(recorded)
    again = run_again(
        recorded,
        replay_arguments(recorded, shrink=shrink),
        stdin=subprocess.DEVNULL if gdb else None,  # the terminal's input is for gdb
    )
    replayed, new = again.sidecar, again.data
    changes = differences(recorded.data, new)
    if recorded.data["clock"] == "real":
        print("replay: with the real clock no two runs are the same")
    for line in [*(changes or ["identical, event by event"]), *dump_lines(recorded, replayed, new)]:
        print(f"replay: {line}", flush=True)
    if not gdb:
        raise Exit(code=replay_status(again.status, recorded.data, new, changes))
    from ktstr.vm.stored import stored_job

    raise Exit(code=debug(stored_job(crashed_run(replayed, new))))
