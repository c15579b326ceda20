"""A project with `ci/action.yml`, on a runner whose `python3`, pip and `ktstr` are stand-ins.

Nothing is installed and no guest runs. What works on the cache is the real ktstr.
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

from action_runner import Outcome, Runner

__all__ = ["ActionProject"]

ROOT = Path(__file__).parents[2]

_PYTHON3 = """#!/bin/sh
[ "$1 $2" = "-m venv" ] || exec {python} "$@"
mkdir -p "$4/bin" && cp {stubs}/venv/* "$4/bin"
"""

# pip notes whether each package was named by where it is.
_PIP = """#!/bin/sh
while [ "$1" != --report ]; do shift; done
report=$2; shift 2
echo "$@" >>{stubs}/pip.log
case "$*" in ktstr | ktstr==*) direct=false ;; *) direct=true ;; esac
echo '{{"install": [{{"metadata": {{"name": "ktstr"}}, "is_direct": '$direct'}}]}}' >"$report"
"""

_KTSTR = """#!/bin/sh
echo "$@" >>{stubs}/ktstr.log
case $1 in
setup | verifier) ;;
doctor) echo '{{"acceleration": {{"accelerator": "tcg", "reason": "no /dev/kvm"}}}}'; exit 2 ;;
test) exec {python} {stubs}/session.py ;;
*) PYTHONPATH={root} exec {python} -m ktstr "$@" ;;
esac
"""


@dataclass
class ActionProject:
    """The project in `folder`; `session` is a Python program that stands for its tests."""

    folder: Path
    session: str = ""
    _runs: list[Runner] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.action = self.folder / "project" / ".github" / "actions" / "ktstr" / "action.yml"
        self.action.parent.mkdir(parents=True)
        shutil.copy(ROOT / "ci" / "action.yml", self.action)
        (self._stubs / "venv").mkdir(parents=True)
        for name, text in (
            ("python3", _PYTHON3),
            ("venv/python", _PIP),
            ("venv/ktstr", _KTSTR),
            ("session.py", self.session),
        ):
            path = self._stubs / name
            path.write_text(
                text
                if name == "session.py"
                else text.format(stubs=self._stubs, python=sys.executable, root=ROOT)
            )
            path.chmod(0o755)

    @property
    def _stubs(self) -> Path:
        return self.folder / "stubs"

    def asked(self, program: str) -> list[str]:
        """The arguments of each call of `pip` or `ktstr` so far."""
        log = self._stubs / f"{program}.log"
        return log.read_text().splitlines() if log.is_file() else []

    @property
    def last(self) -> Runner:
        """The machine of the last run."""
        return self._runs[-1]

    def run(
        self,
        branch: str = "main",
        event: str = "push",
        action: Path | None = None,
        variables: dict[str, str] | None = None,
        **inputs: str,
    ) -> Outcome:
        """A run on a new machine; the one before it is gone. Inputs are written with underscores."""
        if self._runs:
            shutil.rmtree(self.last.folder)
        number = str(len(self._runs))
        kept = {name: text for name, text in os.environ.items() if not name.startswith(("KTSTR_", "GITHUB_"))}
        path = os.pathsep.join((str(self._stubs), os.environ["PATH"]))
        environment = {**kept, "PATH": path, **(variables or {})}
        environment.pop("XDG_CACHE_HOME", None)
        service = self.folder / "service"
        self._runs.append(Runner(self.folder / "machine", service, number, environment, branch, event))
        given = {name.replace("_", "-"): text for name, text in {"install": "./k.whl", **inputs}.items()}
        return self.last.run(action or self.action, self.folder / "project", given)
