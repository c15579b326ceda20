"""Runs a composite action's steps as a GitHub runner does: shells, environment files, a cache, artifacts.

Of the expressions it knows what `ci/action.yml` uses. What `uses:` names has a stand-in, in the version that the action
pins: `action_cache.py` keeps caches, the upload copies.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import yaml
from action_cache import CacheService

__all__ = ["Outcome", "Runner"]

_NAME = re.compile(r"'[^']*'|[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)+")
_FILES = ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STEP_SUMMARY")


@dataclass
class Outcome:
    """What a run of the action left behind; `restored` and `saved` are keys of caches."""

    failed: bool = False
    log: str = ""
    summary: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    restored: list[str] = field(default_factory=list)
    saved: list[str] = field(default_factory=list)

    @property
    def annotations(self) -> list[str]:
        return [line for line in self.log.splitlines() if line.startswith(("::error ", "::warning "))]


@dataclass
class Runner:
    """A machine that is new for each run, for a push to `branch` or a pull request from it.

    `service` is the folder of what outlives it: caches and artifacts.
    """

    folder: Path
    service: Path
    run_id: str
    environment: Mapping[str, str]
    branch: str = "main"
    event: str = "push"

    @property
    def caches(self) -> CacheService:
        return CacheService(self.service / "caches")

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def run(self, action: Path, workspace: Path, inputs: Mapping[str, str]) -> Outcome:
        """Run the action in a checkout."""
        about = yaml.safe_load(action.read_text())
        self._action_folder, self._workspace = action.parent, workspace
        self._values: dict[str, str] = defaultdict(str)  # what is not known is empty, as on GitHub
        self._values |= {
            "runner.os": "Linux",
            "runner.arch": "X64",
            "github.event_name": self.event,
            "github.ref": f"refs/heads/{self.branch}" if self.event == "push" else "refs/pull/7/merge",
            "github.event.repository.default_branch": self.caches.default_branch,
        }
        unknown = set(inputs) - set(about["inputs"])
        assert not unknown, "GitHub warns of an unknown input"
        for name, what in about["inputs"].items():
            self._values[f"inputs.{name}"] = inputs.get(name, what["default"])
        self._done = Outcome()
        self._path: list[str] = []
        self._variables: dict[str, str] = {}
        for name in ("home", "temp"):
            (self.folder / name).mkdir(parents=True)
        for step in about["runs"]["steps"]:
            if self._wanted(step.get("if", "success()")):
                ran = self._steps[step.get("uses", "").partition("@")[0]](self, step)
                self._done.failed |= not ran
        for name, what in about["outputs"].items():
            self._done.outputs[name] = self._text(what["value"])
        return self._done

    def _shell(self, step: dict[str, Any]) -> bool:
        files = {name: self.folder / "temp" / name.lower() for name in _FILES}
        for file in files.values():
            file.write_text("")
        script = self.folder / "temp" / "script.sh"
        script.write_text(self._text(step["run"]))
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=self._workspace / self._text(step.get("working-directory", ".")),
            env={
                **self.environment,
                "PATH": os.pathsep.join([*reversed(self._path), self.environment["PATH"]]),
                "HOME": str(self.home),
                "RUNNER_TEMP": str(self.folder / "temp"),
                "CI": "true",
                "GITHUB_ACTIONS": "true",
                "GITHUB_ACTION_PATH": str(self._action_folder),
                "GITHUB_WORKSPACE": str(self._workspace),
                **{name: str(file) for name, file in files.items()},
                **self._variables,
                **{name: self._text(text) for name, text in step.get("env", {}).items()},
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self._done.log += f"--- {step['name']}\n{done.stdout}"
        self._done.summary += files["GITHUB_STEP_SUMMARY"].read_text()
        self._path += files["GITHUB_PATH"].read_text().split()
        self._variables |= _pairs(files["GITHUB_ENV"])
        for name, value in _pairs(files["GITHUB_OUTPUT"]).items():
            self._values[f"steps.{step['id']}.outputs.{name}"] = value
        return done.returncode == 0

    def _restore(self, step: dict[str, Any]) -> bool:
        given = {name: self._text(text) for name, text in step["with"].items()}
        found = self.caches.restore(
            self.home, given["path"], given["key"], given["restore-keys"], self._branch()
        )
        self._values[f"steps.{step['id']}.outputs.cache-primary-key"] = given["key"]
        self._values[f"steps.{step['id']}.outputs.cache-matched-key"] = found
        self._done.restored += [found] if found else []
        return True

    def _save(self, step: dict[str, Any]) -> bool:
        given = {name: self._text(text) for name, text in step["with"].items()}
        if self.caches.save(self.home, given["path"], given["key"], self._branch()):
            self._done.saved.append(given["key"])
        return True

    def _upload(self, step: dict[str, Any]) -> bool:
        given = {name: self._text(text) for name, text in step["with"].items()}
        assert given["name"], "GitHub refuses such a name"
        assert not set('":<>|*?\r\n\\/') & set(given["name"]), "GitHub refuses such a name"
        source = self._workspace / given["path"]
        if source.is_dir():
            shutil.copytree(source, self.service / "artifacts" / self.run_id / given["name"])
        return True

    def _branch(self) -> str:
        """Whose caches these are: a pull request's are its own."""
        return self._values["github.ref"].removeprefix("refs/heads/")

    def _wanted(self, condition: str) -> bool:
        text = condition.strip().removeprefix("${{").removesuffix("}}")
        if not re.search(r"\b(success|always|cancelled|failure)\(\)", text):
            text = f"success() && ({text})"
        return bool(self._evaluate(text))

    def _text(self, text: str) -> str:
        return re.sub(r"\$\{\{(.*?)\}\}", lambda match: str(self._evaluate(match[1])), text)

    def _evaluate(self, expression: str) -> object:
        python = _NAME.sub(
            lambda match: repr(match[0][1:-1] if match[0][0] == "'" else self._values[match[0]]), expression
        )
        python = python.replace("&&", " and ").replace("||", " or ")
        python = re.sub(r"!(?!=)", " not ", python).strip()
        functions = {
            "success": lambda: not self._done.failed,
            "always": lambda: True,
            "cancelled": lambda: False,
            "format": lambda text, *values: text.format(*values),
        }
        return eval(python, {"__builtins__": {}}, functions)

    _steps: ClassVar[Mapping[str, Callable[[Runner, dict[str, Any]], bool]]] = {
        "": _shell,
        "actions/cache/restore": _restore,
        "actions/cache/save": _save,
        "actions/upload-artifact": _upload,
    }


def _pairs(file: Path) -> dict[str, str]:
    """The `name=value` lines of an environment file."""
    return dict(line.split("=", 1) for line in file.read_text().splitlines())
