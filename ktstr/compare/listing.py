"""The list of runs, and what one of them says of itself, as text and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ktstr.compare.runs import Run
from ktstr.report.text import aligned, relative

__all__ = ["run_json", "run_lines", "runs_lines"]

_HEAD = ("STARTED (UTC)", "COMMIT", "KERNEL", "CLOCK", "TESTS", "VERDICTS", "SECONDS", "")
_RIGHT = {4, 6}
_OUTCOMES = ("failed", "error", "inconclusive", "skipped", "passed")  # the worst first


def runs_lines(runs: Sequence[Run]) -> list[str]:
    """The table of runs, in the given order."""
    return aligned([_HEAD, *map(_row, runs)], _RIGHT)


def run_lines(run: Run) -> list[str]:
    """A run in full: what was run, on which host, and the folders in which it is."""
    tests = sum(run.outcomes.values())
    rows = [
        ("started", _time(run)),
        ("status", run.status + (", imported" if run.imported else "")),
        ("commit", run.commit),
        ("tests", f"{tests}: {_verdicts(run)} in {run.seconds:.1f} s" if tests else "none"),
        ("kernels", ", ".join(run.kernels)),
        ("schedulers", ", ".join(run.schedulers)),
        ("topologies", ", ".join(run.topologies)),
        ("seeds", ", ".join(map(str, run.seeds))),
        ("clock", ", ".join(run.clocks)),
    ]
    rows += _host_rows(run)
    rows += [("folder", relative(part.path)) for part in run.parts]
    rows += [("damage", part.damage) for part in run.parts if part.damage]
    return aligned([row for row in rows if row[1]])


def run_json(run: Run) -> Mapping[str, Any]:
    """A run as data."""
    return {
        "started": run.began.isoformat(),
        "status": run.status,
        "imported": run.imported,
        "commit": run.commit,
        "sweep": run.sweep,
        "kernels": run.kernels,
        "schedulers": run.schedulers,
        "topologies": run.topologies,
        "seeds": run.seeds,
        "clocks": run.clocks,
        "outcomes": dict(run.outcomes),
        "seconds": run.seconds,
        "host": run.host,
        "folders": [str(part.path) for part in run.parts],
    }


def _row(run: Run) -> tuple[str, ...]:
    notes = [run.status] if run.status != "complete" else []
    notes += ["sweep"] if run.sweep else []
    notes += ["imported"] if run.imported else []
    return (
        _time(run),
        run.commit,
        ", ".join(run.kernels) or "-",
        ", ".join(run.clocks) or "-",
        str(sum(run.outcomes.values())),
        _verdicts(run) or "-",
        f"{run.seconds:.1f}",
        ", ".join(notes),
    )


def _time(run: Run) -> str:
    return f"{run.began:%Y-%m-%dT%H:%M:%S}"


def _verdicts(run: Run) -> str:
    counts = run.outcomes
    return ", ".join(f"{counts[outcome]} {outcome}" for outcome in _OUTCOMES if counts.get(outcome))


def _host_rows(run: Run) -> list[tuple[str, str]]:
    host = run.host
    if host is None:
        return [("host", "not recorded")]
    governor = f", governor {host['governor']}" if host["governor"] else ""
    where = ", a step of GitHub Actions" if host["ci"] else ""
    memory = f"{host['memory_mb']} MiB"
    return [
        ("host", f"{host['cpu']}, {host['cores']} CPUs{governor}, {memory}, Linux {host['kernel']}{where}"),
        *((name, version) for name, version in host["tools"].items()),
    ]
