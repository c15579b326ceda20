"""Runs a composite action's steps as a GitHub runner does: shells, environment files, a cache, artifacts.

Of the expressions it knows what `ci/action.yml` uses. What `uses:` names has a stand-in: the cache keeps folders by
key and restores the newest of a prefix, the upload copies.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import yaml

_NAME = re.compile(r"'[^']*'|[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)+")


@dataclass
class Outcome:
    """What a run of the action left behind."""

    failed: bool = False
    log: str = ""
    summary: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    restored: str = ""

    @property
    def annotations(self) -> list[str]:
        return [line for line in self.log.splitlines() if line.startswith("::error ")]


@dataclass
class Runner:
    """A machine that is new for each run; `service` is what outlives it: caches and artifacts."""

    folder: Path
    service: Path
    run_id: str
    environment: dict[str, str]

    def run(self, action: Path, workspace: Path, inputs: dict[str, str]) -> Outcome:
        """Run the action in a checkout."""
        self._action = yaml.safe_load(action.read_text())
        self._workspace = workspace
        self._values = {
            "runner.os": "Linux",
            "runner.arch": "X64",
            "github.run_id": self.run_id,
            "github.run_attempt": "1",
        }
        for name, about in self._action["inputs"].items():
            self._values[f"inputs.{name}"] = inputs.get(name, about["default"])
        self._done = Outcome()
        self._path: list[str] = []
        for name in ("home", "temp"):
            (self.folder / name).mkdir(parents=True)
        for step in self._action["runs"]["steps"]:
            if not self._wanted(step.get("if", "success()")):
                continue
            uses = step.get("uses", "").partition("@")[0]
            ran = self._steps[uses](self, step)
            self._done.failed |= not ran
        for name, about in self._action["outputs"].items():
            self._done.outputs[name] = self._text(about["value"])
        return self._done

    def _shell(self, step: dict[str, Any]) -> bool:
        files = {name: self.folder / "temp" / name.lower() for name in ("GITHUB_OUTPUT", "GITHUB_PATH")}
        files["GITHUB_STEP_SUMMARY"] = self.folder / "temp" / "summary"
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
                "HOME": str(self.folder / "home"),
                "RUNNER_TEMP": str(self.folder / "temp"),
                "CI": "true",
                "GITHUB_ACTIONS": "true",
                "GITHUB_WORKSPACE": str(self._workspace),
                **{name: str(file) for name, file in files.items()},
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
        for line in files["GITHUB_OUTPUT"].read_text().splitlines():
            name, _, value = line.partition("=")
            self._values[f"steps.{step['id']}.outputs.{name}"] = value
        return done.returncode == 0

    def _restore(self, step: dict[str, Any]) -> bool:
        given = {name: self._text(text) for name, text in step["with"].items()}
        path = self.folder / "home" / given["path"].removeprefix("~/")
        caches = self.service / "caches"
        caches.mkdir(parents=True, exist_ok=True)
        kept = sorted(caches.iterdir(), key=lambda one: one.stat().st_mtime, reverse=True)
        for prefix in (given["key"], *given["restore-keys"].split()):
            if found := next((one for one in kept if one.name.startswith(_file_name(prefix))), None):
                shutil.copytree(found, path, symlinks=True)
                self._done.restored = found.name
                break
        self._values[f"steps.{step['id']}.outputs.cache-primary-key"] = given["key"]
        return True

    def _save(self, step: dict[str, Any]) -> bool:
        given = {name: self._text(text) for name, text in step["with"].items()}
        path = self.folder / "home" / given["path"].removeprefix("~/")
        if path.is_dir():
            place = self.service / "caches" / _file_name(given["key"])
            assert not place.exists(), "a key is written once"
            shutil.copytree(path, place, symlinks=True)
        return True

    def _upload(self, step: dict[str, Any]) -> bool:
        given = {name: self._text(text) for name, text in step["with"].items()}
        assert not set('":<>|*?\r\n\\/') & set(given["name"]), "GitHub refuses such a name"
        source = self._workspace / given["path"]
        if source.is_dir():
            shutil.copytree(source, self.service / "artifacts" / self.run_id / given["name"])
        return True

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
        }
        return eval(python, {"__builtins__": {}}, functions)

    _steps: ClassVar[Mapping[str, Callable[[Runner, dict[str, Any]], bool]]] = {
        "": _shell,
        "actions/cache/restore": _restore,
        "actions/cache/save": _save,
        "actions/upload-artifact": _upload,
    }


def _file_name(key: str) -> str:
    return key.replace("/", "_")
