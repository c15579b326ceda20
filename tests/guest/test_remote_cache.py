"""A cold machine with a warm remote cache: it builds nothing, boots nothing, and reports the same."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from remote_server import TOKEN, closed_midway, holding

from ktstr import Ctx, ktstr_test
from ktstr.base.cache import cache_dir

SCHEDULERS = Path(__file__).parents[1] / "schedulers"
SUITE = """
from pathlib import Path

from ktstr import CgroupDef, declare_scheduler, ktstr_test

MINE = declare_scheduler(name="mine", bpf=Path(__file__).with_name("fixture.bpf.c"), topology=(1, 1, 2, 1))


@ktstr_test()
def the_kernels_own(ctx):
    ctx.run(CgroupDef("cg", workers=2), hold_s=0.3)


@ktstr_test(scheduler=MINE)
def one_of_bpf(ctx):
    ctx.run(CgroupDef("cg", workers=2), hold_s=0.3)


@ktstr_test(scheduler=MINE, latency=True)
def with_latency(ctx):
    ctx.run(CgroupDef("cg", workers=3), hold_s=0.3)
"""
FETCHED = ("kernels", "sources", "debian")  # what comes from a distribution, by whatever way
KEPT = ("events_sha256", "ending")


class Machine:
    """A machine with a cache and a checkout of its own."""

    def __init__(self, folder: Path, kernel: str, url: str) -> None:
        self.folder, self._kernel, self._url = folder, kernel, url
        self.cache, project = folder / "cache", folder / "project"
        self.cache.mkdir(parents=True)
        project.mkdir()
        for name in FETCHED:
            if (cache_dir() / name).exists():
                (self.cache / name).symlink_to(cache_dir() / name)
        shutil.copy(SCHEDULERS / "fixture.bpf.c", project)
        (project / "test_small.py").write_text(SUITE)
        (project / "pyproject.toml").touch()
        self.project = project

    def run(self, **environment: str) -> str:
        """The suite's output; all of it passes."""
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-n0",
                "-q",
                "--kernel",
                self._kernel,
                "--ktstr-clock",
                "virtual",
            ],
            cwd=self.project,
            env={
                **{name: value for name, value in os.environ.items() if not name.startswith("KTSTR_RESULTS")},
                "KTSTR_CACHE_DIR": str(self.cache),
                "KTSTR_REMOTE_CACHE": self._url,
                "KTSTR_REMOTE_CACHE_SESSION": "",
                "NO_PROXY": "127.0.0.1",
                **environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        print(done.stdout)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def results(self) -> dict[str, Any]:
        """What each test's runs were, whoever ran them."""
        found = {}
        for path in sorted(self.project.glob("target/ktstr/*/*.json")):
            sidecar = json.loads(path.read_text())
            if "runs" in sidecar:
                found[path.name] = [[run["result"][name] for name in KEPT] for run in sidecar["runs"]]
        return found


WRITES = {"KTSTR_REMOTE_CACHE_WRITE": "1", "KTSTR_REMOTE_CACHE_TOKEN": TOKEN}


@ktstr_test()
def a_cold_machine_builds_and_boots_nothing(ctx: Ctx, tmp_path: Path) -> None:
    with holding() as store:
        machines = [
            Machine(tmp_path / name, ctx.kernel.key, store.url) for name in ("first", "second", "third")
        ]
        first, second, third = machines
        assert "0 hits, " in first.run(**WRITES)
        held = dict(store.held)
        said = second.run()
        assert store.held == held, "a machine that reads writes nothing"
        assert "0 booted, 0 cloned, 3 remembered" in said
        assert ", 0 misses, " in said
        assert not (second.cache / "templates").exists()
        assert not list((second.cache / "build").glob("serialize*"))
        assert first.results() == second.results() != {}
        # The store dies in the middle of a program's blob. To boot what is booted already would be no test of that.
        (third.cache / "templates").symlink_to(first.cache / "templates")
        store.fault["GET cas"] = closed_midway
        said = third.run()
        assert "given up: " in said
        assert first.results() == third.results()
