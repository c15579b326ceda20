"""`trace`: a timeline of a recorded test."""

from __future__ import annotations

from invoke import Exit
from invoke.context import Context
from invoke.tasks import task

__all__ = ["trace"]


@task(
    positional=["sidecar"],
    help={
        "sidecar": "the test's JSON file below target/ktstr",
        "out": "write the trace of its only run to this file; else each is beside the sidecar of the new run",
    },
)
def trace(_context: Context, sidecar: str, out: str | None = None) -> None:
    """Run a recorded test again, and keep a timeline of it that ui.perfetto.dev opens; 2 if the run is another one.

    ktstr trace target/ktstr/7.0.13-nogit/smoke-1a2b3c4d.json
    ktstr trace --out smoke.pftrace target/ktstr/7.0.13-nogit/smoke-1a2b3c4d.json
    """
    import shutil
    from pathlib import Path

    from ktstr.base.errors import KtstrError
    from ktstr.base.waiting import waiting

    with waiting("reading the record"):
        from ktstr.run.replay import differences, read_sidecar, replay_arguments
        from ktstr.tasks.again import run_again

    recorded = read_sidecar(Path(sidecar))
    again = run_again(recorded, ["-q", *replay_arguments(recorded, timeline=True)])
    new = again.data
    traces = [again.sidecar.with_name(run["trace"]) for run in new["runs"] if run.get("trace")]
    if not traces:
        raise KtstrError(f"{sidecar}: no run of {new['test']} has a timeline: each was ended from outside")
    if out is not None:
        if len(traces) > 1:
            raise KtstrError(f"trace: --out {out}: the test has {len(traces)} runs; leave --out away")
        try:
            shutil.copyfile(traces[0], out)
        except OSError as error:
            raise KtstrError(f"trace: --out {out}: {error.strerror}") from None
        traces = [Path(out)]
    changes = differences(recorded.data, new)
    for line in (*(f"trace: {change}" for change in changes), *map(str, traces)):
        print(line, flush=True)
    if changes:
        raise Exit(code=2)
